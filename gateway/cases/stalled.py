"""Accepted, and then nothing: the one who took a report is reminded, and others hear of it.

Accepting proves that somebody saw the alert. A report is handled when the caller was reached, when
it is closed, or, where nobody may call her (any more), when its answers were read. Until then its
holder is reminded; the second time the lead is told as well, the third time the operator is woken.
A P1 then is put to others again, because somebody may be in danger while all others think that it
is taken care of; less urgent ones stay with their holder, who may be helping without noting it.

Nobody is reminded of a call before the caller's hours: the time that a holder has begins with them.
But a report about a child is read first, at any hour: a worker must find the child.

`reports.remind_at` is when a clock looks next. Acceptance sets it to its own moment: those who
accept by SMS are answered by a process that does not need the country's times, and the first look
puts it off by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from gateway.audit import log as audit
from gateway.cases import casework, transitions
from gateway.cases.contacts import CallHours, Opening
from gateway.cases.escalation import LATE, EscalationPolicy
from gateway.sms import to_staff
from gateway.staff import operators, roster
from gateway.store.database import Session
from gateway.store.models import Audit, CallAttempt, Report, ReportState, Staff

TELL_LEAD: Final = 2
GIVE_UP: Final = 3
"""Reminders with which the lead hears of it, and with which the operator does."""

TAKEN_BACK: Final = frozenset({"P1"})
"""Priorities that are then put to others again."""

CHILD: Final = frozenset({"child", "child_danger"})
"""Reports that are about somebody else than the one who may be called."""

Times = Mapping[str, Sequence[int]]
"""By priority, minutes after which each reminder is due (country.toml, [reminders])."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a clock must know to remind: who is asked instead, the times, and callers' hours."""

    policy: EscalationPolicy
    times: Times
    hours: CallHours


def due(session: Session, most: int = 100) -> Sequence[str]:
    """The accepted reports to look at, the longest waiting first."""
    query = (
        select(Report.id)
        .where(Report.state == ReportState.ACCEPTED, Report.remind_at <= session.at)
        .order_by(Report.remind_at)
        .limit(most)
    )
    return session.scalars(query).all()


def look(session: Session, rules: Rules, report_id: str) -> bool:
    """Remind, if it is time; False when another clock was quicker or there is nothing to do."""
    query = select(Report).where(
        Report.id == report_id, Report.state == ReportState.ACCEPTED, Report.remind_at <= session.at
    )
    report = session.scalars(query.with_for_update(skip_locked=True)).first()
    if report is None:
        return False
    holder = session.get_one(Staff, report.accepted_by)
    _Silence(session, rules, report, holder).go_on()
    return True


@dataclass(frozen=True, slots=True)
class _Silence:
    """An accepted report of which nothing is heard."""

    session: Session
    rules: Rules
    report: Report
    holder: Staff

    def go_on(self) -> None:
        """Put it off until it is time; then remind, and the last time give up."""
        call = self.rules.hours.next(self.session, self.report.id, self.session.at)
        if call is None and self._is_read():
            casework.handled(self.report)
            return
        report, due_at = self.report, self._due_at(call)
        if self.session.at < due_at:
            transitions.remind(report, due_at, report.reminders)
            return
        if self.session.at - due_at > LATE:
            operators.wake(self.session, "timer_late", report=report.id)
        reminders = report.reminders + 1
        last = reminders >= GIVE_UP
        transitions.remind(
            report, None if last else self.session.at + self._wait(reminders), reminders
        )
        if last:
            self._wake_operator()
        if last and report.priority in TAKEN_BACK:
            casework.take_back(self.session, self.rules.policy, report)
        else:
            self._remind()

    def _due_at(self, call: Opening | None) -> datetime:
        """When the next reminder is due; the first one counts from the last thing that she did."""
        if call and call.at > self.session.at and not self._must_be_read():
            return self._once_it_is_safe(call.at)
        looked = self.report.remind_at or self.session.at
        return looked if self.report.reminders else max(looked, self._since() + self._wait(0))

    def _once_it_is_safe(self, begins: datetime) -> datetime:
        """After as long as ever, or when her hours begin if they are shorter than that."""
        due_at = begins + self._wait(self.report.reminders)
        then = self.rules.hours.next(self.session, self.report.id, due_at)
        return due_at if then and then.at == due_at else begins

    def _must_be_read(self) -> bool:
        return self.report.about in CHILD and not self._is_read()

    def _is_read(self) -> bool:
        """Whether the one who has it has read the answers since she accepted it."""
        read = select(Audit.id).where(
            Audit.report_id == self.report.id,
            Audit.actor == audit.staff(self.holder.id),
            Audit.act == casework.READ,
            Audit.at >= self.report.accepted_at,
        )
        return self.session.scalars(read.limit(1)).first() is not None

    def _wait(self, number: int) -> timedelta:
        """From the reminder before, or from the beginning."""
        minutes = self.rules.times[self.report.priority]
        before = minutes[number - 1] if number else 0
        return timedelta(minutes=minutes[number] - before)

    def _since(self) -> datetime:
        called = select(func.max(CallAttempt.at)).where(CallAttempt.report_id == self.report.id)
        moments = (self.report.accepted_at, self.session.scalar(called))
        return max((moment for moment in moments if moment), default=self.session.at)

    def _remind(self) -> None:
        number = str(self.report.reminders)
        audit.record(self.session, audit.SERVICE, "reminded", self.report.id, number)
        self._tell(self.holder, "still_open")
        if self.report.reminders >= TELL_LEAD:
            for lead in self._leads():
                self._tell(lead, "not_handled")

    def _wake_operator(self) -> None:
        report, centre = self.report.id, self.report.centre_id
        operators.wake(self.session, "accepted_but_idle", report=report, centre=centre)

    def _leads(self) -> Sequence[Staff]:
        """Who answers for the centre, or else for the country; nobody whom she shut out."""
        leads = roster.leads(self.session, self.report.centre_id)
        return self._others(leads) or self._others(
            roster.national_duty(self.session, self.rules.policy.desk)
        )

    def _others(self, people: Sequence[Staff]) -> Sequence[Staff]:
        avoid = self.report.avoid
        return [one for one in people if one != self.holder and one.centre_id not in avoid]

    def _tell(self, person: Staff, template: str) -> None:
        report = self.report
        to_staff.tell(
            self.session,
            person.id,
            template,
            key=f"{template}:{report.id}:{person.id}:{self.session.at.timestamp()}",
            report_id=report.id,
            values={"role": self.holder.role, "reminder": report.reminders},
        )
