"""What a caller meant, as values: the menus say it, the gateway does it.

An intent names no table, number or clock. The gateway carries it out in one database transaction,
at most once for the same typing in the same session, and answers with facts (short strings) that
the next screen may show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

About = Literal["danger", "call_me", "myself", "child", "child_danger", "message"]
"""danger: wants a call at once. call_me: gives no reason. child_danger: a child at risk now.
message: wrote an SMS in her own words.
"""

Channel = Literal["call", "sms"]
PartOfDay = Literal["morning", "afternoon", "evening"]
Window = Literal["now", "morning", "afternoon", "evening", "any"]


@dataclass(frozen=True, slots=True)
class Contact:
    """How the caller allowed us to reach her on the number of this session.

    `other_number` was typed by the caller: staff may ring it, no SMS ever goes there.
    """

    by: Channel
    window: Window
    other_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Keep a report and alert the staff of `centre` (None: the national duty desk).

    Done once in a session for each `about`; of a child in danger the last word counts. Facts:
    `ref`, the code to show, and `asked`: whether "somebody" or "nobody" was asked to help by now.
    `avoid` are centres that must not hear of it. `completes` is the `ref` of an alert that this
    same session sent before and that this report fills in.
    """

    about: About
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)
    centre: str | None = None
    avoid: tuple[str, ...] = field(default=(), repr=False)
    area: str | None = field(default=None, repr=False)
    contact: Contact | None = None
    secret: str | None = field(default=None, repr=False)
    investigator: bool = False
    completes: str | None = None

    @property
    def can_be_acted_on(self) -> bool:
        """Whether anybody could call her, look for her or expect her: else nobody is woken."""
        return bool(self.contact or self.area or self.centre)


@dataclass(frozen=True, slots=True)
class KeepDraft:
    """Keep an unfinished report, to be sent as it is if the line cuts before she sends it.

    Facts: `draft`, its code. Whatever ends the session by her own choice destroys it, except
    sending, which `completes` it.
    """

    report: Send


@dataclass(frozen=True, slots=True)
class DiscardDraft:
    """Destroy the draft of this session, if there is one."""


@dataclass(frozen=True, slots=True)
class DiscardAlert:
    """Destroy what this session said of a child in danger, unless somebody was alerted by it.

    Facts: `asked`, and `ref` where it stays.
    """


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Show where a report stands, to who knows its code and its secret.

    Facts: `status` is "received", "handled" or "closed", with `case`, a handle good in this
    session, and `contact`, "yes" unless nobody contacts her; no facts at all for an unknown code,
    a wrong secret, or too many tries.
    """

    code: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StopContact:
    """Nobody contacts the caller about this report again."""

    case: str


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Replace how the caller may be reached: on the number of this session, or by nobody."""

    case: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class DeleteReport:
    """Destroy what was said and the number; a bare count stays."""

    case: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """Prove to be the member of staff whose number this is.

    Facts: `staff`, `duty` ("on" or "off") and `cases`, which has a line for each open report: code,
    priority and standing. None for an unknown number, a wrong PIN or a line that is locked for a
    while; `pin` is "locked" for a PIN that only another one replaces.
    """

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangePin:
    """Choose another PIN, knowing the old one; every call of hers is over then.

    Facts: `pin` is "changed", "wrong" or "locked".
    """

    old: str = field(repr=False)
    new: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListCases:
    """Look again at what is open. Facts: `duty`, `cases`."""


@dataclass(frozen=True, slots=True)
class SetDuty:
    """Go on or off duty. Facts: `duty`, `cases`."""

    on: bool


@dataclass(frozen=True, slots=True)
class OpenForStaff:
    """Open a report that she was alerted about. Facts: `case`, `code`, `priority`, `standing`.

    For the one who accepted it also `contact` and `not_now` (see RevealNumber), `calls` ("2 reached
    14:05": how many, and the last of them), `sms` (the last one to the caller: "sent", "not sent"
    or "not known"), `reminder` (when the next one leaves: "tomorrow 09:00") and `may_remind`; each
    "" when there is none.
    """

    code: str


@dataclass(frozen=True, slots=True)
class AcceptCase:
    """Be the one who helps. Facts as for OpenForStaff."""

    case: str


@dataclass(frozen=True, slots=True)
class PassOn:
    """She cannot: the next person is called. Facts as for OpenForStaff."""

    case: str


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """Facts: `answer.QUESTION` for each that was given, `partial` when the line cut."""

    case: str


Reason = Literal["first call", "follow up", "danger"]


@dataclass(frozen=True, slots=True)
class RevealNumber:
    """Facts, each "" when there is none, so that no older one is taken for it:

    `contact`, what the caller allows at this moment: "call", "sms" or "none". `not_now`, when she
    may not be called now: from when ("tomorrow 17:00"), or "over". `window`, the hours she gave.
    `limit` when the one who asks has seen too many numbers this hour. Else `number`, with
    `greeting`, the language in which she was told what staff say first.
    """

    case: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class CheckSecret:
    """Is it the caller who answers the phone? Facts: `secret` is "right", "wrong" or "none"."""

    case: str
    secret: str = field(repr=False)


CallOutcome = Literal["reached", "no_answer", "somebody_else", "not_reachable"]


@dataclass(frozen=True, slots=True)
class NoteCall:
    """What came of a call to the caller. Facts as for OpenForStaff."""

    case: str
    outcome: CallOutcome


@dataclass(frozen=True, slots=True)
class SetReminder:
    """Remind the caller by SMS of an appointment `days` from today, in place of an earlier one.

    Facts as for OpenForStaff; `reminder` is "" when none of her safe hours is left before it.
    """

    case: str
    days: int
    part: PartOfDay


@dataclass(frozen=True, slots=True)
class DropReminder:
    """The appointment is off. Facts as for OpenForStaff."""

    case: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Give an accepted report back to her colleagues. Facts as for OpenForStaff."""

    case: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    """Nothing is left to do. Facts as for OpenForStaff."""

    case: str


CaseIntent = OpenCase | StopContact | ChangeContact | DeleteReport
CallerIntent = Send | KeepDraft | DiscardDraft | DiscardAlert | CaseIntent
StaffCaseIntent = (
    AcceptCase
    | PassOn
    | ReadAnswers
    | RevealNumber
    | CheckSecret
    | NoteCall
    | SetReminder
    | DropReminder
    | HandOver
    | CloseCase
)
StaffIntent = SignIn | ChangePin | ListCases | SetDuty | OpenForStaff | StaffCaseIntent
Intent = CallerIntent | StaffIntent
