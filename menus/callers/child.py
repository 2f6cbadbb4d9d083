"""Worried about a child: a neighbour, a teacher, a relative, or the child itself.

Children are the majority of those who come to a centre. The reporter is never asked to question
the child or to face the suspect, and no name is asked of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from menus import checks
from menus.callers import call_me, centres, emergency, place, report
from menus.callers.short import unless_limited
from menus.hours import windows
from menus.intents import Contact, DiscardAlert, Send, Window
from menus.ports import Area, Centre
from menus.script import (
    Ask,
    Caller,
    Choose,
    End,
    Screen,
    View,
    Words,
    ask,
    choose,
    end,
    option,
    phrase,
    screen,
)

_CALL_NOW: Final = Contact(by="call", window="now")


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
    """With a number the alert leaves at this yes; without one, as soon as we know where."""
    by_call = _alert(_CALL_NOW)
    return choose(
        phrase("Call {child} or {police} now, free. Do not confront the person.", **_lines(caller)),
        option("Alert centre, it may call me now", intent=by_call, goto=how_they_call),
        option("Alert centre, I stay unknown", intent=_alert(), goto=where),
    )


@screen
def how_they_call(caller: Caller) -> Choose:
    """Whoever is with the caller may be the one who must not know."""
    how = call_me.how_they_call.show(caller).text
    if not _in_danger(caller):
        return choose(how, option("Continue", goto=confirm))
    return choose(
        phrase("The centre is alerted. {how}", how=how)
        if _alerted(caller)
        else phrase(
            "Nobody is on duty: call {child}. {how}", how=how, child=_lines(caller)["child"]
        ),
        option("Continue", goto=age),
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
    """72 hours decide whether HIV can still be prevented; later there is other care."""
    may_need_care = caller.answer(worry) == "sexual"
    soon = go_today if may_need_care else _unless_known(caller)
    later = care_still_helps if may_need_care else _unless_known(caller)
    return choose(
        "When?",
        option("Last 3 days", keep="within_72h", goto=soon),
        option("Last 5 days", keep="within_120h", goto=later),
        option("Longer ago", keep="older", goto=later),
        option("It is still going on", keep="ongoing", goto=soon),
        option("Not sure", goto=soon),
    )


@screen
def go_today(caller: Caller) -> Choose:
    """Never tells anyone that it is too late."""
    return choose(
        "Go to a centre today if you can: medicine to prevent HIV works best within 72 hours. "
        "Care is free. Later is still OK.",
        option("Continue", goto=_unless_known(caller)),
    )


@screen
def care_still_helps(caller: Caller) -> Choose:
    """Silence would sound like "too late"."""
    return choose(
        "Care at a centre still helps the child. The sooner the better. Care is free.",
        option("Continue", goto=_unless_known(caller)),
    )


@screen
def where(caller: Caller) -> Ask:
    """Where the child lives, never whose child it is."""
    then = _after_place(caller)
    waits = _in_danger(caller) and not _may_be_called(caller)
    return ask(
        "We alert when we know where. Type the first 3 letters of the {level} where the child "
        "lives. No names."
        if waits
        else "Type the first 3 letters of the {level} where the child lives. Do not type any name.",
        option("Choose from a list", goto=place.exactly, then=then),
        option("I don't know", goto=nobody_can_look if then is cell else then),
        check=checks.first_letters,
        goto=place.matches,
        then=then,
        level=place.level_name(caller),
    )


@screen
def may_call(caller: Caller) -> Choose:
    """A worker must find the child; the reporter may stay unknown all the same."""
    unknown = cell if _cells(caller) else confirm
    return choose(
        "A worker must find the child. When may they call you?",
        *(option(label, keep=window, goto=how_they_call) for label, window in windows(caller)),
        option("No, stay unknown", goto=unknown if place.chosen(caller) else nobody_can_look),
    )


@screen
def cell(caller: Caller) -> Choose:
    """Without a number to call, a smaller area is all that a worker has to go by."""
    where_it_lives, cells = place.chosen(caller), _cells(caller)
    if where_it_lives is None:
        return _nobody_can_look(caller)
    then = age if _in_danger(caller) else confirm
    if not cells:
        alert = _alert_from(caller, where_it_lives)
        return choose("Then we send what you know.", option("Continue", intent=alert, goto=then))
    return choose(
        "Then choose the {level} so a worker can look:",
        *(
            option(
                caller.country.name_of(one, caller.language),
                keep=one.id,
                intent=_alert_from(caller, one),
            )
            for one in cells
        ),
        option("I don't know", intent=_alert_from(caller, where_it_lives)),
        goto=then,
        level=caller.country.level_names[caller.language][cells[0].level],
    )


@screen
def nobody_can_look(caller: Caller) -> Choose:
    """Without place and number an alert would only look like one."""
    return _nobody_can_look(caller)


@screen
def confirm(caller: Caller) -> Choose:
    """What the law may ask of staff is said before, not after."""
    return choose(
        "Send to {centre}? The law may require staff to act.",
        option("Yes, send", intent=_report(caller), goto=sent),
        option("Another centre", goto=other_centre) if _others(caller) else None,
        option("No, delete all", intent=DiscardAlert(), goto=not_sent),
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
    """What to do until somebody comes, or that nobody will."""
    if caller.last_of(confirm) is None:
        return end(
            "Kept, but nobody can look for the child. Call {child} or {police}, free. "
            "Do not question the child or tell the suspect.",
            **_lines(caller),
        )
    if emergency.nobody_is_asked(caller):
        return emergency.nobody_on_duty(caller)
    return end(
        "Report sent. Code {ref}. Do not question the child or tell the suspect. "
        "Stay calm, believe the child. Urgent: {child} or {police}.",
        ref=caller.fact("ref") or "",
        **_lines(caller),
    )


@screen
def not_sent(caller: Caller) -> View:
    """An alert that left is not taken back: whoever harms the child may hold the phone by now."""
    if caller.fact("asked") != "somebody":
        return report.nothing_kept.show(caller)
    return end(
        "No more was sent. The centre keeps the alert of this call. Code {ref}. "
        "Urgent: {child} or {police}.",
        ref=caller.fact("ref") or "",
        **_lines(caller),
    )


def _nobody_can_look(caller: Caller) -> Choose:
    lines, by_call = _lines(caller), _alert(_CALL_NOW)
    if _in_danger(caller):
        return choose(
            phrase("Nobody can look without a place. Call {child} or {police} now, free.", **lines),
            option("Give a place", goto=where),
            option("You may call me now", intent=by_call, goto=how_they_call),
            option("I will call", goto=emergency.numbers),
        )
    return choose(
        "Nobody can look without a place. Call {child}, free, or choose:",
        option("Give a place", goto=where),
        option("You may call me", goto=may_call),
        option("Keep it, tell nobody", intent=_report(caller), goto=sent),
        option("No, delete all", intent=DiscardAlert(), goto=not_sent),
        child=lines["child"],
    )


def _alert(contact: Contact | None = None, area: str | None = None) -> Send:
    return Send(about="child_danger", answers={"danger": "now"}, contact=contact, area=area)


def _alert_from(caller: Caller, area: Area) -> Send | None:
    return _alert(area=area.id) if _in_danger(caller) else None


def _report(caller: Caller) -> Send:
    centre, where_it_lives = _centre(caller), _area(caller)
    given = {
        "danger": "now" if _in_danger(caller) else None,
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
    if not _may_be_called(caller):
        return None
    window = "now" if _in_danger(caller) else caller.answer(may_call)
    return Contact(by="call", window=cast(Window, window))


def _may_be_called(caller: Caller) -> bool:
    """Nobody goes on with a number who was not told how she will be called."""
    return caller.last_of(how_they_call) is not None


def _in_danger(caller: Caller) -> bool:
    return caller.last_of(call_now) is not None


def _alerted(caller: Caller) -> bool:
    """Whether somebody was told that a child is in danger."""
    return _in_danger(caller) and not emergency.nobody_is_asked(caller)


def _after_place(caller: Caller) -> Screen:
    """Whoever has said whether she may be called is not asked again."""
    if caller.last_of(call_now, may_call) is None:
        return may_call
    return confirm if _may_be_called(caller) else cell


def _unless_known(caller: Caller) -> Screen:
    """Whoever stays unknown has said where before the alert could leave."""
    return confirm if place.chosen(caller) else where


def _area(caller: Caller) -> str | None:
    where_it_lives = place.chosen(caller)
    return (caller.answer(cell) or where_it_lives.id) if where_it_lives else None


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
