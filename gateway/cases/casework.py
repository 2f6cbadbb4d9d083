"""What a member of staff does with a report she was alerted about, by SMS or by phone.

Each function works inside the caller's transaction, on what `find` locked, and leaves the audit row
in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import ColumnElement, Select, select

from gateway.audit import log as audit
from gateway.cases import escalation, folding, transitions
from gateway.cases.escalation import EscalationPolicy
from gateway.sms import outbox, to_staff
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import Alert, AlertState, CallAttempt, Report, ReportState, Staff
from menus import messages
from menus.intents import CallOutcome

Standing = Literal["new", "yours", "taken", "passed", "closed"]
"""A report as seen by one who was alerted about it."""

READ: Final = "read answers"
"""What the audit log calls a look at the answers."""


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
    return session.scalars(folding.own_alert(report, person.id)).one(), report


def accept(session: Session, alert: Alert, report: Report, person: Staff) -> bool:
    """Take a report that nobody has; True when it was free. The others are told."""
    if report.state != ReportState.RECEIVED:
        return False
    transitions.accept(report, alert, session.at)
    outbox.withdraw(session, report.id, "staff")
    folding.take_along(session, report, person)
    _settle_others(session, report, person)
    audit.record(session, audit.staff(person.id), "accepted", report.id)
    return True


def pass_on(session: Session, alert: Alert, report: Report, person: Staff) -> bool:
    """She cannot: when nobody else is still asked, the next level is asked at once."""
    if report.state != ReportState.RECEIVED:
        return False
    escalation.count_out(session, report, alert, AlertState.DECLINED)
    audit.record(session, audit.staff(person.id), "passed on", report.id)
    return True


def hand_over(
    session: Session, policy: EscalationPolicy, alert: Alert, report: Report, person: Staff
) -> bool:
    """Give an accepted report back: those asked before are alerted again, or the next level is."""
    if not is_hers(report, person):
        return False
    _let_go(session, policy, alert, report)
    audit.record(session, audit.staff(person.id), "handed over", report.id)
    return True


def release(session: Session, policy: EscalationPolicy, person: Staff) -> int:
    """She has left: others have what she had, and are asked what she was; how many reports.

    Reports that others stand for come last: those are let go of with them.
    """
    count = 0
    for report in session.scalars(_waiting_for(person).with_for_update(of=Report)).all():
        alert = session.scalars(folding.own_alert(report, person.id)).one()
        if is_hers(report, person):
            _let_go(session, policy, alert, report)
        elif report.state == ReportState.RECEIVED and alert.state == AlertState.OPEN:
            escalation.count_out(session, report, alert, AlertState.DECLINED)
        else:
            continue
        audit.record(session, audit.OPERATOR, "handed over", report.id)
        count += 1
    return count


def _waiting_for(person: Staff) -> Select[Report]:
    """What she was asked about, and nobody has closed."""
    return (
        select(Report)
        .join(Alert, Alert.report_id == Report.id)
        .where(Alert.staff_id == person.id)
        .where(Report.state.in_((ReportState.RECEIVED, ReportState.ACCEPTED)))
        .order_by(Report.folded_into.is_not(None), Report.id)
    )


def take_back(session: Session, policy: EscalationPolicy, report: Report) -> None:
    """She accepted it and did nothing since: others are asked, as if she had handed it over."""
    holder = report.accepted_by
    alert = session.scalars(folding.own_alert(report, holder)).one()
    _let_go(session, policy, alert, report)
    audit.record(session, audit.SERVICE, "taken back", report.id)
    key = f"taken back:{report.id}:{session.at.isoformat()}"
    to_staff.tell(session, holder, "passed_on", key=key, report_id=report.id)


def _let_go(session: Session, policy: EscalationPolicy, alert: Alert, report: Report) -> None:
    """Whoever has it next makes appointments of her own: what reminds of the old one is dropped."""
    folding.let_go(session, report)
    transitions.give_back(report, alert, session.at)
    outbox.withdraw(session, report.id, "caller", messages.APPOINTMENTS)
    session.flush()
    escalation.ask_again(session, policy, report)


def close(session: Session, report: Report, person: Staff) -> bool:
    """Nothing is left to do; what has not left for the caller is dropped."""
    if not is_hers(report, person):
        return False
    transitions.close(report, session.at)
    outbox.withdraw(session, report.id, "caller")
    audit.record(session, audit.staff(person.id), "closed", report.id)
    return True


def note_call(
    session: Session, report: Report, person: Staff, outcome: CallOutcome, call: bytes
) -> bool:
    """Keep what came of a call. `call` is the occasion: noted twice on it, it is one call.

    A report counts as handled once she was reached; after any other call the time in which its
    holder is not reminded begins anew.
    """
    if not is_hers(report, person):
        return False
    attempt = {"report_id": report.id, "staff_id": person.id, "at": session.at, "outcome": outcome}
    if not add_once(session, CallAttempt, id=call.hex(), **attempt):
        return False
    if outcome == "reached":
        handled(report)
    else:
        transitions.remind(report, session.at)
    audit.record(session, audit.staff(person.id), "called", report.id, outcome)
    return True


def handled(report: Report) -> None:
    """Its holder has done what there was to do first: nobody reminds her any more."""
    transitions.remind(report, None)


def contact_changed(session: Session, report: Report) -> None:
    """She may be called at other hours now, or not at all: its holder is reminded by those.

    Whom she has spoken with already needs no reminder.
    """
    reached = (CallAttempt.report_id == report.id, CallAttempt.outcome == "reached")
    spoken = session.scalar(select(CallAttempt.id).where(*reached).limit(1))
    if report.state == ReportState.ACCEPTED and spoken is None:
        transitions.remind(report, session.at)


def calls(session: Session, report: Report) -> Sequence[CallAttempt]:
    """What came of the calls so far, whoever made them, the last one first."""
    query = select(CallAttempt).where(CallAttempt.report_id == report.id)
    return session.scalars(query.order_by(CallAttempt.at.desc(), CallAttempt.id)).all()


def is_hers(report: Report, person: Staff) -> bool:
    """Whether she accepted it, and still has it."""
    return report.state == ReportState.ACCEPTED and report.accepted_by == person.id


def _settle_others(session: Session, report: Report, person: Staff) -> None:
    """Everybody else who was asked learns that nothing is left to do."""
    query = select(Alert).where(Alert.report_id == report.id, Alert.staff_id != person.id)
    for other in session.scalars(query):
        if other.state == AlertState.OPEN:
            other.state, other.answered_at = AlertState.SETTLED, session.at
        to_staff.tell(
            session,
            other.staff_id,
            "accepted_by",
            key=f"told:{other.id}:{person.id}",
            report_id=report.id,
            values={"role": person.role},
        )
