"""The staff's USSD line: what a signed-in member of staff does, one transaction each.

What she may do with a report stands in MAY, at the end.

This process holds the centre's private key, so it is the one that reads answers and numbers
(case_file.py). Every look is in the audit log, in the transaction of the look itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Engine, Select, select

from gateway.audit import log as audit
from gateway.cases import casework
from gateway.cases.case_file import CaseFile
from gateway.cases.escalation import EscalationPolicy
from gateway.cases.follow_ups import Appointment, FollowUps, appointment_key
from gateway.cases.hashing import Hashes, hashes_of, of_pins
from gateway.conversation.contract import Done, NotDone, Occasion
from gateway.country.pack import Pack
from gateway.staff import duty, pins, roster, rota
from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import in_turn, name_in_call
from gateway.store.models import Alert, CallAttempt, Outbox, PinTry, Report, ReportState, Staff
from gateway.vault.vault import Vault
from menus.engine import State
from menus.intents import (
    AcceptCase,
    ChangePin,
    CheckSecret,
    CloseCase,
    DropReminder,
    HandOver,
    Intent,
    ListCases,
    NoteCall,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    RevealNumber,
    SetDuty,
    SetReminder,
    SignIn,
    StaffCaseIntent,
)

LISTED: Final = 12
"""Open reports shown to one person, newest alert first."""

IN_VAIN: Final = "looked in vain"
"""The row of who looks at what is not hers: there is no way to it but a fault of ours, or a forged
call."""

SIGNED_IN: Final = "staff"
SINCE: Final = "since"
"""Facts of a call: who signed in, and when the PIN that she signed in with was set."""


class NotSignedIn(LookupError):
    """A step after signing in by somebody who has left meanwhile."""


@dataclass(frozen=True, slots=True)
class StaffLine:
    """Carries out the intents of the staff's menus (gateway.conversation.contract.Actions)."""

    engine: Engine
    vault: Vault
    policy: EscalationPolicy
    pack: Pack

    def may_go_on(self, state: State) -> bool:
        """Whether nobody has signed in to this call yet, or who did may still do so.

        Not every screen asks for something that is done, and what one shows was looked up before.
        Raises database.DatabaseDown.
        """
        staff_id, since = _fact(state, SIGNED_IN), _fact(state, SINCE)
        if staff_id is None:
            return True
        still = select(Staff.pin_set_at).where(Staff.id == staff_id, Staff.left_at.is_(None))
        with database.reading(self.engine) as session:
            set_at = session.scalar(still)
        return set_at is not None and set_at.isoformat() == since

    def do(self, intent: Intent, step: Occasion) -> Done:
        """Do it in one transaction. Raises database.DatabaseDown; then nothing was done."""
        hashes = self._check_ahead(intent, step)
        with database.writing(self.engine, "staff.step") as session:
            hashes.bring(session)
            desk = _Desk(self, session, step)
            return desk.do(intent)

    def _check_ahead(self, intent: Intent, step: Occasion) -> Hashes:
        """Check a PIN before the transaction that counts the try, and hash a new one."""
        hashes = of_pins(self.vault)
        if not isinstance(intent, SignIn | ChangePin):
            return hashes
        with database.reading(self.engine) as session:
            person = roster.by_number(session, self.vault, step.msisdn)
            if isinstance(intent, SignIn):
                is_pin(hashes, person, intent.pin)
            elif is_pin(hashes, person, intent.old) and person is not None:
                hashes.make(intent.new, roster.pin_of(person.id))
        return hashes


class _Case(NamedTuple):
    """A report that she was asked about, locked, with her own alert."""

    person: Staff
    alert: Alert
    report: Report


@dataclass(frozen=True, slots=True)
class _Desk:
    """One step of one member of staff, inside its transaction."""

    line: StaffLine
    session: Session
    step: Occasion

    def do(self, intent: Intent) -> Done:
        person = roster.by_number(self.session, self.line.vault, self.step.msisdn)
        if isinstance(intent, SignIn):
            return self._sign_in(person, intent.pin)
        if person is None:
            raise NotSignedIn("the number is not registered any more")
        match intent:
            case ChangePin(old, new):
                return self._change_pin(person, old, new)
            case ListCases():
                self._audit(person, "listed")
                return Done(self._overview(person))
            case SetDuty(on):
                return self._set_duty(person, on=on)
            case OpenForStaff(code):
                return self._open(person, code)
        if not isinstance(intent, StaffCaseIntent):
            raise TypeError(f"{type(intent).__name__} is nothing that staff ask for")
        return self._on_case(person, intent)

    def _open(self, person: Staff, code: str) -> Done:
        case = self._find(person, Report.code == code)
        if case is None:
            return self._not_hers(person, Report.code == code)
        self._audit(person, "opened", case.report)
        return Done(self._facts(case))

    def _on_case(self, person: Staff, intent: StaffCaseIntent) -> Done:
        """As MAY has it: a look is done each time that it is asked for, an act once."""
        if not roster.is_still_here(self.session, person):
            raise NotSignedIn("she has left in this moment")
        case = self._find(person, Report.id == intent.case)
        if case is None:
            return self._not_hers(person, Report.id == intent.case)
        who, do = MAY[type(intent)]
        is_hers = casework.is_hers(case.report, person)
        if who == "holder looks" and is_hers:
            return Done(do(self, case, intent))
        if who == "holder looks":
            self._audit(person, IN_VAIN, case.report)
        elif (who == "asked" or is_hers) and not self.step.again:
            do(self, case, intent)
        return Done(self._facts(case), ring=True)

    def accept(self, case: _Case, _: AcceptCase) -> None:
        casework.accept(self.session, case.alert, case.report, case.person)

    def pass_on(self, case: _Case, _: PassOn) -> None:
        casework.pass_on(self.session, case.alert, case.report, case.person)

    def hand_over(self, case: _Case, _: HandOver) -> None:
        person, alert, report = case
        casework.hand_over(self.session, self.line.policy, alert, report, person)

    def close(self, case: _Case, _: CloseCase) -> None:
        if casework.close(self.session, case.report, case.person):
            self._follow_ups.check_in(self.session, case.report)

    def note_call(self, case: _Case, noted: NoteCall) -> None:
        call, report = self._name_of(self._called_at), case.report
        casework.note_call(self.session, report, case.person, noted.outcome, call)

    def remind(self, case: _Case, asked: SetReminder) -> None:
        """An appointment says that they have spoken: nobody reminds her to call any more."""
        casework.handled(case.report)
        appointment = Appointment(asked.days, asked.part, occasion=self._name_of(self._reminded_at))
        set_ = self._follow_ups.remind(self.session, case.report, case.person, appointment)
        self._audit(case.person, "reminder set" if set_ else "no reminder possible", case.report)

    def drop_reminder(self, case: _Case, _: DropReminder) -> None:
        self._follow_ups.forget_reminder(self.session, case.report)
        self._audit(case.person, "reminder dropped", case.report)

    def read_answers(self, case: _Case, _: ReadAnswers) -> dict[str, str]:
        return self._file(case).answers()

    def reveal_number(self, case: _Case, asked: RevealNumber) -> dict[str, str]:
        return self._file(case).number(asked.reason)

    def check_secret(self, case: _Case, asked: CheckSecret) -> dict[str, str]:
        return self._file(case).secret(asked.secret)

    @property
    def _follow_ups(self) -> FollowUps:
        return FollowUps(self.line.vault, self.line.pack)

    def _sign_in(self, person: Staff | None, pin: str) -> Done:
        """The same work for an unknown number, a wrong PIN and a locked one.

        The same words as well, until so many were wrong that only another PIN helps.
        """
        known = self._known_try()
        right = self._still_counts(person, known) if known else self._tried(person, pin)
        if person is None or not right:
            return Done({"pin": "locked"} if self._is_locked_for_good(person) else {})
        if known is None:
            self._audit(person, "signed in")
        signed_in = {SIGNED_IN: person.id, SINCE: person.pin_set_at.isoformat()}
        return Done({**signed_in, "language": person.language, **self._overview(person)})

    def _change_pin(self, person: Staff, old: str, new: str) -> Done:
        """Tries count like those of signing in. Every call of hers is over, this one as well."""
        known = self._known_try()
        right = self._still_counts(person, known) if known else self._tried(person, old)
        if not right:
            return Done({"pin": "locked" if self._is_locked_for_good(person) else "wrong"})
        if known is None:
            roster.set_pin(self._hashes.make, person, new, self.session.at)
            self._audit(person, "PIN changed")
        return Done({"pin": "changed"})

    def _known_try(self) -> PinTry | None:
        """What was tried on this occasion before. Raises NotDone when it should have been."""
        known = self.session.get(PinTry, self._name_of(self._tried_at))
        if known is None and self.step.again:
            raise NotDone
        return known

    @property
    def _hashes(self) -> Hashes:
        return hashes_of(self.session, of_pins(self.line.vault))

    def _name_of(self, used_at: Callable[[bytes], datetime | None]) -> bytes:
        """Under which name this step of this call is noted, where `used_at` looks for it."""
        return name_in_call(self.step.history, used_at, self.step.since(self.session.at))

    def _tried_at(self, name: bytes) -> datetime | None:
        row = self.session.get(PinTry, name)
        return row.tried_at if row else None

    def _called_at(self, name: bytes) -> datetime | None:
        row = self.session.get(CallAttempt, name.hex())
        return row.at if row else None

    def _reminded_at(self, name: bytes) -> datetime | None:
        key = appointment_key(name)
        return self.session.scalar(select(Outbox.created_at).where(Outbox.dedupe_key == key))

    def _still_counts(self, person: Staff | None, known: PinTry) -> bool:
        """A call that is typed again was opened by the PIN of its time: is it that of today?"""
        return person is not None and known.right and known.tried_at >= person.pin_set_at

    def _tried(self, person: Staff | None, pin: str) -> bool:
        if person is not None:
            in_turn(self.session, f"pin {person.id}")
        locked = person is not None and pins.is_locked(self.session, person)
        right = is_pin(self._hashes, person, pin) and not locked
        if person is None:
            return False
        if not locked:
            name = self._name_of(self._tried_at)
            pins.note(self.session, person, name, right=right)
        if not right:
            pins.refused(self.session, person)
        elif person.pin_hash and self.line.vault.is_pin_outdated(person.pin_hash):
            person.pin_hash = self.line.vault.hash_pin(pin, roster.pin_of(person.id))
        return right

    def _is_locked_for_good(self, person: Staff | None) -> bool:
        return person is not None and pins.is_locked_for_good(self.session, person)

    def _overview(self, person: Staff) -> dict[str, str]:
        query = (
            _alerts_of(person)
            .where(Report.state.in_((ReportState.RECEIVED, ReportState.ACCEPTED)))
            .order_by(Alert.created_at.desc())
            .limit(LISTED)
        )
        lines = [
            f"{report.code} {report.priority} {casework.standing(report, alert)}"
            for alert, report in self.session.execute(query)
        ]
        on = rota.duty_of(self.session, person).on
        return {"duty": "on" if on else "off", "cases": "\n".join(lines)}

    def _set_duty(self, person: Staff, *, on: bool) -> Done:
        if not self.step.again:
            change = duty.come_on if on else duty.go_off
            change(self.session, person)
        return Done(self._overview(person), ring=True)

    def _not_hers(self, person: Staff, which: ColumnElement[bool]) -> Done:
        """She is told the same whether there is such a report; the log is told which it is."""
        report = self.session.scalars(select(Report).where(which)).first()
        self._audit(person, IN_VAIN, report)
        return Done({"standing": "gone"})

    def _find(self, person: Staff, which: ColumnElement[bool]) -> _Case | None:
        """A report she was alerted about, locked; nobody sees any other."""
        found = casework.find(self.session, person, which)
        return _Case(person, *found) if found else None

    def _file(self, case: _Case) -> CaseFile:
        line = self.line
        return CaseFile(line.vault, line.pack, self.session, case.person, case.report)

    def _facts(self, case: _Case) -> dict[str, str]:
        report = case.report
        standing = casework.standing(report, case.alert)
        so_far = self._file(case).so_far() if standing == "yours" else {}
        return {
            "case": report.id,
            "code": report.code,
            "priority": report.priority,
            "standing": standing,
            **so_far,
        }

    def _audit(
        self, person: Staff, act: str, report: Report | None = None, detail: str | None = None
    ) -> None:
        report_id = report.id if report else None
        audit.record(self.session, audit.staff(person.id), act, report_id, detail)


def _fact(state: State, name: str) -> str | None:
    return next((one.facts[name] for one in reversed(state.trail) if name in one.facts), None)


def _alerts_of(person: Staff) -> Select[Alert, Report]:
    return (
        select(Alert, Report)
        .join(Report, Report.id == Alert.report_id)
        .where(Alert.staff_id == person.id)
    )


def is_pin(hashes: Hashes, person: Staff | None, pin: str) -> bool:
    """The same work whether she is known or not: any place will do where there is nobody."""
    where = roster.pin_of(person.id if person else "nobody")
    return hashes.check(person.pin_hash if person else None, pin, where)


Who = Literal["asked", "holder", "holder looks"]
"""Whoever was asked about the report, or the one who accepted it and still has it."""

MAY: Final[Mapping[type[StaffCaseIntent], tuple[Who, Callable[[_Desk, _Case, Any], Any]]]] = {
    AcceptCase: ("asked", _Desk.accept),
    PassOn: ("asked", _Desk.pass_on),
    HandOver: ("holder", _Desk.hand_over),
    CloseCase: ("holder", _Desk.close),
    NoteCall: ("holder", _Desk.note_call),
    SetReminder: ("holder", _Desk.remind),
    DropReminder: ("holder", _Desk.drop_reminder),
    ReadAnswers: ("holder looks", _Desk.read_answers),
    RevealNumber: ("holder looks", _Desk.reveal_number),
    CheckSecret: ("holder looks", _Desk.check_secret),
}
"""Who may do what with a report, and what does it."""
