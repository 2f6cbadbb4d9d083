"""Worried about a child: a neighbour, a teacher, a relative, or the child itself.

Children are the majority of those who come to a centre. The reporter is never asked to question
the child or to face the suspect, and no name is asked of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence

from menus import centres, checks, emergency, place, report
from menus.intents import Contact, Send
from menus.ports import Area, Centre
from menus.script import (
    Ask,
    Caller,
    Choose,
    End,
    Screen,
    Words,
    ask,
    choose,
    end,
    option,
    phrase,
    screen,
)
from menus.short import unless_limited


@screen
def in_danger(caller: Caller) -> Choose:
    """A child at risk now comes before every other question."""
    return choose(
        "Thank you for caring for a child. Is the child in danger right now?",
        option("Yes, now", goto=call_now),
        option("No", goto=unless_limited(caller, age)),
        option("I am that child", goto=unless_limited(caller, report.safe_phone)),
    )


@screen
def call_now(caller: Caller) -> Choose:
    """The alert leaves at this yes; the questions after it help to find the child."""
    return choose(
        "Call {child} or {police} now, free. Do not confront the person.",
        option("Alert centre, it may call me", keep="call", intent=_alert(by_call=True)),
        option("Alert centre, I stay unknown", keep="unknown", intent=_alert(by_call=False)),
        goto=age,
        **_lines(caller),
    )


@screen
def age(caller: Caller) -> Choose:
    """The bands decide how fast staff must act; who may read it is said before it is told."""
    investigator = caller.country.investigator
    return choose(
        phrase(
            "The centre is alerted. It, its lead, {investigator} and the national desk may read "
            "this. Child's age?",
            investigator=investigator,
        )
        if _alerted(caller)
        else phrase(
            "The centre, its lead, {investigator} and the national desk may read this. "
            "Child's age?",
            investigator=investigator,
        ),
        option("0-5", keep="0_5"),
        option("6-11", keep="6_11"),
        option("12-15", keep="12_15"),
        option("16-17", keep="16_17"),
        option("Not sure"),
        goto=worry,
    )


@screen
def worry(caller: Caller) -> Choose:
    """A suspicion is enough: nobody has to be sure."""
    return choose(
        "What worries you?",
        option("Sexual abuse", keep="sexual"),
        option("Beating, injury", keep="physical"),
        option("Left alone, no food", keep="neglect"),
        option("Hard work, no school", keep="labour"),
        option("Married or pregnant", keep="married_or_pregnant"),
        option("Other", keep="other"),
        goto=when,
    )


@screen
def when(caller: Caller) -> Choose:
    """72 hours decide whether HIV can still be prevented."""
    soon = go_today if caller.answer(worry) == "sexual" else where
    return choose(
        "When?",
        option("Last 3 days", keep="within_72h", goto=soon),
        option("Last 5 days", keep="within_120h", goto=where),
        option("Longer ago", keep="older", goto=where),
        option("It is still going on", keep="ongoing", goto=soon),
        option("Not sure", goto=where),
    )


@screen
def go_today(caller: Caller) -> Choose:
    """Never tells anyone that it is too late."""
    return choose(
        "Go to a centre today if you can: medicine to prevent HIV works best within 72 hours. "
        "Care is free. Later is still OK.",
        option("Continue", goto=where),
    )


@screen
def where(caller: Caller) -> Ask:
    """Where the child lives, never whose child it is."""
    return ask(
        "Type the first 3 letters of the {level} where the child lives. Do not type any name.",
        option("Choose from a list", goto=place.exactly, then=_after_place(caller)),
        option("I don't know", goto=confirm if _alerted(caller) else may_call),
        check=checks.first_letters,
        goto=place.matches,
        then=_after_place(caller),
        level=place.level_name(caller),
    )


@screen
def may_call(caller: Caller) -> Choose:
    """A worker must find the child; the reporter may stay unknown all the same."""
    return choose(
        "A worker must find the child. May they call you? Your number is not given to the family.",
        option("Yes", keep="call", goto=confirm),
        option("No, stay unknown", goto=cell if _cells(caller) else confirm),
    )


@screen
def cell(caller: Caller) -> Choose:
    """Without a number to call, a smaller area is all that a worker has to go by."""
    cells = _cells(caller)
    if not cells:
        return choose("Then we send what you know.", option("Continue", goto=confirm))
    return choose(
        "Then choose the {level} so a worker can look:",
        *(option(caller.country.name_of(one, caller.language), keep=one.id) for one in cells),
        option("I don't know"),
        goto=confirm,
        level=caller.country.level_names[caller.language][cells[0].level],
    )


@screen
def confirm(caller: Caller) -> Choose:
    """What the law may ask of staff is said before, not after."""
    return choose(
        "Send to {centre}? The law may require staff to act.",
        option("Yes, send", intent=_report(caller), goto=sent),
        option("Another centre", goto=other_centre) if _others(caller) else None,
        option("No, delete all", goto=report.nothing_kept),
        centre=centres.recipient(_centre(caller)),
    )


@screen
def other_centre(caller: Caller) -> Choose:
    """The nearest hospital may employ the suspect."""
    return choose(
        "Other centres:",
        *(option(centres.shown(one), keep=one.id, goto=confirm) for one in _others(caller)),
    )


@screen
def sent(caller: Caller) -> End:
    """What to do until somebody comes."""
    return end(
        "Report sent. Code {ref}. Do not question the child or tell the suspect. "
        "Stay calm, believe the child. Urgent: {child} or {police}.",
        ref=caller.fact("ref") or "",
        **_lines(caller),
    )


def _alert(*, by_call: bool) -> Send:
    contact = Contact(by="call", window="now") if by_call else None
    return Send(about="child_danger", answers={"danger": "now"}, contact=contact)


def _report(caller: Caller) -> Send:
    centre, where_it_lives = _centre(caller), _area(caller)
    given = {
        "danger": "now" if _alerted(caller) else None,
        "age": caller.answer(age),
        "worry": caller.answer(worry),
        "when": caller.answer(when),
    }
    return Send(
        about="child",
        answers={question: answer for question, answer in given.items() if answer},
        centre=centre.id if centre else None,
        avoid=tuple(one for one in _named(caller) if one != (centre and centre.id)),
        area=where_it_lives,
        contact=_contact(caller),
        investigator=True,
        completes=caller.fact("ref"),
    )


def _contact(caller: Caller) -> Contact | None:
    if caller.answer(call_now, may_call) != "call":
        return None
    return Contact(by="call", window="now" if _alerted(caller) else "any")


def _alerted(caller: Caller) -> bool:
    return caller.fact("ref") is not None


def _after_place(caller: Caller) -> Screen:
    """Whoever said how she may be reached when the alert was sent is not asked again."""
    if not _alerted(caller):
        return may_call
    places = caller.country.places
    by_call = caller.answer(call_now) == "call"
    return confirm if by_call or places.levels == places.search_level + 1 else cell


def _area(caller: Caller) -> str | None:
    where_it_lives = place.chosen(caller)
    return caller.answer(cell) or (where_it_lives.id if where_it_lives else None)


def _cells(caller: Caller) -> Sequence[Area]:
    where_it_lives = place.chosen(caller)
    return caller.country.places.children(where_it_lives.id) if where_it_lives else ()


def _named(caller: Caller) -> Sequence[str]:
    """The centres of which she was asked whether to send to them; those refused hear nothing."""
    nearest = _nearest(caller)
    return [*([nearest.id] if nearest else []), *caller.answers(other_centre)]


def _others(caller: Caller) -> Sequence[Centre]:
    """The centres she may choose instead of the nearest one."""
    nearest = _nearest(caller)
    return [one for one in centres.around(caller) if one != nearest]


def _nearest(caller: Caller) -> Centre | None:
    near = centres.around(caller)
    return near[0] if near and place.chosen(caller) else None


def _centre(caller: Caller) -> Centre | None:
    if caller.last_of(other_centre):
        return caller.country.centres.get(caller.answer(other_centre) or "")
    return _nearest(caller)


def _lines(caller: Caller) -> dict[str, Words]:
    lines = emergency.hotlines(caller)
    return {"child": lines["child"], "police": lines["police"]}
