"""What a caller meant, carried out: one transaction each, once however often it is asked for.

This is the only writer of reports on the callers' side. It holds public keys only, so it can keep
a number and answers but never read them back.
"""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import audit, contacts, database, escalation, outbox
from gateway.conversation import Done, Step
from gateway.escalation import Ladder
from gateway.metrics import REPORTS
from gateway.models import Alert, AlertState, Centre, CodeTry, Report, ReportState
from gateway.vault import Vault, Where
from menus.checks import check_digit
from menus.intents import ChangeContact, DeleteReport, Intent, OpenCase, Send, StopContact

CODE_DIGITS: Final = 5
"""Digits of a code before its check digit: short enough to be remembered."""

COLLISIONS: Final = 3
"""After so many codes that were taken, the next ones are a digit longer."""

RACES: Final = 5
"""How often a transaction that collided with a twin of itself is tried again."""

COURTESY_LIVES: Final = timedelta(minutes=15)
"""The confirming SMS to a caller is dropped after this: late, it could reach anybody."""

_STATUS: Final = {
    ReportState.RECEIVED: "received",
    ReportState.ACCEPTED: "handled",
    ReportState.CLOSED: "closed",
}


@dataclass(frozen=True, slots=True)
class Reports:
    """Carries out the callers' intents (gateway.conversation.Deeds)."""

    engine: Engine
    vault: Vault
    ladder: Ladder
    tries_per_day: int

    def do(self, intent: Intent, step: Step) -> Done:
        """Do it in one transaction. Raises database.DatabaseDown; then nothing was done."""
        for last in (*(False,) * (RACES - 1), True):
            try:
                with database.writing(self.engine) as session:
                    return self._do(session, intent, step)
            except IntegrityError:
                # A second copy of this step ran at the same time. What it did is now visible.
                if last:
                    raise
        raise AssertionError

    def _do(self, session: Session, intent: Intent, step: Step) -> Done:
        at = database.now(session)
        match intent:
            case Send():
                return self._send(session, intent, step, at)
            case OpenCase():
                return self._open(session, intent, step, at)
            case StopContact(case):
                return self._stop_contact(session, case, at)
            case ChangeContact():
                return self._change_contact(session, intent, step, at)
            case DeleteReport(case):
                return self._delete(session, case, at)

    def _send(self, session: Session, send: Send, step: Step, at: datetime) -> Done:
        request = self._request(step, send.about)
        query = select(Report.code).where(Report.request == request)
        code = session.scalars(query).first()
        if code is not None:
            return Done({"ref": code}, ring=True)
        begun = self._begun(session, send, step)
        report = begun or self._new(session, send, step, request, at)
        self._fill(session, report, send, step, at)
        alerted = escalation.raise_alert(session, self.ladder, report, at)
        if send.contact and send.contact.by == "sms":
            self._confirm_by_sms(session, report, at)
        act = "completed" if begun else "reported"
        audit.record(session, at, audit.CALLER, act, report.id, f"{alerted} alerted")
        REPORTS.labels(send.about, report.priority).inc()
        return Done({"ref": report.code}, ring=True)

    def _begun(self, session: Session, send: Send, step: Step) -> Report | None:
        """The alert that this same session sent before and that this report fills in."""
        if send.completes is None:
            return None
        query = select(Report).where(
            Report.code == send.completes,
            Report.request == self._request(step, "child_danger"),
            Report.state != ReportState.DELETED,
        )
        return session.scalars(query.with_for_update()).first()

    def _new(
        self, session: Session, send: Send, step: Step, request: bytes, at: datetime
    ) -> Report:
        report = Report(
            id=str(uuid.uuid4()),
            code=_unused_code(session),
            request=request,
            about=send.about,
            state=ReportState.RECEIVED,
            language=step.language,
            network=step.network,
            created_at=at,
            secret_hash=self.vault.hash_secret(send.secret) if send.secret else None,
        )
        session.add(report)
        return report

    def _fill(self, session: Session, report: Report, send: Send, step: Step, at: datetime) -> None:
        report.priority = escalation.priority(send.about, send.answers)
        report.centre_id = self._centre(session, send)
        report.avoid = list(send.avoid)
        report.investigator = send.investigator or report.about in {"danger", "child_danger"}
        contacts.forget_all_keys(session, report.id)
        key = self.vault.new_key(report.id, "answers")
        answers = {**send.answers, **({"area": send.area} if send.area else {})}
        report.answers = key.encrypt(
            json.dumps(answers).encode(), Where("reports", "answers", report.id)
        )
        session.flush()
        contacts.keep_keys(session, report.id, "answers", key)
        if send.contact:
            contacts.keep(session, self.vault, report.id, step.msisdn, send.contact, at)

    def _centre(self, session: Session, send: Send) -> str:
        known = send.centre and session.get(Centre, send.centre)
        return known.id if known else self.ladder.desk

    def _confirm_by_sms(self, session: Session, report: Report, at: datetime) -> None:
        outbox.add(
            session,
            dedupe_key=f"confirmed:{report.id}",
            audience="caller",
            template="confirmed",
            at=at,
            lives=COURTESY_LIVES,
            report_id=report.id,
        )

    def _open(self, session: Session, asked: OpenCase, step: Step, at: datetime) -> Done:
        """Look up by code and secret: the same work and words whatever is wrong."""
        repeated = session.get(CodeTry, step.history)
        if repeated is not None:
            return _standing(session, repeated.report_id)
        code_hash = self.vault.fingerprint("code", asked.code)
        number_hash = self.vault.fingerprint("code_try", step.msisdn.reveal())
        allowed = self._tries(session, code_hash, number_hash, at) < self.tries_per_day
        query = select(Report).where(Report.code == asked.code, Report.answers.is_not(None))
        report = session.scalars(query).first()
        matches = self.vault.check_secret(report.secret_hash if report else None, asked.secret)
        opened = report if report and matches and allowed else None
        session.add(
            CodeTry(
                request=step.history,
                code_hash=code_hash,
                number_hash=number_hash,
                tried_at=at,
                report_id=opened.id if opened else None,
            )
        )
        audit.record(
            session,
            at,
            audit.CALLER,
            "looked" if opened else "no match",
            opened.id if opened else None,
        )
        return _standing(session, opened.id if opened else None)

    def _tries(self, session: Session, code_hash: bytes, number_hash: bytes, at: datetime) -> int:
        """Failed tries of the last day, the larger of those for the code and from the number."""
        query = select(func.count()).where(
            CodeTry.tried_at > at - timedelta(days=1), CodeTry.report_id.is_(None)
        )
        of_code = session.scalar(query.where(CodeTry.code_hash == code_hash)) or 0
        of_number = session.scalar(query.where(CodeTry.number_hash == number_hash)) or 0
        return max(of_code, of_number)

    def _stop_contact(self, session: Session, case: str, at: datetime) -> Done:
        contacts.forget(session, case)
        outbox.withdraw(session, case, "caller", at)
        audit.record(session, at, audit.CALLER, "contact stopped", case)
        return Done({})

    def _change_contact(
        self, session: Session, change: ChangeContact, step: Step, at: datetime
    ) -> Done:
        report = session.get(Report, change.case)
        if report is None or report.answers is None:
            return Done({})
        contacts.keep(session, self.vault, report.id, step.msisdn, change.contact, at)
        audit.record(session, at, audit.CALLER, "contact changed", report.id)
        return Done({})

    def _delete(self, session: Session, case: str, at: datetime) -> Done:
        """The keys go first, then what they opened; the bare row stays to be counted."""
        report = session.get(Report, case, with_for_update=True)
        if report is None:
            return Done({})
        contacts.forget_all_keys(session, report.id)
        contacts.forget(session, report.id)
        report.answers = report.secret_hash = report.climb_at = None
        report.avoid = []
        report.state = ReportState.DELETED
        outbox.withdraw(session, report.id, "caller", at)
        outbox.withdraw(session, report.id, "staff", at)
        _settle_alerts(session, report.id, at)
        audit.record(session, at, audit.CALLER, "deleted", report.id)
        return Done({})

    def _request(self, step: Step, about: str) -> bytes:
        """One report of each kind in a session, however often "send" arrives."""
        return self.vault.fingerprint("session", step.session.hex(), about)


def _standing(session: Session, report_id: str | None) -> Done:
    report = session.get(Report, report_id) if report_id else None
    if report is None or report.state == ReportState.DELETED:
        return Done({})
    return Done({"status": _STATUS[ReportState(report.state)], "case": report.id})


def _settle_alerts(session: Session, report_id: str, at: datetime) -> None:
    query = select(Alert).where(Alert.report_id == report_id, Alert.state == AlertState.OPEN)
    for alert in session.scalars(query):
        alert.state, alert.answered_at = AlertState.SETTLED, at


def _unused_code(session: Session) -> str:
    """A code that no report has. Random, so that one code tells nothing about the others."""
    digits, taken = CODE_DIGITS, 0
    while True:
        bare = f"{secrets.randbelow(10**digits):0{digits}}"
        code = bare + check_digit(bare)
        if session.scalars(select(Report.id).where(Report.code == code)).first() is None:
            return code
        taken += 1
        digits = CODE_DIGITS + taken // COLLISIONS
