"""Calling her: the number, how to begin without betraying her, and what came of the call.

A phone cannot be in a call and in this menu at once, so what came of it is asked right after the
number and whenever she comes back; the next one who opens the report sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from menus import checks
from menus.greeting import greeting
from menus.hours import day_name, safe_hours
from menus.intents import (
    CheckSecret,
    NoteCall,
    OpenForStaff,
    Reason,
    RevealNumber,
)
from menus.ports import Name
from menus.script import (
    Ask,
    Caller,
    Choose,
    Option,
    Phrase,
    Words,
    ask,
    choose,
    onward,
    option,
    phrase,
    screen,
)


@screen
def call_her(caller: Caller) -> Choose:
    """What came of the calls so far stands before the number: somebody else may have answered."""
    return choose(
        calls_so_far(caller) or phrase("Not called yet."),
        option("Number to call", goto=why_reveal),
        option("What came of the call?", goto=outcome),
        option("Check her 4 numbers", goto=her_secret),
    )


@screen
def why_reveal(caller: Caller) -> Choose:
    """A number is shown for a reason, and the reason is on record."""
    return choose(
        "Why do you need the number? It is noted.",
        *(
            option(words, intent=RevealNumber(caller.fact("case") or "", reason))
            for reason, words in REASONS.items()
        ),
        goto=number,
    )


@screen
def number(caller: Caller) -> Choose:
    """The number with the hours she gave, and how to begin without betraying her."""
    forbidden = no_call(caller)
    if forbidden:
        return choose(forbidden)
    if caller.fact("limit"):
        return choose("Too many numbers this hour. Ask your lead.")
    window = safe_hours(caller, caller.fact("window") or "any")
    if caller.fact("not_now"):
        return choose(_not_now(caller, window), option("What came of the call?", goto=outcome))
    return choose(
        "Call {number}. Safe: {window}. Say only: '{greeting}'",
        option("What came of the call?", goto=outcome),
        number=Name(caller.fact("number") or ""),
        window=window,
        greeting=greeting(caller.fact("greeting") or caller.language),
    )


def _not_now(caller: Caller, window: Words) -> Phrase:
    """From when she may be called; an hour that is over does not come again."""
    begins = caller.fact("not_now") or ""
    if begins == "over":
        return phrase("{over} Wait for her to come or call, then note it.", over=OVER)
    day, _, time = begins.partition(" ")
    return phrase(
        "NOT NOW: from {time} {day}. Do not call before. Safe: {window}.",
        time=Name(time),
        day=day_name(day),
        window=window,
    )


@screen
def outcome(caller: Caller) -> Choose:
    """Asked after each call: the next one who rings must know who may answer."""
    handle = caller.fact("case") or ""
    return choose(
        "What came of the call?",
        option("I reached her", intent=NoteCall(handle, "reached")),
        option("No answer", intent=NoteCall(handle, "no_answer")),
        option("Somebody else", intent=NoteCall(handle, "somebody_else")),
        option("Not reachable", intent=NoteCall(handle, "not_reachable")),
        goto=noted,
    )


@screen
def noted(caller: Caller) -> Choose:
    """What to do next: a second call at the wrong hour may betray her."""
    came = _last_call(caller)[1] if caller.fact("standing") == "yours" else None
    return choose(
        _next(caller, came) if came else phrase("This report is not yours any more."),
        back_to_the_report(caller),
    )


def _next(caller: Caller, came: str) -> Phrase:
    forbidden = no_call(caller) or (OVER if caller.fact("not_now") == "over" else None)
    if forbidden and came != "reached":
        return phrase("Noted. {forbidden}", forbidden=forbidden)
    return NEXT[came]


@screen
def her_secret(caller: Caller) -> Ask:
    """Before speaking of the report: is it she who answers the phone?"""
    handle = caller.fact("case") or ""
    return ask(
        "Type the 4 numbers she tells you:",
        check=checks.four_digits,
        intent=lambda typed: CheckSecret(handle, typed),
        goto=secret_checked,
    )


@screen
def secret_checked(caller: Caller) -> Choose:
    """A wrong answer may be a slip, or somebody else on her phone."""
    said = {
        "right": phrase("Right: it is the same person."),
        "wrong": phrase("Wrong. Do not speak of the report."),
        "none": phrase("She chose no numbers. Be careful."),
    }
    return choose(said[caller.fact("secret") or "wrong"])


def no_call(caller: Caller) -> Phrase | None:
    """That she must not be called at any hour; None where she may be."""
    return NO_CALL.get(caller.fact("contact") or "")


def calls_so_far(caller: Caller) -> Phrase | None:
    """How many calls there were, and what came of the last one; None when there was none."""
    count, came, when = _last_call(caller)
    if not came:
        return None
    return phrase(
        "Calls: {count}, {outcome} {when}", count=count, outcome=OUTCOMES[came], when=when
    )


def _last_call(caller: Caller) -> tuple[Name, str, Name]:
    """How many calls there were, what came of the last, and when; "" for each if there was none."""
    count, came, when = (caller.fact("calls") or "  ").split(" ", 2)
    return Name(count), came, Name(when)


def back_to_the_report(caller: Caller) -> Option:
    """Opens it again, so that what was just done is seen."""
    again = OpenForStaff(caller.fact("code") or "")
    return option("Back to the report", intent=again, goto=onward)


NO_CALL: Final[Mapping[str, Phrase]] = {
    "sms": phrase("SMS ONLY. Do not call."),
    "none": phrase("NO CONTACT. Do not call."),
}
"""What stands where the number would, by what she allows."""

OVER: Final = phrase("NOT NOW: the hour is over. Do not call.")
"""Who said "now" may be called for an hour, and not again unless she says so."""

REASONS: Final[Mapping[Reason, Phrase]] = {
    "first call": phrase("First call"),
    "follow up": phrase("Follow up"),
    "danger": phrase("Danger"),
}

OUTCOMES: Final[Mapping[str, Phrase]] = {
    "reached": phrase("reached"),
    "no_answer": phrase("no answer"),
    "somebody_else": phrase("somebody else"),
    "not_reachable": phrase("not reachable"),
}
"""What came of a call, in a word for the list."""

NEXT: Final[Mapping[str, Phrase]] = {
    "reached": phrase("Noted. If you agreed on a day, set a reminder. Close when all is done."),
    "no_answer": phrase("Noted. Try again, only in her safe hours."),
    "somebody_else": phrase(
        "Noted. If asked: wrong number. Do not call again before her next safe hours."
    ),
    "not_reachable": phrase(
        "Noted. Her phone is off or has no network. Try again later, in her safe hours."
    ),
}
"""What to do after a call, by what came of it."""
