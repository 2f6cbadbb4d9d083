"""The staff's own line: who was alerted sees what is open, accepts, and learns how to help.

It has a code of its own and a process of its own; nothing here is on the callers' menu. A number
that is not registered, a wrong PIN and a locked one get the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from menus import checks
from menus.intents import (
    AcceptCase,
    CloseCase,
    HandOver,
    ListCases,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    SetDuty,
    SignIn,
)
from menus.ports import Name
from menus.script import (
    Ask,
    Caller,
    Choose,
    End,
    Option,
    Phrase,
    Words,
    ask,
    choose,
    end,
    option,
    phrase,
    screen,
)
from menus.staff import calls, own_pin, sms


@screen
def pin(caller: Caller) -> Ask:
    """Asked of every number, registered or not."""
    return ask("PIN:", check=checks.four_digits, intent=SignIn, goto=desk)


@screen
def desk(caller: Caller) -> Choose | End:
    """What is open for her, newest alert first, and whether she is on duty."""
    if caller.fact("pin") == "locked":
        return own_pin.locked()
    if caller.fact("staff") is None:
        return end("Not recognised. Check your PIN and dial again.")
    on_duty = caller.fact("duty") == "on"
    return choose(
        phrase("You are on duty.") if on_duty else phrase("You are off duty."),
        *(_case_line(line) for line in (caller.fact("cases") or "").split("\n") if line),
        option("Go off duty", intent=SetDuty(on=False), goto=desk)
        if on_duty
        else option("Go on duty", intent=SetDuty(on=True), goto=desk),
        option("Look again", intent=ListCases(), goto=desk),
        option("Change my PIN", goto=own_pin.old_pin, then=desk),
    )


@screen
def case(caller: Caller) -> Choose:
    """One report. Opening it shows nothing of what it says."""
    standing = caller.fact("standing") or "gone"
    if standing == "gone":
        return choose(
            "This report is not open to you.",
            option("My alerts", intent=ListCases(), goto=desk),
        )
    choices = {
        "new": _when_new(caller),
        "yours": _when_hers(caller),
        "passed": _when_passed(caller),
    }.get(standing, ())
    known = _known(caller) if standing == "yours" else None
    return choose(
        phrase("{report}\n{known}", report=_report(caller, standing), known=known)
        if known
        else _report(caller, standing),
        *choices,
        option("My alerts", intent=ListCases(), goto=desk),
    )


def _report(caller: Caller, standing: str) -> Phrase:
    return phrase(
        "{code} {priority}: {standing}.",
        code=Name(caller.fact("code") or ""),
        priority=Name(caller.fact("priority") or ""),
        standing=STANDINGS[standing],
    )


def _known(caller: Caller) -> Phrase | None:
    """What whoever helps must know first: that she must not be called, or what came of calls."""
    return calls.no_call(caller) or calls.calls_so_far(caller)


def _when_new(caller: Caller) -> tuple[Option, ...]:
    handle = caller.fact("case") or ""
    return (
        option("Accept", intent=AcceptCase(handle), goto=case),
        option("I cannot", intent=PassOn(handle), goto=case),
    )


def _when_passed(caller: Caller) -> tuple[Option, ...]:
    """She may think better of it, as long as nobody has it."""
    return (option("Accept", intent=AcceptCase(caller.fact("case") or ""), goto=case),)


def _when_hers(caller: Caller) -> tuple[Option | None, ...]:
    handle = caller.fact("case") or ""
    by_sms = caller.fact("may_remind") or caller.fact("sms")
    return (
        option("What was answered", intent=ReadAnswers(handle), goto=answers),
        option("Check her 4 numbers", goto=calls.her_secret)
        if calls.no_call(caller)
        else option("Call her", goto=calls.call_her, then=case),
        option("SMS", goto=sms.sms_to_her, then=case) if by_sms else None,
        option("Hand over", goto=hand_over),
        option("Close", goto=close),
    )


@screen
def answers(caller: Caller) -> Choose:
    """In the words of the caller's own menu; a question she skipped is left out."""
    lines = [
        phrase("{question}: {answer}", question=question, answer=_answer(name, given))
        for name, question in QUESTIONS.items()
        if (given := caller.fact(f"answer.{name}"))
    ]
    if caller.fact("partial"):
        lines.append(phrase("The line cut: not complete."))
    if not lines:
        return choose("Nothing was answered.")
    slots = {f"line{number}": line for number, line in enumerate(lines)}
    return choose(Phrase("\n".join(f"{{{slot}}}" for slot in slots), slots))


@screen
def hand_over(caller: Caller) -> Choose:
    """Her colleagues are alerted anew; until one accepts, it is nobody's."""
    return choose(
        "Hand over? Your colleagues are alerted again.",
        option("Yes, hand over", intent=HandOver(caller.fact("case") or ""), goto=case),
    )


@screen
def close(caller: Caller) -> Choose:
    """Closing stops reminders; the caller then sees that it is closed."""
    return choose(
        "Close this report?",
        option("Yes, close", intent=CloseCase(caller.fact("case") or ""), goto=case),
    )


def _case_line(line: str) -> Option:
    code, priority, standing = line.split(" ")
    label = phrase(
        "{code} {priority} {standing}",
        code=Name(code),
        priority=Name(priority),
        standing=STANDINGS[standing],
    )
    return option(label, keep=code, intent=OpenForStaff(code), goto=case)


def _answer(question: str, given: str) -> Words:
    return ANSWERS.get(question, {}).get(given) or Name(given)


STANDINGS: Final[Mapping[str, Phrase]] = {
    "new": phrase("new"),
    "yours": phrase("yours"),
    "taken": phrase("taken by a colleague"),
    "passed": phrase("passed on"),
    "closed": phrase("closed"),
}

QUESTIONS: Final[Mapping[str, Phrase]] = {
    "danger": phrase("Danger"),
    "age": phrase("Age"),
    "need": phrase("Act"),
    "worry": phrase("Worry"),
    "when": phrase("When"),
    "area": phrase("Place"),
    "message": phrase("SMS"),
}

ANSWERS: Final[Mapping[str, Mapping[str, Phrase]]] = {
    "danger": {"now": phrase("now")},
    "age": {
        "under_12": phrase("Under 12"),
        "12_15": phrase("12-15"),
        "16_17": phrase("16-17"),
        "adult": phrase("18 or more"),
        "0_5": phrase("0-5"),
        "6_11": phrase("6-11"),
    },
    "need": {
        "sexual": phrase("Sexual violence"),
        "physical": phrase("Beaten or hurt"),
        "forced_marriage": phrase("Forced marriage"),
        "denied_resources": phrase("Money, food or home denied"),
        "psychological": phrase("Threats, insults"),
    },
    "worry": {
        "sexual": phrase("Sexual abuse"),
        "physical": phrase("Beating, injury"),
        "neglect": phrase("Left alone, no food"),
        "labour": phrase("Hard work, no school"),
        "married_or_pregnant": phrase("Married or pregnant"),
        "other": phrase("Other"),
    },
    "when": {
        "within_72h": phrase("Last 3 days"),
        "within_120h": phrase("4-5 days ago"),
        "older": phrase("More than 5 days"),
        "ongoing": phrase("It is happening often"),
    },
}
"""What is kept for each option of the callers' questions, in the words of those options."""
