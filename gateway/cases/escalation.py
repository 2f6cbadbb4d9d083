"""Whom an alert goes to, and whom it goes to next when nobody accepts.

There are three levels: staff on duty at the centre, then its lead, then the national duty. The last
level of a P1 is everybody registered at the centre and at the national desk, on duty or not, so
that no switch of anybody's keeps a danger from being heard; where nobody is on duty at either it is
the first. The times are the country's, the timer is a column of the report, and a level that nobody
is on is passed at once. A report that nobody has is never left alone: after the last level, the
service looks again and again for somebody who has come on duty since, asks those who did not answer
once more, and each look in vain is an alarm.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from gateway.audit import log as audit
from gateway.cases import folding, transitions
from gateway.runtime import alarms
from gateway.runtime.metrics import ALERTS
from gateway.sms import outbox
from gateway.staff import operators, roster, rota
from gateway.store.database import Session
from gateway.store.models import Alert, AlertState, Report, ReportState, Staff, Urgency, Waiting

ALERT_LIVES: Final = timedelta(hours=24)
"""An alert is dropped when it could not be sent for so long: others were asked long before."""

ON_DUTY, LEAD, LAST = range(3)
"""The levels: on duty at the centre; its lead; the national duty, for a P1 everybody."""

LEVELS: Final = LAST + 1

WAKES_EVERYBODY: Final = frozenset({"P1"})
"""Priorities whose last level does not ask who is on duty."""

ASK_AGAIN: Final = timedelta(minutes=10)
"""Those who did not answer are asked once more when their last SMS is so old."""

LOOK_AGAIN: Final = timedelta(minutes=5)
"""When everybody was asked, or nobody is there to ask."""

LATE: Final = timedelta(minutes=1)
"""A timer that fires later than this is an alarm: the clocks were down or are overwhelmed."""

_TIMERS: Final = (Report.escalate_at, Report.muted_until, Report.check_fold_at)
"""What a report that nobody has waits for: one of these."""

LONGEST_SAID: Final = 999
"""Minutes; a message to staff has room for three digits."""


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Minutes by priority after which the next level is asked, and the national desk.

    Within `fold`, reports from one number share one alert (gateway.cases.folding).
    """

    minutes: Mapping[str, Sequence[int]]
    desk: str
    fold: timedelta = timedelta(0)

    def accept_within(self, priority: str, level: int = 0) -> int:
        """Minutes that a level has, from when it was asked."""
        steps = self.minutes[priority]
        if level >= len(steps):
            return steps[0]
        return steps[level] - (steps[level - 1] if level else 0)


def priority(about: str, answers: Mapping[str, str]) -> str:
    """P1: danger now, a child at risk now, sexual violence within 72 hours, a child under 12.

    When it happened may be within 72 hours as long as nobody has said that it was not.
    """
    sexual = "sexual" in {answers.get("need"), answers.get("worry")}
    recent = answers.get("when") in {"within_72h", "ongoing", None}
    young = answers.get("age") in {"under_12", "0_5", "6_11"}
    if about in {"danger", "child_danger"} or "danger" in answers or young or (sexual and recent):
        return "P1"
    grown = about == "myself" and answers.get("age") == "adult"
    return "P3" if grown and answers.get("when") in {"older", None} else "P2"


def raise_alert(session: Session, policy: EscalationPolicy, report: Report) -> int:
    """Alert the first level on which somebody stands; how many were alerted.

    A report that is filled in later is raised again, and then only those who were not asked
    before hear of it.
    """
    call = _AlertRound(session, policy, report)
    for level in call.first_levels():
        standing = call.standing_on(level)
        if standing:
            return call.ask(level, call.not_yet_asked(standing))
        operators.wake(
            session, "nobody_on_rung", report=report.id, centre=report.centre_id, rung=level
        )
    return call.nobody()


def danger_again(
    session: Session, policy: EscalationPolicy, number_hash: bytes, report: Report, into: Report
) -> bool:
    """A number is in danger that was a moment ago; whether that is an alert of its own.

    It is one when somebody has the report before and has noted no call since: she is asked again,
    and so is the next level. If she has called she is told. While nobody has it, those who were
    asked are told, and the next level is asked earlier.
    """
    holder = session.get(Staff, into.accepted_by) if into.accepted_by else None
    if holder is not None and not folding.is_called(session, number_hash, report):
        call = _AlertRound(session, policy, report, again=True)
        call.ask(into.level, [holder])
        call.next(below=into.level)
        return True
    folding.fold(session, report, into)
    if holder is not None:
        folding.tell_again(session, number_hash, report)
    elif folding.is_asked_about(session, into):
        _AlertRound(session, policy, into, again=True).urge()
    return False


def due(session: Session, most: int = 100) -> Sequence[str]:
    """The reports that are due, the longest waiting first.

    Those that share another's alert come last: a flood makes thousands of them.
    """
    query = (
        select(Report.id)
        .where(_is_due(session.at))
        .order_by(Report.folded_into.is_not(None), func.coalesce(*_TIMERS))
        .limit(most)
    )
    return session.scalars(query).all()


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(Report.state == ReportState.RECEIVED, or_(*(timer <= at for timer in _TIMERS)))


def escalate(session: Session, policy: EscalationPolicy, report_id: str) -> bool:
    """Ask the next level about a report that is due; False when another clock was quicker."""
    query = select(Report).where(Report.id == report_id, _is_due(session.at))
    report = session.scalars(query.with_for_update(skip_locked=True)).first()
    if report is None:
        return False
    if report.folded_into or report.waiting == Waiting.MUTED:
        if not folding.is_carried(session, report):
            transitions.wait(report, None)
            _AlertRound(session, policy, report).next(below=LAST)
        return True
    lost = int((session.at - report.created_at).total_seconds() // 60)
    call = _AlertRound(session, policy, report, minutes_lost=min(max(lost, 1), LONGEST_SAID))
    if report.escalate_at is not None and session.at - report.escalate_at > LATE:
        operators.wake(session, "timer_late", report=report.id, rung=report.level)
    operators.wake(session, "not_accepted", report=report.id, rung=report.level)
    if call.next():
        audit.record(session, audit.SERVICE, "escalated", report.id, f"rung {report.level}")
    return True


def ask_again(session: Session, policy: EscalationPolicy, report: Report) -> int:
    """Alert anew all who were asked and did not decline; if there is none, the next level."""
    call = _AlertRound(session, policy, report)
    query = select(Alert).where(
        Alert.report_id == report.id, Alert.state.in_((AlertState.OPEN, AlertState.SETTLED))
    )
    alerts = session.scalars(query).all()
    told = outbox.alerts_told(session, report.id)
    sent = {alert.id: told[alert.id].sent if alert.id in told else 0 for alert in alerts}
    again = [alert for alert in alerts if sent[alert.id] < outbox.MOST_SENDS]
    if not again:
        return call.next(below=LAST)
    call.send(again, sent)
    return len(again)


def stop(session: Session, report: Report) -> None:
    """Nobody can or need act on it any more: what has not left is dropped, nobody else is asked."""
    transitions.escalate_at(report, None)
    query = select(Alert).where(Alert.report_id == report.id, Alert.state == AlertState.OPEN)
    for alert in session.scalars(query):
        alert.state, alert.answered_at = AlertState.SETTLED, session.at
    outbox.withdraw(session, report.id, "staff")
    transitions.look_at_folded(session, report)


def give_up(session: Session, alert_id: str) -> None:
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
        count_out(session, report, alert, AlertState.UNREACHABLE)


def not_delivered(session: Session, alert_id: str) -> None:
    """The network says that the SMS of an alert never reached its phone."""
    alert = session.get(Alert, alert_id)
    if alert is not None:
        operators.wake(session, "not_delivered", report=alert.report_id)
        give_up(session, alert_id)


def count_out(session: Session, report: Report, alert: Alert, state: AlertState) -> None:
    """One person will not take it: when nobody else is asked, the next level is asked at once."""
    alert.state, alert.answered_at = state, session.at
    session.flush()
    query = select(Alert.id).where(Alert.report_id == report.id, Alert.state == AlertState.OPEN)
    if session.scalars(query).first() is None:
        transitions.escalate_at(report, session.at)


@dataclass(frozen=True, slots=True)
class _AlertRound:
    """One call for somebody to take a report.

    `minutes_lost`: nobody took it for so long. `again`: its number was in danger before.
    """

    session: Session
    policy: EscalationPolicy
    report: Report
    minutes_lost: int | None = None
    again: bool = False

    def next(self, below: int | None = None) -> int:
        """Ask the next level with somebody new on it, and who has come on duty at the centre since.

        `below` is the level that was asked last, if it is not the report's.
        """
        last = self.report.level if below is None else below
        for step in range(1, LEVELS + 1):
            level = (last + step) % LEVELS
            people = self.not_yet_asked(self.standing_on(level))
            if people:
                since = self.not_yet_asked(self.standing_on(ON_DUTY))
                return self.ask(level, [*people, *(one for one in since if one not in people)])
        return self.nobody()

    def first_levels(self) -> Iterator[int]:
        """The levels to begin with; the lead is left out for a P1 when nobody is on duty at all."""
        yield ON_DUTY
        if not (self._wakes_everybody and self._is_nobody_on_duty()):
            yield LEAD
        yield LAST

    def standing_on(self, level: int) -> list[Staff]:
        """Everybody on a level, but nobody from a centre that must not hear of it."""
        report = self.report
        return [
            person
            for person in self._on(level)
            if person.centre_id not in report.avoid
            and (report.investigator or person.role != roster.INVESTIGATOR)
        ]

    def _on(self, level: int) -> Sequence[Staff]:
        session, centre, desk = self.session, self.report.centre_id, self.policy.desk
        if level == ON_DUTY and centre != desk:
            return roster.on_duty(session, centre)
        if level == LEAD:
            return roster.leads(session, centre)
        if level == LAST and self._wakes_everybody:
            return roster.everybody(session, centre, desk)
        return roster.national_duty(session, desk)

    @property
    def _wakes_everybody(self) -> bool:
        return self.report.priority in WAKES_EVERYBODY

    def _is_nobody_on_duty(self) -> bool:
        """Neither at the centre nor at the desk, of those who may hear of it."""
        duties = (rota.duty_of(self.session, one) for one in self.standing_on(LAST))
        return not any(duty.on for duty in duties)

    def not_yet_asked(self, people: Sequence[Staff]) -> list[Staff]:
        asked = self._asked()
        return [person for person in people if person.id not in asked]

    def ask(self, level: int, people: Sequence[Staff]) -> int:
        """Alert these people. When there are none, those who were asked before keep their time."""
        if not people:
            return 0
        transitions.ask(self.report, level)
        alerts = [
            Alert(
                id=str(uuid.uuid4()),
                report_id=self.report.id,
                staff_id=person.id,
                level=level,
                state=AlertState.OPEN,
                created_at=self.session.at,
            )
            for person in people
        ]
        self.session.add_all(alerts)
        self.send(alerts)
        return len(alerts)

    def send(self, alerts: Sequence[Alert], sent: Mapping[str, int] | None = None) -> None:
        """Queue the SMS of these alerts, and set the timer of the report's level.

        `sent` is how often each may have reached its person already.
        """
        within = self.policy.accept_within(self.report.priority, self.report.level)
        transitions.escalate_at(self.report, self.session.at + timedelta(minutes=within))
        late = self.minutes_lost is not None
        template = "alert_not_accepted" if late else "alert_again" if self.again else "alert"
        for alert in alerts:
            alert.state, alert.answered_at = AlertState.OPEN, None
        for alert in alerts:
            outbox.add(
                self.session,
                dedupe_key=f"alert:{alert.id}:{self.session.at.isoformat()}",
                audience="staff",
                template=template,
                lives=ALERT_LIVES,
                report_id=self.report.id,
                staff_id=alert.staff_id,
                alert_id=alert.id,
                values={"minutes": self.minutes_lost if late else within},
                sent=(sent or {}).get(alert.id, 0),
                urgency=Urgency[self.report.priority],
            )
        ALERTS.labels(self.report.priority).inc(len(alerts))

    def urge(self) -> None:
        """Tell those who were asked once more, and ask the next level: both after a pause."""
        told = outbox.alerts_told(self.session, self.report.id)
        last = max((one.last_at for one in told.values()), default=self.session.at)
        by = max(self.session.at, last + folding.AGAIN_PAUSE)
        by = min(by, self.report.escalate_at or by)
        if self.session.at - last >= folding.AGAIN_PAUSE:
            self._ask_once_more(told, self.session.at - folding.AGAIN_PAUSE)
        transitions.escalate_at(self.report, by)

    def nobody(self) -> int:
        """Nobody new is left to ask: tell the operator, ask once more, look again in minutes."""
        report = self.report
        kind: alarms.Kind = "nobody_accepts" if self._asked() else "nobody_to_alert"
        operators.wake(self.session, kind, report=report.id, centre=report.centre_id)
        told = outbox.alerts_told(self.session, report.id)
        again = self._ask_once_more(told, self.session.at - ASK_AGAIN)
        transitions.escalate_at(report, self.session.at + LOOK_AGAIN)
        return again

    def _ask_once_more(self, told: Mapping[str, outbox.Told], before: datetime) -> int:
        """Those who did not answer, as long as it is three SMS at most about one report."""
        silent = select(Alert).where(
            Alert.report_id == self.report.id,
            Alert.state.in_((AlertState.OPEN, AlertState.UNREACHABLE)),
        )
        again = [
            alert
            for alert in self.session.scalars(silent)
            if (so_far := told.get(alert.id)) is None or so_far.may_be_told(before)
        ]
        self.send(again, {id_: one.sent for id_, one in told.items()})
        return len(again)

    def _asked(self) -> set[str]:
        query = select(Alert.staff_id).where(Alert.report_id == self.report.id)
        return set(self.session.scalars(query))
