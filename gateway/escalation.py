"""Whom an alert goes to, and whom it goes to next when nobody accepts.

A ladder of rungs: staff on duty at the centre, then its lead, then the national duty. The times
are the country's, the timer is a column of the report, and reaching a rung on which nobody stands
means going on to the next one at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import audit, outbox, roster
from gateway.logs import log
from gateway.metrics import ALARMS, ALERTS
from gateway.models import Alert, AlertState, Report, ReportState, Staff

ALERT_LIVES: Final = timedelta(hours=24)
"""An alert is dropped when it could not be sent for so long: the ladder went on long before."""

RUNGS: Final = 3
"""On duty at the centre, its lead, the national duty."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Minutes by priority after which the next rung is called, and who stands on the last one."""

    minutes: Mapping[str, Sequence[int]]
    desk: str

    def accept_within(self, priority: str) -> int:
        """Minutes that the first rung has."""
        return self.minutes[priority][0]

    def next_climb(self, priority: str, rung: int, raised_at: datetime) -> datetime | None:
        """When the report climbs from `rung`, counted from when it was raised."""
        steps = self.minutes[priority]
        return raised_at + timedelta(minutes=steps[rung]) if rung < len(steps) else None


def priority(about: str, answers: Mapping[str, str]) -> str:
    """P1: danger now, a child at risk now, sexual violence within 72 hours, a child under 12."""
    sexual = "sexual" in {answers.get("need"), answers.get("worry")}
    recent = answers.get("when") in {"within_72h", "ongoing"}
    young = answers.get("age") in {"under_12", "0_5", "6_11"}
    if about in {"danger", "child_danger"} or "danger" in answers or young or (sexual and recent):
        return "P1"
    grown = about == "myself" and answers.get("age") == "adult"
    return "P3" if grown and answers.get("when") in {"older", None} else "P2"


def raise_alert(session: Session, ladder: Ladder, report: Report, at: datetime) -> int:
    """Alert the first rung on which somebody stands; how many were alerted."""
    return _call(session, ladder, report, rung=0, at=at, minutes_lost=None)


def climb_due(session: Session, ladder: Ladder, at: datetime, most: int = 100) -> int:
    """Call the next rung of every report whose time is up; how many reports that were."""
    query = (
        select(Report)
        .where(Report.state == ReportState.RECEIVED, Report.climb_at <= at)
        .order_by(Report.climb_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    reports = session.scalars(query).all()
    for report in reports:
        lost = int((at - report.created_at).total_seconds() // 60)
        alerted = _call(session, ladder, report, rung=report.rung + 1, at=at, minutes_lost=lost)
        audit.record(session, at, audit.SERVICE, "escalated", report.id, f"rung {report.rung}")
        log.warning(
            "not_accepted",
            report=report.id,
            priority=report.priority,
            rung=report.rung,
            count=alerted,
        )
    return len(reports)


def ask_again(session: Session, ladder: Ladder, report: Report, at: datetime) -> int:
    """Alert anew all who were asked and did not decline; if there is none, the next rung."""
    query = select(Alert).where(
        Alert.report_id == report.id, Alert.state.in_((AlertState.OPEN, AlertState.SETTLED))
    )
    alerts = session.scalars(query).all()
    if not alerts:
        return _call(session, ladder, report, rung=report.rung + 1, at=at, minutes_lost=None)
    for alert in alerts:
        alert.state, alert.answered_at = AlertState.OPEN, None
        _queue(session, ladder, report, alert, at, minutes_lost=None)
    report.climb_at = at + timedelta(minutes=ladder.accept_within(report.priority))
    return len(alerts)


def _call(
    session: Session,
    ladder: Ladder,
    report: Report,
    *,
    rung: int,
    at: datetime,
    minutes_lost: int | None,
) -> int:
    people: list[Staff] = []
    while rung < RUNGS and not people:
        people = _not_yet_asked(session, report, _standing_on(session, ladder, report, rung))
        if not people:
            ALARMS.labels("nobody_on_rung").inc()
            log.warning("nobody_on_rung", report=report.id, centre=report.centre_id, rung=rung)
            rung += 1
    report.rung = min(rung, RUNGS)
    report.climb_at = ladder.next_climb(report.priority, report.rung, report.created_at)
    if report.climb_at is not None and report.climb_at <= at:
        report.climb_at = at + timedelta(minutes=ladder.accept_within(report.priority))
    if not people:
        ALARMS.labels("nobody_to_alert").inc()
        log.error("nobody_to_alert", report=report.id, centre=report.centre_id)
    _alert(session, ladder, report, people, at, minutes_lost)
    ALERTS.labels(report.priority).inc(len(people))
    return len(people)


def _standing_on(session: Session, ladder: Ladder, report: Report, rung: int) -> Sequence[Staff]:
    centre = report.centre_id
    if rung == 0 and centre != ladder.desk:
        return roster.on_duty(session, centre, investigator=report.investigator)
    if rung == 1:
        return roster.leads(session, centre)
    return roster.national_duty(session, ladder.desk)


def _not_yet_asked(session: Session, report: Report, people: Sequence[Staff]) -> list[Staff]:
    asked = set(session.scalars(select(Alert.staff_id).where(Alert.report_id == report.id)))
    return [person for person in people if person.id not in asked]


def _alert(
    session: Session,
    ladder: Ladder,
    report: Report,
    people: Sequence[Staff],
    at: datetime,
    minutes_lost: int | None,
) -> None:
    alerts = [
        Alert(
            id=str(uuid.uuid4()),
            report_id=report.id,
            staff_id=person.id,
            rung=report.rung,
            state=AlertState.OPEN,
            created_at=at,
        )
        for person in people
    ]
    session.add_all(alerts)
    session.flush()
    for alert in alerts:
        _queue(session, ladder, report, alert, at, minutes_lost=minutes_lost)


def _queue(
    session: Session,
    ladder: Ladder,
    report: Report,
    alert: Alert,
    at: datetime,
    *,
    minutes_lost: int | None,
) -> None:
    late = minutes_lost is not None
    minutes = minutes_lost if late else ladder.accept_within(report.priority)
    outbox.add(
        session,
        dedupe_key=f"alert:{alert.id}:{at.isoformat()}",
        audience="staff",
        template="alert_not_accepted" if late else "alert",
        at=at,
        lives=ALERT_LIVES,
        report_id=report.id,
        staff_id=alert.staff_id,
        alert_id=alert.id,
        values={"minutes": minutes},
    )
