"""Whom an alert goes to, and whom it goes to next when nobody accepts.

A ladder of rungs: staff on duty at the centre, then its lead, then the national duty. The times
are the country's, the timer is a column of the report, and a rung on which nobody stands is passed
at once. A report that nobody has is never left alone: when the ladder is at its end, the service
looks again and again for somebody who has come on duty since, and each look in vain is an alarm.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import alarms, audit, outbox, roster
from gateway.logs import log
from gateway.metrics import ALERTS
from gateway.models import Alert, AlertState, Report, ReportState, Staff

ALERT_LIVES: Final = timedelta(hours=24)
"""An alert is dropped when it could not be sent for so long: the ladder went on long before."""

RUNGS: Final = 3
"""On duty at the centre, its lead, the national duty."""

LOOK_AGAIN: Final = timedelta(minutes=5)
"""When everybody was asked, or nobody is there to ask."""

LATE: Final = timedelta(minutes=1)
"""A timer that fires later than this is an alarm: the clocks were down or are overwhelmed."""

LONGEST_SAID: Final = 999
"""Minutes; a message to staff has room for three digits."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Minutes by priority after which the next rung is called, and who stands on the last one."""

    minutes: Mapping[str, Sequence[int]]
    desk: str

    def accept_within(self, priority: str, rung: int = 0) -> int:
        """Minutes that a rung has, from when it was called."""
        steps = self.minutes[priority]
        if rung >= len(steps):
            return steps[0]
        return steps[rung] - (steps[rung - 1] if rung else 0)


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
    """Alert the first rung on which somebody stands; how many were alerted.

    A report that is filled in later is raised again, and then only those who were not asked
    before hear of it.
    """
    call = _Call(session, ladder, report, at)
    for rung in range(RUNGS):
        standing = call.standing_on(rung)
        if standing:
            return call.ask(rung, call.not_yet_asked(standing))
        alarms.wake(
            session, at, "nobody_on_rung", report=report.id, centre=report.centre_id, rung=rung
        )
    return call.nobody()


def due(session: Session, at: datetime, most: int = 100) -> Sequence[str]:
    """The reports whose time is up, the longest waiting first."""
    query = (
        select(Report.id)
        .where(Report.state == ReportState.RECEIVED, Report.climb_at <= at)
        .order_by(Report.climb_at)
        .limit(most)
    )
    return session.scalars(query).all()


def climb(session: Session, ladder: Ladder, report_id: str, at: datetime) -> bool:
    """Call the next rung of a report whose time is up; False when another clock was quicker."""
    query = select(Report).where(
        Report.id == report_id, Report.state == ReportState.RECEIVED, Report.climb_at <= at
    )
    report = session.scalars(query.with_for_update(skip_locked=True)).first()
    if report is None:
        return False
    lost = int((at - report.created_at).total_seconds() // 60)
    call = _Call(session, ladder, report, at, minutes_lost=min(max(lost, 1), LONGEST_SAID))
    if report.climb_at is not None and at - report.climb_at > LATE:
        alarms.wake(session, at, "timer_late", report=report.id, rung=report.rung)
    alerted = call.next()
    if alerted:
        audit.record(session, at, audit.SERVICE, "escalated", report.id, f"rung {report.rung}")
    log.warning(
        "not_accepted", report=report.id, priority=report.priority, rung=report.rung, count=alerted
    )
    return True


def ask_again(session: Session, ladder: Ladder, report: Report, at: datetime) -> int:
    """Alert anew all who were asked and did not decline; if there is none, the next rung."""
    call = _Call(session, ladder, report, at)
    query = select(Alert).where(
        Alert.report_id == report.id, Alert.state.in_((AlertState.OPEN, AlertState.SETTLED))
    )
    alerts = session.scalars(query).all()
    if not alerts:
        return call.next()
    for alert in alerts:
        alert.state, alert.answered_at = AlertState.OPEN, None
    call.send(report.rung, alerts)
    return len(alerts)


def give_up(session: Session, alert_id: str, at: datetime) -> None:
    """The SMS of an alert cannot reach its person: ask somebody else, if it is still open."""
    query = (
        select(Report)
        .join(Alert, Alert.report_id == Report.id)
        .where(Alert.id == alert_id)
        .with_for_update(of=Report)
    )
    report = session.scalars(query).first()
    alert = session.get(Alert, alert_id)
    if report is None or alert is None or report.state != ReportState.RECEIVED:
        return
    if alert.state == AlertState.OPEN:
        count_out(session, report, alert, AlertState.UNREACHABLE, at)


def count_out(
    session: Session, report: Report, alert: Alert, state: AlertState, at: datetime
) -> None:
    """One person will not take it: when nobody else is asked, the next rung is called at once."""
    alert.state, alert.answered_at = state, at
    session.flush()
    query = select(Alert.id).where(Alert.report_id == report.id, Alert.state == AlertState.OPEN)
    if session.scalars(query).first() is None:
        report.climb_at = at


@dataclass(frozen=True, slots=True)
class _Call:
    """One call for somebody to take a report. `minutes_lost`: nobody took it for so long."""

    session: Session
    ladder: Ladder
    report: Report
    at: datetime
    minutes_lost: int | None = None

    def next(self) -> int:
        """Ask the next rung with somebody new on it, then who has come on duty below it since."""
        for step in range(1, RUNGS + 1):
            rung = (self.report.rung + step) % RUNGS
            people = self.not_yet_asked(self.standing_on(rung))
            if people:
                return self.ask(rung, people)
        return self.nobody()

    def standing_on(self, rung: int) -> list[Staff]:
        """Everybody on a rung, but nobody from a centre that must not hear of it."""
        session, report, desk = self.session, self.report, self.ladder.desk
        people: Sequence[Staff]
        if rung == 0 and report.centre_id != desk:
            people = roster.on_duty(session, report.centre_id, investigator=report.investigator)
        elif rung == 1:
            people = roster.leads(session, report.centre_id)
        else:
            people = roster.national_duty(session, desk)
        return [person for person in people if person.centre_id not in report.avoid]

    def not_yet_asked(self, people: Sequence[Staff]) -> list[Staff]:
        asked = self._asked()
        return [person for person in people if person.id not in asked]

    def ask(self, rung: int, people: Sequence[Staff]) -> int:
        """Alert these people. When there are none, those who were asked before keep their time."""
        if not people:
            return 0
        alerts = [
            Alert(
                id=str(uuid.uuid4()),
                report_id=self.report.id,
                staff_id=person.id,
                rung=rung,
                state=AlertState.OPEN,
                created_at=self.at,
            )
            for person in people
        ]
        self.session.add_all(alerts)
        self.send(rung, alerts)
        return len(alerts)

    def send(self, rung: int, alerts: Sequence[Alert]) -> None:
        """Queue the SMS of these alerts, and set the timer of their rung."""
        within = self.ladder.accept_within(self.report.priority, rung)
        self.report.rung = rung
        self.report.climb_at = self.at + timedelta(minutes=within)
        late = self.minutes_lost is not None
        for alert in alerts:
            outbox.add(
                self.session,
                dedupe_key=f"alert:{alert.id}:{self.at.isoformat()}",
                audience="staff",
                template="alert_not_accepted" if late else "alert",
                at=self.at,
                lives=ALERT_LIVES,
                report_id=self.report.id,
                staff_id=alert.staff_id,
                alert_id=alert.id,
                values={"minutes": self.minutes_lost if late else within},
            )
        ALERTS.labels(self.report.priority).inc(len(alerts))

    def nobody(self) -> int:
        """Nobody is left to ask: tell the operator, and look again in some minutes."""
        report = self.report
        kind: alarms.Kind = "nobody_accepts" if self._asked() else "nobody_to_alert"
        alarms.wake(self.session, self.at, kind, report=report.id, centre=report.centre_id)
        report.climb_at = self.at + LOOK_AGAIN
        return 0

    def _asked(self) -> set[str]:
        query = select(Alert.staff_id).where(Alert.report_id == self.report.id)
        return set(self.session.scalars(query))
