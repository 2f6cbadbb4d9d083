"""I need help: a report of one's own, and who may do what with it.

The order is the product: is the phone safe, what do we keep, age, need, when, place, centre,
contact, secret, who may see, send. Everything may be skipped. Nothing is kept before "send",
unless she allowed us to send what she gave if the line cuts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from menus import checks
from menus.callers import call_me, centres, emergency, place
from menus.hours import windows
from menus.intents import Channel, Contact, DiscardDraft, KeepDraft, Send, Window
from menus.ports import Centre
from menus.script import Ask, Caller, Choose, End, Screen, ask, choose, end, option, phrase, screen


@screen
def safe_phone(caller: Caller) -> Choose:
    """The phone may be watched. The short ways out stand beside the long way in."""
    return choose(
        "Is it safe to use this phone now? You can stop at any time.",
        option("Yes, continue", goto=what_we_keep),
        option("I am in danger now", goto=emergency.danger),
        option("Only call me back", goto=call_me.offer),
        option("Not now", goto=farewell),
    )


@screen
def what_we_keep(caller: Caller) -> Choose:
    """She knows what happens to an answer before she gives one."""
    return choose(
        "We do not ask your name. Only the centre you choose, its lead and the national desk may "
        "read your answers, if you agree.",
        option("Continue", goto=age),
    )


@screen
def age(caller: Caller) -> Choose:
    """Under 18 other rules protect her; an unknown age is treated as a child's."""
    return choose(
        "Your age?",
        option("Under 12", keep="under_12", goto=law_may_act),
        option("12-15", keep="12_15", goto=law_may_act),
        option("16-17", keep="16_17", goto=law_may_act),
        option("18 or more", keep="adult", goto=need),
        option("Prefer not to say", goto=law_may_act),
    )


@screen
def law_may_act(caller: Caller) -> Choose:
    """Said before she tells anything, so that nothing happens behind her back."""
    return choose(
        phrase(
            "Because you are under 18, the law may require staff to act to protect you. "
            "They will talk with you first."
        )
        if caller.answer(age)
        else phrase(
            "If you are under 18, the law may require staff to act to protect you. "
            "They will talk with you first."
        ),
        option("Continue", goto=need),
        option(
            phrase("Call {child} instead", child=caller.country.hotlines.child),
            goto=emergency.numbers,
        ),
    )


@screen
def need(caller: Caller) -> Choose:
    """By act, as GBVIMS classifies; the trained worker does the rest."""
    return choose(
        "What happened?",
        option("Sexual violence", keep="sexual"),
        option("Beaten or hurt", keep="physical"),
        option("Forced marriage", keep="forced_marriage"),
        option("Money, food or home denied", keep="denied_resources"),
        option("Threats, insults", keep="psychological"),
        option("Prefer not to say"),
        goto=when,
    )


@screen
def when(caller: Caller) -> Choose:
    """72 hours decide whether HIV can still be prevented; later there is other care."""
    may_need_care = caller.answer(need) in {"sexual", None}
    then = None if may_need_care else which_centre
    soon = go_today if may_need_care else place.roughly
    later = care_still_helps if may_need_care else place.roughly
    return choose(
        "When did it last happen?",
        option("Last 3 days", keep="within_72h", goto=soon, then=then),
        option("4-5 days ago", keep="within_120h", goto=later, then=then),
        option("More than 5 days", keep="older", goto=later, then=then),
        option("It is happening often", keep="ongoing", goto=soon, then=then),
        option("Prefer not to say", goto=soon, then=then),
    )


@screen
def go_today(caller: Caller) -> Choose:
    """Never tells anyone that she is too late."""
    return choose(
        "Go to a centre today if you can: medicine to prevent HIV works best within 72 hours. "
        "Care is free. Later is still OK.",
        option("Continue", goto=place.roughly, then=which_centre),
    )


@screen
def care_still_helps(caller: Caller) -> Choose:
    """Silence would sound like "too late"."""
    return choose(
        "Care still helps. Go to a centre as soon as you can. Care is free.",
        option("Continue", goto=place.roughly, then=which_centre),
    )


@screen
def which_centre(caller: Caller) -> Choose:
    """The nearest hospital may employ the suspect: she can pass it over, and it hears nothing."""
    return choose(
        "Which centre may help you?",
        *(
            option(centres.shown(one), keep=one.id, goto=_contact_question(caller))
            for one in _offered(caller)
        ),
        option("Another centre", goto=other_centre) if _others(caller) else None,
        option("Let me choose later", goto=_contact_question(caller)),
    )


@screen
def other_centre(caller: Caller) -> Choose:
    """Whoever comes here does not want those she was offered first."""
    return choose(
        "Other centres:",
        *(option(centres.shown(one), keep=one.id) for one in _others(caller)),
        goto=_contact_question(caller),
    )


@screen
def may_contact(caller: Caller) -> Choose:
    """Asked of adults: how, then when."""
    return choose(
        "May the centre contact you on this number?",
        option("Yes, by call", keep="call", goto=safe_time),
        option("Yes, by SMS", keep="sms", goto=sms_warning),
        option("No, I will come or call", goto=_without_contact(caller)),
    )


@screen
def may_call(caller: Caller) -> Choose:
    """Asked of children: no SMS ever goes to a child's phone, so how and when are one question."""
    return choose(
        "May the centre call this number?",
        *(option(label, keep=window) for label, window in windows(caller)),
        option("No", goto=_without_contact(caller)),
        goto=if_the_line_cuts,
    )


@screen
def sms_warning(caller: Caller) -> Choose:
    """A call leaves a line in a list; an SMS stays to be read."""
    return choose(
        "SMS stays on the phone and others may read it. It will not name the service. Still OK?",
        option("Yes", keep="sms", goto=safe_time),
        option("Call only", keep="call", goto=safe_time),
        option("No contact", keep="none", goto=_without_contact(caller)),
    )


@screen
def safe_time(caller: Caller) -> Choose:
    """Nobody rings or writes outside the hours she gives."""
    return choose(
        "When is it safe?",
        *(option(label, keep=window) for label, window in windows(caller)),
        goto=if_the_line_cuts,
    )


@screen
def nobody_can_help(caller: Caller) -> Choose:
    """Said at once, so that she does not wait for somebody who will not come."""
    return choose(
        "Nobody can help without a place, centre or number. Call {centre}, or:",
        option("Give a place", goto=place.roughly, then=which_centre),
        option("You may contact me", goto=_contact_question(caller)),
        option("Keep it, tell nobody", keep="keep", goto=secret),
        option("No, delete all", goto=nothing_kept),
        centre=caller.country.hotlines.centre,
    )


@screen
def if_the_line_cuts(caller: Caller) -> Choose:
    """Lines cut and sessions end after three minutes; only her yes keeps what she gave."""
    return choose(
        "If the line cuts, may we send what you gave so far?",
        option("Yes", intent=KeepDraft(_report(caller))),
        option("No", intent=DiscardDraft()),
        goto=secret,
    )


@screen
def secret(caller: Caller) -> Ask:
    """Proves later that it is she who asks; the number alone proves nothing."""
    return ask(
        "Choose 4 numbers only you know. Staff will ask for them before they speak of this. "
        "Do not use your PIN or birth year.",
        option("Skip", goto=confirm),
        check=checks.new_secret,
        goto=confirm,
    )


@screen
def confirm(caller: Caller) -> Choose:
    """Who may see it, and the last word. The investigator is a consent of its own, for adults."""
    centre = _centre(caller)
    to = centres.recipient(centre)
    if _tells_nobody(caller):
        return choose(
            "Keep it? Nobody is told.",
            option("Yes, keep it", intent=_report(caller), goto=sent),
            option("No, delete all", goto=nothing_kept),
        )
    if not _is_adult(caller):
        return choose(
            phrase("Send to {centre}? Its lead and the national desk may read it too.", centre=to)
            if centre
            else phrase("Send to {centre}? Nothing is kept if you choose 2.", centre=to),
            option("Yes, send", intent=_report(caller), goto=sent),
            option("No, delete all", goto=nothing_kept),
        )
    return choose(
        "Send to {centre}? Who may see it?",
        option(
            phrase("Send: health team, national desk") if centre else phrase("Send: national desk"),
            intent=_report(caller),
            goto=sent,
        ),
        option(
            phrase("Send: also investigator ({name})", name=caller.country.investigator),
            intent=_report(caller, investigator=True),
            goto=sent,
        ),
        option("Nobody - delete all", goto=nothing_kept),
        centre=to,
    )


@screen
def sent(caller: Caller) -> End:
    """The code is shown here and nowhere else; dialling another code pushes it out of sight."""
    if _tells_nobody(caller):
        return end(
            "Kept, but nobody is told: there is no place and no number. Call {centre} or go to a "
            "centre. Code: {ref}. Danger: call {police}.",
            centre=caller.country.hotlines.centre,
            ref=caller.fact("ref") or "",
            police=caller.country.hotlines.police,
        )
    if emergency.nobody_is_asked(caller):
        return emergency.nobody_on_duty(caller)
    return end(
        "Sent. Code: {ref}. Remember it, do not write it where others look. "
        "Danger: call {police}. Dial another code now to hide this one.",
        ref=caller.fact("ref") or "",
        police=caller.country.hotlines.police,
    )


@screen
def nothing_kept(caller: Caller) -> End:
    """Says that her no was heard, in words that betray nothing."""
    return end("Nothing was kept. Have a good day.")


@screen
def farewell(caller: Caller) -> End:
    """Bland on purpose."""
    return end("Thank you. Have a good day.")


def _without_contact(caller: Caller) -> Screen:
    """Where nobody could call her, somebody must at least know where she is or may come to."""
    return if_the_line_cuts if _centre(caller) or place.chosen(caller) else nobody_can_help


def _tells_nobody(caller: Caller) -> bool:
    return caller.answer(nobody_can_help) == "keep"


def _contact_question(caller: Caller) -> Screen:
    return may_contact if _is_adult(caller) else may_call


def _is_adult(caller: Caller) -> bool:
    return caller.answer(age) == "adult"


def _centre(caller: Caller) -> Centre | None:
    return caller.country.centres.get(caller.answer(which_centre, other_centre) or "")


def _report(caller: Caller, *, investigator: bool = False) -> Send:
    centre, where = _centre(caller), place.roughly_chosen(caller)
    given = {"age": caller.answer(age), "need": caller.answer(need), "when": caller.answer(when)}
    return Send(
        about="myself",
        answers={question: answer for question, answer in given.items() if answer},
        centre=centre.id if centre else None,
        avoid=tuple(one.id for one in _offered(caller) if one != centre),
        area=where.id if where else None,
        contact=_contact(caller),
        secret=caller.answer(secret),
        investigator=investigator,
        completes=caller.fact("draft"),
    )


def _contact(caller: Caller) -> Contact | None:
    when = caller.answer(safe_time, may_call)
    if when is None:
        return None
    by = caller.answer(may_contact, sms_warning) or "call"
    return Contact(by=cast(Channel, by), window=cast(Window, when))


def _offered(caller: Caller) -> Sequence[Centre]:
    """The centres that she is offered first: those that she does not choose hear nothing."""
    return centres.around(caller)[: _offers(caller)]


def _others(caller: Caller) -> Sequence[Centre]:
    return centres.around(caller)[_offers(caller) :]


def _offers(caller: Caller) -> int:
    return centres.OFFERED_FIRST if place.chosen(caller) else 0
