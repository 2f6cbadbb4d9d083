"""The staff's USSD line: what a signed-in member of staff does, one transaction each.

This process holds the centre's private key, so it is the one that reads answers and numbers. Every
look is in the audit log, in the transaction of the look itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, Select, func, select
from sqlalchemy.orm import Session

from gateway import alarms, audit, casework, contacts, database, roster
from gateway.conversation import Done, NotDone, Step
from gateway.country import Pack
from gateway.escalation import Ladder
from gateway.models import Alert, Audit, PinTry, Report, ReportState, Staff
from gateway.once import in_turn
from gateway.reports import answers_of
from gateway.vault import Vault
from menus.intents import (
    AcceptCase,
    CheckSecret,
    CloseCase,
    HandOver,
    Intent,
    ListCases,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    RevealNumber,
    SetDuty,
    SignIn,
)

MOST_PIN_TRIES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=30)
"""So many wrong PINs within this time lock the line for that number."""

MOST_SECRET_TRIES: Final = 5
"""Wrong tries within an hour at the numbers a caller chose, by whomever: staff need not guess."""

MOST_REVEALS: Final = 10
"""Telephone numbers one member of staff may see within an hour."""

LISTED: Final = 12
"""Open reports shown to one person, newest alert first."""


class NotSignedIn(LookupError):
    """A step after signing in from a number that is no longer registered."""


@dataclass(frozen=True, slots=True)
class StaffLine:
    """Carries out the intents of the staff's menus (gateway.conversation.Deeds)."""

    engine: Engine
    vault: Vault
    ladder: Ladder
    pack: Pack

    def do(self, intent: Intent, step: Step) -> Done:
        """Do it in one transaction. Raises database.DatabaseDown; then nothing was done."""
        with database.writing(self.engine, "staff.step") as session:
            desk = _Desk(self, session, step, database.now(session))
            return desk.do(intent)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One step of one member of staff, inside its transaction."""

    line: StaffLine
    session: Session
    step: Step
    at: datetime

    def do(self, intent: Intent) -> Done:
        person = roster.by_number(self.session, self.line.vault, self.step.msisdn)
        if isinstance(intent, SignIn):
            return self._sign_in(person, intent.pin)
        if person is None:
            raise NotSignedIn("the number is not registered any more")
        match intent:
            case ListCases():
                return Done(self._overview(person))
            case SetDuty(on):
                return self._set_duty(person, on=on)
            case OpenForStaff(code):
                return self._shown(person, Report.code == code, "opened")
            case _:
                return self._on_case(person, intent)

    def _on_case(self, person: Staff, intent: Intent) -> Done:
        found = self._find(person, Report.id == getattr(intent, "case", ""))
        if found is None:
            return Done({"standing": "gone"})
        alert, report = found
        if casework.standing(report, alert) == "yours":
            looked = self._look(person, report, intent)
            if looked is not None:
                return Done(looked)
        if not self.step.again:
            self._act(person, alert, report, intent)
        return Done(_facts(alert, report), ring=True)

    def _look(self, person: Staff, report: Report, intent: Intent) -> dict[str, str] | None:
        """What only the one who accepted may see; None for an intent that is no look."""
        match intent:
            case ReadAnswers():
                return self._answers(person, report)
            case RevealNumber(_, reason):
                return self._number(person, report, reason)
            case CheckSecret(_, typed):
                return self._secret(person, report, typed)
        return None

    def _act(self, person: Staff, alert: Alert, report: Report, intent: Intent) -> None:
        match intent:
            case AcceptCase():
                casework.accept(self.session, alert, report, person, self.at)
            case PassOn():
                casework.pass_on(self.session, alert, report, person, self.at)
            case HandOver():
                ladder = self.line.ladder
                casework.hand_over(self.session, ladder, alert, report, person, self.at)
            case CloseCase():
                casework.close(self.session, report, person, self.at)

    def _sign_in(self, person: Staff | None, pin: str) -> Done:
        """The same work for an unknown number, a wrong PIN and a locked one."""
        known = self.session.get(PinTry, self.step.history)
        if known is None and self.step.again:
            raise NotDone
        right = known.right if known else self._tried(person, pin)
        if person is None or not right:
            return Done({})
        return Done({"staff": person.id, "language": person.language, **self._overview(person)})

    def _tried(self, person: Staff | None, pin: str) -> bool:
        if person is not None:
            in_turn(self.session, f"pin {person.id}")
        locked = person is not None and self._failures(person) >= MOST_PIN_TRIES
        right = self.line.vault.check_secret(person.pin_hash if person else None, pin)
        if person is None:
            return False
        right = right and not locked
        self.session.add(
            PinTry(request=self.step.history, staff_id=person.id, tried_at=self.at, right=right)
        )
        self._audit(person, "signed in" if right else "wrong PIN")
        if not right:
            alarms.sound("wrong_pin", centre=person.centre_id)
        return right

    def _failures(self, person: Staff) -> int:
        query = select(func.count()).where(
            PinTry.staff_id == person.id,
            PinTry.right.is_(False),
            PinTry.tried_at > self.at - LOCKED_FOR,
        )
        return self.session.scalar(query) or 0

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
        return {"duty": "on" if person.on_duty else "off", "cases": "\n".join(lines)}

    def _set_duty(self, person: Staff, *, on: bool) -> Done:
        if person.on_duty != on and not self.step.again:
            person.on_duty = on
            self._audit(person, "on duty" if on else "off duty")
        return Done(self._overview(person))

    def _shown(self, person: Staff, which: ColumnElement[bool], act: str) -> Done:
        found = self._find(person, which)
        if found is None:
            return Done({"standing": "gone"})
        self._audit(person, act, found[1])
        return Done(_facts(*found))

    def _find(self, person: Staff, which: ColumnElement[bool]) -> tuple[Alert, Report] | None:
        """A report she was alerted about, locked; nobody sees any other."""
        return casework.find(self.session, person, which)

    def _answers(self, person: Staff, report: Report) -> dict[str, str]:
        self._audit(person, "read answers", report)
        if report.answers is None:
            return {}
        key = contacts.open_key(self.session, self.line.vault, report.id, "answers")
        given: Mapping[str, str] = json.loads(key.decrypt(report.answers, answers_of(report.id)))
        facts = {f"answer.{question}": answer for question, answer in given.items()}
        if "area" in given:
            facts["answer.area"] = self._place(given["area"])
        if report.partial:
            facts["partial"] = "yes"
        return facts

    def _place(self, area: str) -> str:
        """An area by its own name and those around it, up to where centres are listed."""
        places = self.line.pack.places
        found = places.get(area)
        names = []
        while found is not None and found.level >= places.centre_level:
            names.append(found.name)
            found = places.get(found.parent) if found.parent else None
        return ", ".join(names) or area

    def _number(self, person: Staff, report: Report, reason: str) -> dict[str, str]:
        in_turn(self.session, f"reveal {person.id}")
        mine = Audit.actor == audit.staff(person.id)
        if self._lately("revealed", mine) >= MOST_REVEALS:
            self._audit(person, "reveal refused", report)
            alarms.sound("reveal_limit", centre=person.centre_id)
            return {"limit": "reached"}
        self._audit(person, "revealed", report, reason)
        reachable = contacts.read(self.session, self.line.vault, report.id)
        if reachable is None:
            return {}
        number = reachable.other_number or reachable.number.reveal()
        return {"number": number, "window": reachable.window}

    def _lately(self, act: str, of: ColumnElement[bool]) -> int:
        """How often an act was done within the last hour."""
        lately = Audit.at > self.at - timedelta(hours=1)
        return self.session.scalar(select(func.count()).where(Audit.act == act, of, lately)) or 0

    def _secret(self, person: Staff, report: Report, typed: str) -> dict[str, str]:
        if report.secret_hash is None:
            return {"secret": "none"}
        in_turn(self.session, f"secret {report.id}")
        allowed = self._lately("secret wrong", Audit.report_id == report.id) < MOST_SECRET_TRIES
        right = self.line.vault.check_secret(report.secret_hash, typed) and allowed
        self._audit(person, "secret right" if right else "secret wrong", report)
        return {"secret": "right" if right else "wrong"}

    def _audit(
        self, person: Staff, act: str, report: Report | None = None, detail: str | None = None
    ) -> None:
        report_id = report.id if report else None
        audit.record(self.session, self.at, audit.staff(person.id), act, report_id, detail)


def _alerts_of(person: Staff) -> Select[Alert, Report]:
    return (
        select(Alert, Report)
        .join(Report, Report.id == Alert.report_id)
        .where(Alert.staff_id == person.id)
    )


def _facts(alert: Alert, report: Report) -> dict[str, str]:
    return {
        "case": report.id,
        "code": report.code,
        "priority": report.priority,
        "standing": casework.standing(report, alert),
    }
