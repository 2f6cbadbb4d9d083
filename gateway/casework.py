"""What a member of staff does with a report she was alerted about, by SMS or by phone.

Each function works inside the caller's transaction, on what `find` locked, and leaves the audit row
in it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from gateway import audit, escalation, outbox
from gateway.escalation import Ladder
from gateway.models import Alert, AlertState, Report, ReportState, Staff

Standing = Literal["new", "yours", "taken", "passed", "closed"]
"""A report as seen by one who was alerted about it."""

TOLD_LIVES: Final = timedelta(minutes=30)
"""News for colleagues is dropped after this: by then it is none."""


def standing(report: Report, alert: Alert) -> Standing:
    """Where a report stands for the one this alert went to."""
    match report.state:
        case ReportState.RECEIVED:
            return "passed" if alert.state == AlertState.DECLINED else "new"
        case ReportState.ACCEPTED:
            return "yours" if report.accepted_by == alert.staff_id else "taken"
        case _:
            return "closed"


def find(
    session: Session, person: Staff, which: ColumnElement[bool]
) -> tuple[Alert, Report] | None:
    """A report she was alerted about, locked, with her own alert as it is once the lock is held.

    The report alone is locked: whoever holds it changes the alerts of others too.
    """
    hers = select(Report).join(Alert, Alert.report_id == Report.id)
    query = hers.where(Alert.staff_id == person.id, which).with_for_update(of=Report)
    report = session.scalars(query).first()
    if report is None:
        return None
    own = select(Alert).where(Alert.report_id == report.id, Alert.staff_id == person.id)
    return session.scalars(own).one(), report


def accept(session: Session, alert: Alert, report: Report, person: Staff, at: datetime) -> bool:
    """Take a report that nobody has; True when it was free. The others are told."""
    if report.state != ReportState.RECEIVED:
        return False
    report.state, report.accepted_at = ReportState.ACCEPTED, at
    report.accepted_by, report.climb_at = person.id, None
    alert.state, alert.answered_at = AlertState.ACCEPTED, at
    outbox.withdraw(session, report.id, "staff", at)
    _tell_others(session, report, person, at)
    audit.record(session, at, audit.staff(person.id), "accepted", report.id)
    return True


def pass_on(session: Session, alert: Alert, report: Report, person: Staff, at: datetime) -> bool:
    """She cannot: when nobody else is still asked, the next rung is called at once."""
    if report.state != ReportState.RECEIVED:
        return False
    escalation.count_out(session, report, alert, AlertState.DECLINED, at)
    audit.record(session, at, audit.staff(person.id), "passed on", report.id)
    return True


def hand_over(
    session: Session, ladder: Ladder, alert: Alert, report: Report, person: Staff, at: datetime
) -> bool:
    """Give an accepted report back: those asked before are alerted again, or the next rung is."""
    if report.state != ReportState.ACCEPTED or report.accepted_by != person.id:
        return False
    report.state, report.accepted_by, report.accepted_at = ReportState.RECEIVED, None, None
    alert.state, alert.answered_at = AlertState.DECLINED, at
    session.flush()
    escalation.ask_again(session, ladder, report, at)
    audit.record(session, at, audit.staff(person.id), "handed over", report.id)
    return True


def close(session: Session, report: Report, person: Staff, at: datetime) -> bool:
    """Nothing is left to do; what has not left for the caller is dropped."""
    if report.state != ReportState.ACCEPTED or report.accepted_by != person.id:
        return False
    report.state, report.closed_at = ReportState.CLOSED, at
    outbox.withdraw(session, report.id, "caller", at)
    audit.record(session, at, audit.staff(person.id), "closed", report.id)
    return True


def _tell_others(session: Session, report: Report, person: Staff, at: datetime) -> None:
    """Everybody else who was asked learns that nothing is left to do."""
    query = select(Alert).where(Alert.report_id == report.id, Alert.staff_id != person.id)
    for other in session.scalars(query):
        if other.state == AlertState.OPEN:
            other.state, other.answered_at = AlertState.SETTLED, at
        outbox.add(
            session,
            dedupe_key=f"told:{other.id}:{person.id}",
            audience="staff",
            template="accepted_by",
            at=at,
            lives=TOLD_LIVES,
            report_id=report.id,
            staff_id=other.staff_id,
            values={"role": person.role},
        )
