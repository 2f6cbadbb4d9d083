"""What the service may find out when it carries out an intent: every kind of luck a caller has.

The longest values are among them, because a page must hold those too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from gateway.country.po_files import SOURCE, languages
from gateway.country.reading import LONGEST_NAME
from gateway.country.translations import LOCALES, shipped
from menus.greeting import greeting
from menus.intents import (
    AcceptCase,
    ChangeContact,
    ChangePin,
    CheckSecret,
    CloseCase,
    DeleteReport,
    DiscardAlert,
    DiscardDraft,
    DropReminder,
    HandOver,
    Intent,
    KeepDraft,
    ListCases,
    NoteCall,
    OpenCase,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    RevealNumber,
    Send,
    SetDuty,
    SetReminder,
    SignIn,
    StopContact,
)
from menus.speech import Speech
from menus.staff.calls import NO_CALL, OUTCOMES
from menus.staff.desk import ANSWERS, STANDINGS
from menutools.catalogues.rooms import LONGEST

Facts = Mapping[str, str]

REF: Final = LONGEST["ref"]
"""The longest code of a report that we expect ever to give out."""

NUMBER: Final = "+" + "9" * 15
"""The longest telephone number there is (ITU-T E.164)."""

SEGMENT: Final = "W" * 160
"""The longest SMS that may have been kept as an answer."""


class NobodyKnows(LookupError):
    """A new intent, of which this module does not yet say what may come of it."""


def found_out(intent: Intent, language: str) -> Sequence[Facts]:
    """Each set of facts that may answer `intent`. Raises NobodyKnows."""
    if isinstance(intent, SignIn):
        signed_in: Facts = {"staff": "1", "language": language}
        return [{}, *({**signed_in, **desk} for desk in _desks())]
    for kind, facts in _FOUND_OUT:
        if isinstance(intent, kind):
            return facts()
    raise NobodyKnows(type(intent).__name__)


def _desks() -> list[Facts]:
    """On duty with a report of every kind, off duty with none."""
    lines = (f"{REF} P1 {standing}" for standing in STANDINGS if standing != "gone")
    return [{"duty": "on", "cases": "\n".join(lines)}, {"duty": "off", "cases": ""}]


def _cases() -> list[Facts]:
    """A report as each of those sees it who were alerted; the last was not."""
    report: Facts = {"case": "1", "code": REF, "priority": "P1"}
    others = [one for one in STANDINGS if one != "yours"]
    return [
        *({**report, "standing": one} for one in others),
        *({**report, "standing": "yours", **so_far} for so_far in _so_far()),
        {"standing": "gone"},
    ]


def _so_far() -> list[Facts]:
    """What was done for a caller, and may be: nothing, and everything with each of its words."""
    nothing = {"calls": "", "sms": "", "reminder": "", "may_remind": ""}
    moments = ("today 23:59", "tomorrow 23:59", "31/12 23:59", "")
    lasts = ("sent", "not sent", "not known", "")
    much = [
        {"calls": f"99 {came} 31/12 23:59", "sms": sms, "reminder": at, "may_remind": "yes"}
        for came, sms, at in zip(OUTCOMES, lasts, moments, strict=True)
    ]
    call: Facts = {"contact": "call", "not_now": ""}
    forbidden = [{**call, "not_now": "over"}, *({**call, "contact": one} for one in NO_CALL)]
    return [
        *({**one, **call} for one in (nothing, *much)),
        *({**much[-1], **why} for why in forbidden),
    ]


def _statuses() -> list[Facts]:
    standings = ("received", "handled", "closed")
    contacts = ("yes", "")
    found = [(status, contact) for status in standings for contact in contacts]
    return [{}, *({"status": one, "case": "1", "contact": contact} for one, contact in found)]


def _numbers() -> list[Facts]:
    """Shown with the longest words there are, and kept back for each reason."""
    nothing = dict.fromkeys(("contact", "not_now", "window", "limit", "number", "greeting"), "")
    call = {**nothing, "contact": "call", "window": "morning"}
    return [
        {**call, "number": NUMBER, "greeting": _longest_greeting()},
        {**call, "not_now": "today 23:59"},
        {**call, "not_now": "over", "window": "now"},
        {**call, "limit": "reached"},
        {**nothing, "contact": "none"},
    ]


@cache
def _longest_greeting() -> str:
    """The language in which staff have most to say first."""
    spoken = (SOURCE, *languages(LOCALES))
    speech = Speech(shipped(spoken))
    return max(spoken, key=lambda one: len(speech.say(greeting(one), one)))


def _answers() -> list[Facts]:
    """Everything that a report of oneself, one of a child, and an SMS may hold."""
    place = ", ".join(["W" * LONGEST_NAME] * 3)
    common: Facts = {"answer.area": place, "partial": "yes"}
    return [
        {},
        {**common, **_longest(("age", "need", "when"))},
        {**common, **_longest(("danger", "age", "worry", "when"))},
        {"answer.message": SEGMENT},
    ]


def _longest(questions: Iterable[str]) -> Facts:
    """The answer with the longest words to each of these questions."""
    answers = {question: ANSWERS[question] for question in questions}
    return {
        f"answer.{question}": max(words, key=lambda answer: len(words[answer].text))
        for question, words in answers.items()
    }


_FOUND_OUT: Final[Sequence[tuple[tuple[type, ...], Callable[[], Sequence[Facts]]]]] = (
    ((Send,), lambda: [{"ref": REF, "asked": asked} for asked in ("somebody", "nobody")]),
    ((DiscardAlert,), lambda: [{"asked": "nobody"}, {"ref": REF, "asked": "somebody"}]),
    ((KeepDraft,), lambda: [{"draft": REF}]),
    ((DiscardDraft, StopContact, ChangeContact, DeleteReport), lambda: [{}]),
    ((OpenCase,), _statuses),
    ((ListCases, SetDuty), _desks),
    ((OpenForStaff, AcceptCase, PassOn, HandOver, CloseCase), _cases),
    ((NoteCall, SetReminder, DropReminder), _cases),
    ((ReadAnswers,), _answers),
    ((RevealNumber,), _numbers),
    ((ChangePin,), lambda: [{"pin": said} for said in ("changed", "wrong", "locked")]),
    ((CheckSecret,), lambda: [{"secret": said} for said in ("right", "wrong", "none")]),
)
