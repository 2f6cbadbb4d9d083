"""My code: what a caller may see and do with a report whose code and secret she knows.

Least disclosure: where it stands, and nothing of what was reported, where, or to whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from gateway.audit import log as audit
from gateway.cases import casework, contacts, data_keys, escalation, transitions
from gateway.cases.hashing import Hashes, hashes_of, of_secrets
from gateway.conversation.contract import Done, NotDone, Occasion
from gateway.sms import outbox
from gateway.store.database import Session
from gateway.store.insert_once import in_turn, name_in_call
from gateway.store.models import (
    CodeTry,
    ContactRow,
    NumberUse,
    Report,
    ReportState,
)
from gateway.vault.fields import Where
from gateway.vault.vault import Vault
from menus.intents import CaseIntent, ChangeContact, DeleteReport, OpenCase, StopContact

_STATUS: Final = {
    ReportState.RECEIVED: "received",
    ReportState.ACCEPTED: "handled",
    ReportState.CLOSED: "closed",
}


_NO_REPORT: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class MyCode:
    """Opens reports to their callers. Every method works inside the caller's transaction."""

    vault: Vault
    tries_per_day: int

    def do(self, session: Session, intent: CaseIntent, step: Occasion) -> Done:
        """Carry out what she asked for. Raises NotDone for what should have been done before.

        All but opening end their session, so there is nothing to come back to after them.
        """
        match intent:
            case OpenCase():
                return self.open(session, intent, step)
            case _ if step.again:
                raise NotDone
            case StopContact(case):
                return self.stop_contact(session, case)
            case ChangeContact():
                return self.change_contact(session, intent, step)
            case DeleteReport(case):
                return self.delete(session, case)

    def open(self, session: Session, asked: OpenCase, step: Occasion) -> Done:
        """Look up by code and secret: the same work and words whatever is wrong."""

        def tried_at(name: bytes) -> datetime | None:
            row = session.get(CodeTry, name)
            return row.tried_at if row else None

        request = name_in_call(step.history, tried_at, step.since(session.at))
        repeated = session.get(CodeTry, request)
        if repeated is not None:
            return _standing(session, repeated.report_id)
        if step.again:
            raise NotDone
        code_hash = self.vault.fingerprint("code", asked.code)
        number_hash = self.vault.fingerprint("code_try", step.msisdn.reveal())
        for counted in sorted((code_hash.hex(), number_hash.hex())):
            in_turn(session, counted)
        allowed = self._failures(session, code_hash, number_hash) < self.tries_per_day
        report = _with_code(session, asked.code)
        matches = self._matches(hashes_of(session, of_secrets(self.vault)), report, asked.secret)
        opened = report.id if report and matches and allowed else None
        if report and opened and report.secret_hash and self.vault.is_outdated(report.secret_hash):
            report.secret_hash = self.vault.hash_secret(asked.secret, secret_of(report.id))
        session.add(
            CodeTry(
                request=request,
                code_hash=code_hash,
                number_hash=number_hash,
                tried_at=session.at,
                report_id=opened,
            )
        )
        audit.record(session, audit.CALLER, "looked" if opened else "no match", opened)
        return _standing(session, opened)

    def check_ahead(self, session: Session, hashes: Hashes, asked: OpenCase) -> None:
        """Check the secret before the transaction that counts the try."""
        self._matches(hashes, _with_code(session, asked.code), asked.secret)

    def _matches(self, hashes: Hashes, report: Report | None, secret: str) -> bool:
        """The same work whether there is a report or not: any place will do where there is none."""
        where = secret_of(report.id if report else _NO_REPORT)
        return hashes.check(report.secret_hash if report else None, secret, where)

    def stop_contact(self, session: Session, case: str) -> Done:
        """Destroy the number; staff can then not reach her at all."""
        contacts.forget(session, case)
        _unlink_number(session, case)
        outbox.withdraw(session, case, "caller")
        report = session.get(Report, case)
        if report is not None:
            casework.contact_changed(session, report)
        audit.record(session, audit.CALLER, "contact stopped", case)
        return Done({})

    def change_contact(self, session: Session, change: ChangeContact, step: Occasion) -> Done:
        """Replace how she may be reached, on the number of this session."""
        report = session.get(Report, change.case)
        if report is not None and report.state in _STATUS:
            contacts.replace(session, self.vault, report.id, step.msisdn, change.contact)
            outbox.withdraw(session, report.id, "caller")
            casework.contact_changed(session, report)
            audit.record(session, audit.CALLER, "contact changed", report.id)
        return Done({})

    def delete(self, session: Session, case: str) -> Done:
        """The keys go first, then what they opened; the bare row stays to be counted."""
        report = session.get(Report, case, with_for_update=True)
        if report is None:
            return Done({})
        data_keys.forget_all_keys(session, report.id)
        contacts.forget(session, report.id)
        transitions.delete(report)
        _unlink_number(session, report.id)
        outbox.withdraw(session, report.id, "caller")
        escalation.stop(session, report)
        audit.record(session, audit.CALLER, "deleted", report.id)
        return Done({})

    def _failures(self, session: Session, code_hash: bytes, number_hash: bytes) -> int:
        """Failed tries of the last day, the larger of those for the code and from the number."""
        query = select(func.count()).where(
            CodeTry.tried_at > session.at - timedelta(days=1), CodeTry.report_id.is_(None)
        )
        of_code = session.scalar(query.where(CodeTry.code_hash == code_hash)) or 0
        of_number = session.scalar(query.where(CodeTry.number_hash == number_hash)) or 0
        return max(of_code, of_number)


def secret_of(report_id: str) -> Where:
    """Where the secret of a report lies."""
    return Where("reports", "secret_hash", report_id)


def _with_code(session: Session, code: str) -> Report | None:
    query = select(Report).where(Report.code == code, Report.state.in_(_STATUS))
    return session.scalars(query).first()


def _standing(session: Session, report_id: str | None) -> Done:
    report = session.get(Report, report_id) if report_id else None
    if report is None or report.state not in _STATUS:
        return Done({})
    return Done(
        {
            "status": _STATUS[ReportState(report.state)],
            "case": report.id,
            "contact": "yes" if _may_be_contacted(session, report) else "",
        }
    )


def _may_be_contacted(session: Session, report: Report) -> bool:
    """As far as this process can tell: it cannot read by which channel, and at what hours."""
    contact = session.get(ContactRow, report.id)
    return contact is not None and contact.sms_stopped_at is None


def _unlink_number(session: Session, report_id: str) -> None:
    """No hash of a number leads to this report any more; tries and uses are still counted."""
    session.execute(delete(CodeTry).where(CodeTry.report_id == report_id))
    session.execute(
        update(NumberUse).where(NumberUse.report_id == report_id).values(report_id=None)
    )
