"""The clock: looks into SQL every few seconds for what is due, and sees that it gets done.

There is no leader. As many clocks as you like may tick at once, on any machines: each piece of work
is taken by a lease or a row lock in the database, and only the database's time counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Final

from gateway.audit import heads
from gateway.cases import drafts, escalation, stalled
from gateway.cases.contacts import CallHours
from gateway.retention import purge
from gateway.runtime import alarms, logs
from gateway.runtime.logs import log
from gateway.sms import outbox, receipts, routing
from gateway.staff import duty, operators, phone_test, rota, witnesses
from gateway.store import database, liveness
from gateway.store.database import Session
from gateway.wiring import Parts
from workers.deliver import Delivery

EVERY: Final = 2.0
"""Seconds between two ticks."""

PATIENCE: Final = 3.0
"""Seconds that a due SMS may wait for a worker before the clock sends it itself."""

LONGEST_DRAIN: Final = 10.0
"""Seconds after which the clock goes back to its timers, whatever is still to be sent."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One ticking clock."""

    parts: Parts
    delivery: Delivery

    def run(self, stop: Event) -> None:
        """Tick until told to stop."""
        while not stop.is_set():
            begun = time.monotonic()
            self.tick()
            stop.wait(max(0.0, EVERY - (time.monotonic() - begun)))

    def tick(self) -> None:
        """Take up what died, ask whom to ask next, and see to it that what is due leaves.

        A part that fails is logged and tried again at the next tick; the others go on.
        """
        for part in (
            self._recover,
            self._ask_others,
            self._escalate,
            self._send_drafts,
            self._remind,
            self._end_shifts,
            self._watch,
            self._deliver,
            self._beat,
            self._test_phones,
            self._publish_head,
            self._purge,
        ):
            try:
                part()
            except Exception as error:  # noqa: BLE001  An alert depends on each of these.
                self._failed(error)

    def _recover(self) -> None:
        with database.writing(self.parts.database, "clock.recover") as session:
            revived = outbox.recover(session)
        if revived:
            alarms.sound("died_while_sending", revived)

    def _ask_others(self) -> None:
        """A worker may have died after it noted that an alert reached nobody."""
        with database.reading(self.parts.database) as session:
            stranded = receipts.stranded(session)
        for row in stranded:
            try:
                self.delivery.ask_another(row)
            except Exception as error:  # noqa: BLE001  Nor may a fault in one alert.
                self._failed(error)

    def _escalate(self) -> None:
        with database.reading(self.parts.database) as session:
            due = escalation.due(session)
        self._one_by_one("clock.climb", due, self._escalate_one)

    def _escalate_one(self, session: Session, report_id: str) -> None:
        escalation.escalate(session, self.parts.policy, report_id)

    def _one_by_one(
        self, name: str, report_ids: Sequence[str], work: Callable[[Session, str], None]
    ) -> None:
        """Each report in a transaction of its own: one that fails holds up no other."""
        for report_id in report_ids:
            try:
                with database.writing(self.parts.database, name) as session:
                    work(session, report_id)
            except Exception as error:  # noqa: BLE001  Nor may a fault in one report.
                self._failed(error)

    def _send_drafts(self) -> None:
        with database.reading(self.parts.database) as session:
            overdue = drafts.overdue(session)
        self._one_by_one("clock.send_draft", overdue, self._send_draft)

    def _send_draft(self, session: Session, report_id: str) -> None:
        drafts.send_overdue(session, self.parts.reports, report_id)

    def _remind(self) -> None:
        with database.reading(self.parts.database) as session:
            silent = stalled.due(session)
        self._one_by_one("clock.remind", silent, self._remind_one)

    def _remind_one(self, session: Session, report_id: str) -> None:
        parts, pack = self.parts, self.parts.pack
        hours = CallHours(parts.vault, pack.hours, pack.timezone)
        rules = stalled.Rules(parts.policy, pack.reminders, hours)
        stalled.look(session, rules, report_id)

    def _end_shifts(self) -> None:
        """A rota that runs out is an alarm when it does, and not with the next alert."""
        with database.reading(self.parts.database) as session:
            if not rota.has_ended(session):
                return
        with database.writing(self.parts.database, "clock.end_shifts") as session:
            duty.see_shifts_end(session)

    def _watch(self) -> None:
        """An alert of which the network says nothing may lie in a phone that is off."""
        within = timedelta(minutes=self.parts.pack.limits.delivery_minutes)
        if not within:
            return
        with database.writing(self.parts.database, "clock.watch") as session:
            for row in receipts.missed(session, within):
                operators.wake(session, "not_reported", report=row.report_id)

    def _deliver(self) -> None:
        """Ring for the workers; when they do not come, send without them."""
        with database.reading(self.parts.database) as session:
            at = session.at
            since = outbox.due_since(session)
            late_by_us = routing.any_open(session)
        if since is None:
            return
        self.parts.doorbell.ring()
        waited = (at - since).total_seconds()
        if waited > PATIENCE:
            if late_by_us:
                log.warning("workers_late", seconds=round(waited))
            self.delivery.drain(LONGEST_DRAIN)

    def _beat(self) -> None:
        liveness.note_alive(self.parts.database, "clock")

    def _test_phones(self) -> None:
        """Every duty phone is asked now and then to answer, and one that does not is an alarm."""
        pack = self.parts.pack
        every = timedelta(days=pack.limits.phone_test_days)
        with database.writing(self.parts.database, "clock.heartbeat") as session:
            phone_test.send_due(session, pack.timezone, every)
            phone_test.tell_silent(session)

    def _publish_head(self) -> None:
        """Once a day, letters go out that tell whether the audit log was changed since."""
        with database.reading(self.parts.database) as session:
            if not heads.is_due(session):
                return
        with database.writing(self.parts.database, "audit.publish") as session:
            head = witnesses.publish(session)
        if head is not None:
            log.info("audit_head", head=head.letters)

    def _purge(self) -> None:
        purge.daily(self.parts.database, self.parts.pack.retention)

    def _failed(self, error: Exception) -> None:
        alarms.sound("clock_failed")
        logs.failure("clock_failed", error)
