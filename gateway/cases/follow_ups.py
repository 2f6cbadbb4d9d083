"""SMS to a caller after her report was accepted: a reminder of an appointment, and a check-in.

Both are for an adult who allowed SMS, and leave inside the hours that she gave. "Now" was a moment
that is over, so it allows neither. Everything is looked at again when they leave
(workers/compose.py); here it is decided when that is.

The check-in is queued when the report is closed, not when it is accepted: until then somebody has
it and speaks with her, and it may be accepted by an SMS to a process that cannot read whether she
allowed any.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from gateway.cases import contacts, data_keys, safe_hours
from gateway.cases.contacts import Reachable
from gateway.cases.reports import answers_of
from gateway.country.facts import Hours, SafeHours
from gateway.country.pack import Pack
from gateway.sms import outbox
from gateway.store.database import Session
from gateway.store.models import Outbox, OutboxState, Report, Staff
from gateway.vault.errors import CannotOpen
from gateway.vault.vault import Vault
from menus.intents import PartOfDay, Window
from menus.messages import APPOINTMENTS

AHEAD: Final = timedelta(hours=3)
"""A reminder leaves at least so long before the part of the day of the appointment begins."""

LIVES: Final = timedelta(minutes=30)
"""A follow-up that could not leave for so long is dropped: late, it could reach anybody."""

Day = Literal["today", "tomorrow"]
"""What the day of an appointment is called by a reminder of it."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """What staff agreed with a caller: a part of the day, so many days from today.

    `occasion` is when they said so: a reminder that is asked for twice on it is one.
    """

    days: int
    part: PartOfDay
    occasion: bytes


@dataclass(frozen=True, slots=True)
class Slot:
    """When a reminder leaves, and what it calls the day of the appointment."""

    at: datetime
    says: Day


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The hours of a country and its zone, in which safe hours are counted."""

    hours: SafeHours
    zone: ZoneInfo

    def reminder(self, day: date, part: PartOfDay, window: Window, now: datetime) -> Slot | None:
        """When to remind of an appointment; None when none of her hours is left before it.

        As late as her hours allow: on the same day some hours before, or else the day before.
        """
        begins = self._moments(day, safe_hours.hours_of(part, self.hours))[0]
        days: tuple[tuple[date, Day], ...] = (
            (day, "today"),
            (day - timedelta(days=1), "tomorrow"),
        )
        for one, says in days:
            at = self._latest(one, window, begins - AHEAD)
            if at is not None and now <= at:
                return Slot(at, says)
        return None

    def first(self, day: date, window: Window) -> datetime | None:
        """When her hours of a day begin; None where the clocks are put forward over them."""
        if window == "now":
            return None
        opens, _ = self._moments(day, safe_hours.hours_of(window, self.hours))
        return opens if self._is_hers(opens, day, window) else None

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def _latest(self, day: date, window: Window, before: datetime) -> datetime | None:
        """The latest moment of her hours on a day, with time left to send in."""
        if window == "now":
            return None
        opens, shuts = self._moments(day, safe_hours.hours_of(window, self.hours))
        at = min(before, shuts - LIVES)
        return at if opens <= at and self._is_hers(at, day, window) else None

    def _is_hers(self, at: datetime, day: date, window: Window) -> bool:
        """Where clocks are put forward, 02:30 may not exist and be 03:30 by the time it comes."""
        safe = safe_hours.is_safe_now(window, at, at, self.hours, self.zone)
        return safe and at.astimezone(self.zone).date() == day

    def _moments(self, day: date, part: Hours) -> tuple[datetime, datetime]:
        """In UTC: between moments of one zone Python counts what the clock on the wall says."""
        opens, shuts = (
            datetime.combine(day, one, self.zone).astimezone(UTC) for one in (part.start, part.end)
        )
        return opens, shuts


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Queues them. Only for a role that may read how a caller is reached and what she answered."""

    vault: Vault
    pack: Pack

    @property
    def clockwork(self) -> Clockwork:
        return Clockwork(self.pack.hours, self.pack.timezone)

    def may_write(self, session: Session, report: Report) -> bool:
        """Whether a follow-up may be sent to the caller of a report at all."""
        return self._writable(session, report) is not None

    def remind(
        self, session: Session, report: Report, holder: Staff, appointment: Appointment
    ) -> bool:
        """Queue the reminder of an appointment, in place of an earlier one; whether one is set."""
        key = appointment_key(appointment.occasion)
        if session.scalars(select(Outbox.id).where(Outbox.dedupe_key == key)).first():
            return True
        reachable = self._writable(session, report)
        if reachable is None:
            return False
        day = self.clockwork.today(session.at) + timedelta(days=appointment.days)
        slot = self.clockwork.reminder(day, appointment.part, reachable.window, session.at)
        self.forget_reminder(session, report)
        return slot is not None and outbox.add(
            session,
            dedupe_key=key,
            audience="caller",
            template=f"appointment_{slot.says}",
            due_at=slot.at,
            lives=LIVES,
            report_id=report.id,
            staff_id=holder.id,
        )

    def forget_reminder(self, session: Session, report: Report) -> None:
        """Drop the reminder that has not left yet."""
        outbox.withdraw(session, report.id, "caller", APPOINTMENTS)

    def check_in(self, session: Session, report: Report) -> None:
        """Queue the one SMS that follows some days after closing, if the country wants it."""
        days = self.pack.limits.check_in_days
        reachable = self._writable(session, report) if days else None
        if reachable is None:
            return
        day = self.clockwork.today(session.at) + timedelta(days=days)
        due_at = self.clockwork.first(day, reachable.window)
        if due_at is not None:
            outbox.add(
                session,
                dedupe_key=f"check_in:{report.id}",
                audience="caller",
                template="check_in",
                due_at=due_at,
                lives=LIVES,
                report_id=report.id,
            )

    def _writable(self, session: Session, report: Report) -> Reachable | None:
        """How she may be written to later; None where she may not, or nothing opens any more."""
        try:
            reachable = contacts.read(session, self.vault, report.id)
            if reachable is None or reachable.by != "sms" or reachable.sms_stopped:
                return None
            if reachable.window == "now" or report.answers is None:
                return None
            key = data_keys.open_key(session, self.vault, report.id, "answers")
            answers = json.loads(key.decrypt(report.answers, answers_of(report.id)))
        except CannotOpen:
            return None
        return reachable if contacts.may_get_sms(answers) else None


def appointment_key(occasion: bytes) -> str:
    """By which the reminder that was asked for on an occasion is found in the outbox."""
    return f"appointment:{occasion.hex()}"


def planned(session: Session, report: Report) -> datetime | None:
    """When the reminder of an appointment is to leave; None when none is waiting."""
    query = select(Outbox.due_at).where(
        Outbox.report_id == report.id,
        Outbox.state == OutboxState.PENDING,
        Outbox.template.in_(APPOINTMENTS),
    )
    return session.scalars(query.order_by(Outbox.due_at)).first()
