"""Several reports from one number within minutes share one alert, and none of them is lost.

She presses "send", the line drops, and she begins anew; or a child plays with the phone. Staff who
are woken once for it come, staff who are woken six times stop coming. So a report that says nothing
more urgent than an open one of the same number is folded into it: kept in full, taken along by
whoever accepts the other, and alerted by itself as soon as the other no longer stands for it.

Danger is folded into nothing but danger, and it is told again however often it comes
(gateway.cases.escalation.danger_again): who has been in danger before may be in worse. No report
is put before eyes that its caller shut out.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, bindparam, func, select

from gateway.audit import log as audit
from gateway.cases import transitions
from gateway.runtime.phones import Msisdn
from gateway.sms import to_staff
from gateway.store.database import Session
from gateway.store.models import (
    Alert,
    CallAttempt,
    NumberUse,
    Outbox,
    Report,
    ReportState,
    Staff,
    Urgency,
    Waiting,
)
from gateway.vault.vault import Vault

REPORTED: Final = "reported"
"""What a number did, in `number_uses`."""

BEHIND: Final = timedelta(minutes=1)
"""How long after the timer of the report that carries it a folded one is looked at."""

OWN_ALERT: Final = frozenset({"danger", "child_danger"})
"""What is folded only into its own kind, and is told again each time."""

TOLD_AGAIN: Final = ("again", "alert_again")
"""The SMS that say so."""

AGAIN_PAUSE: Final = timedelta(minutes=2)
"""Danger again from a number is told no closer than this."""

_NUMBER_OF: Final = select(NumberUse.number_hash).where(
    NumberUse.report_id == bindparam("report"), NumberUse.what == REPORTED
)

_OTHERS: Final = (
    select(Report)
    .join(NumberUse, NumberUse.report_id == Report.id)
    .where(
        NumberUse.number_hash == bindparam("number"),
        NumberUse.what == REPORTED,
        NumberUse.at > bindparam("since"),
        Report.id != bindparam("report"),
        Report.state.in_((ReportState.RECEIVED, ReportState.ACCEPTED)),
        Report.folded_into.is_(None),
        Report.waiting.is_distinct_from(Waiting.NOBODY_CAN_ACT),
        Report.centre_id == bindparam("centre"),
        Report.priority <= bindparam("priority"),
        Report.investigator == bindparam("investigator"),
    )
    .order_by(NumberUse.at)
    .with_for_update(of=Report)
)
"""Open reports of a number that are as urgent as one, at the same place, with the same readers."""

_ASKED: Final = (
    select(Alert.id).where(Alert.report_id.in_(bindparam("reports", expanding=True))).limit(1)
)


def note(session: Session, vault: Vault, report: Report, number: Msisdn) -> None:
    """Note, by a hash, which number a report comes from; a draft may be sent without it."""
    session.flush()
    session.add(
        NumberUse(
            id=str(uuid.uuid4()),
            number_hash=vault.fingerprint("limits", REPORTED, number.reveal()),
            what=REPORTED,
            at=session.at,
            report_id=report.id,
        )
    )


def number_of(session: Session, report: Report) -> bytes | None:
    """The hash of the number that a report came from; None when that was days ago."""
    session.flush()
    return session.scalars(_NUMBER_OF, {"report": report.id}).first()


def carrier(session: Session, number_hash: bytes, report: Report, since: datetime) -> Report | None:
    """The report whose alert this one of the same number may share, locked, if it is as young.

    The oldest; for danger the newest, which is the one that was told last.
    """
    others = session.scalars(
        _OTHERS,
        {
            "number": number_hash,
            "since": since,
            "report": report.id,
            "centre": report.centre_id,
            "priority": report.priority,
            "investigator": report.investigator,
        },
    )
    found = [one for one in others if _may_stand_for(one, report)]
    newest = -1 if report.about in OWN_ALERT else 0
    return found[newest] if found else None


def _may_stand_for(earlier: Report, report: Report) -> bool:
    same_kind = earlier.about == report.about
    urgent = {earlier.about, report.about} & OWN_ALERT
    return (same_kind or not urgent) and set(report.avoid) <= set(earlier.avoid)


def fold(session: Session, report: Report, into: Report) -> None:
    """Let one report stand for another; whoever has it already has both."""
    waits = into.state == ReportState.RECEIVED and into.waiting != Waiting.MUTED
    if waits and not is_asked_about(session, into):
        transitions.escalate_at(into, session.at)  # Somebody may have come on duty since.
    transitions.fold(report, into, (into.due_at or session.at) + BEHIND)
    holder = session.get(Staff, into.accepted_by) if into.accepted_by else None
    if into.state == ReportState.ACCEPTED and holder is not None:
        _take(session, report, holder)
        if report.about not in OWN_ALERT:
            # Once for the report that she holds, however many follow it.
            key = f"folded:{into.id}"
            to_staff.tell(session, holder.id, "yours", key=key, report_id=report.id)


def is_asked_about(session: Session, report: Report) -> bool:
    """Whether somebody was asked to take a report, or the one that stands for it, and still is."""
    session.flush()
    if report.waiting == Waiting.NOBODY_CAN_ACT:
        return False
    return session.scalars(_ASKED, {"reports": [report.id, report.folded_into]}).first() is not None


def is_called(session: Session, number_hash: bytes, report: Report) -> bool:
    """Whether a call to a number was noted since it was in danger before this report."""
    hers = (NumberUse.number_hash == number_hash, NumberUse.what == REPORTED)
    dangers = select(func.max(NumberUse.at)).join(Report, Report.id == NumberUse.report_id)
    before = dangers.where(*hers, Report.about.in_(OWN_ALERT), Report.id != report.id)
    calls = select(CallAttempt.id).join(NumberUse, NumberUse.report_id == CallAttempt.report_id)
    since = calls.where(*hers, CallAttempt.at >= before.scalar_subquery())
    return session.scalars(since.limit(1)).first() is not None


def tell_again(session: Session, number_hash: bytes, report: Report) -> None:
    """Tell who has it that the same number is in danger again: at once, or when the pause is over.

    One that is still to leave says it for all.
    """
    told = (
        select(func.max(Outbox.due_at))
        .join(NumberUse, NumberUse.report_id == Outbox.report_id)
        .where(NumberUse.number_hash == number_hash, NumberUse.what == REPORTED)
        .where(Outbox.staff_id == report.accepted_by, Outbox.template.in_(TOLD_AGAIN))
    )
    last = session.scalar(told)
    if last is not None and last > session.at:
        return
    to_staff.tell(
        session,
        report.accepted_by,
        "again",
        key=f"again:{report.id}",
        report_id=report.id,
        due_at=max(session.at, last + AGAIN_PAUSE) if last else session.at,
        urgency=Urgency[report.priority],
    )


def take_along(session: Session, report: Report, person: Staff) -> None:
    """Who accepts a report has accepted those that were folded into it."""
    folded = select(Report).where(
        Report.folded_into == report.id, Report.state == ReportState.RECEIVED
    )
    for one in session.scalars(folded.with_for_update()):
        _take(session, one, person)


def is_carried(session: Session, report: Report) -> bool:
    """Whether another report still stands for this one, which is due. If not, it stands alone.

    The safety net of folding: whatever became of the other report, this one is not forgotten.
    """
    into = session.get(Report, report.folded_into) if report.folded_into else None
    waits = into is not None and into.state == ReportState.RECEIVED
    if into is not None and waits and into.waiting != Waiting.NOBODY_CAN_ACT:
        transitions.fold(report, into, max(into.due_at or session.at, session.at) + BEHIND)
        return True
    holder = session.get(Staff, into.accepted_by) if into and into.accepted_by else None
    if into is not None and into.state == ReportState.ACCEPTED and holder is not None:
        _take(session, report, holder)
        return True
    transitions.stand_alone(report)
    return False


def let_go(session: Session, report: Report) -> None:
    """Who gives a report back gives back what came with it: it waits for whoever takes both."""
    folded = select(Report).where(
        Report.folded_into == report.id,
        Report.state == ReportState.ACCEPTED,
        Report.accepted_by == report.accepted_by,
    )
    for one in session.scalars(folded.with_for_update()):
        alert = session.scalars(own_alert(one, one.accepted_by)).one()
        transitions.give_back(one, alert, session.at, session.at + BEHIND)


def _take(session: Session, report: Report, person: Staff) -> None:
    alert = session.scalars(own_alert(report, person.id)).first()
    if alert is None:
        alert = Alert(
            id=str(uuid.uuid4()),
            report_id=report.id,
            staff_id=person.id,
            level=report.level,
            created_at=session.at,
        )
        session.add(alert)
    transitions.accept(report, alert, session.at)
    audit.record(session, audit.staff(person.id), "accepted", report.id, "folded")


def own_alert(report: Report, staff_id: str | None) -> Select[Alert]:
    """The alert of a report that went to one member of staff."""
    return select(Alert).where(Alert.report_id == report.id, Alert.staff_id == staff_id)
