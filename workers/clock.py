"""The clock: looks into SQL every few seconds for what is due, and sees that it gets done.

There is no leader. As many clocks as you like may tick at once, on any machines: each piece of work
is taken by a lease or a row lock in the database, and only the database's time counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from sqlalchemy.orm import Session

from gateway import alarms, database, escalation, logs, outbox
from gateway.logs import log
from gateway.reports import overdue_drafts, send_overdue
from gateway.wiring import House
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

    house: House
    delivery: Delivery

    def run(self, stop: Event) -> None:
        """Tick until told to stop."""
        while not stop.is_set():
            begun = time.monotonic()
            self.tick()
            stop.wait(max(0.0, EVERY - (time.monotonic() - begun)))

    def tick(self) -> None:
        """Take up what died, climb the ladder, and see to it that what is due leaves.

        A part that fails is logged and tried again at the next tick; the others go on.
        """
        for part in (self._recover, self._climb, self._send_drafts, self._deliver):
            try:
                part()
            except Exception as error:  # noqa: BLE001  An alert depends on each of these.
                self._failed(error)

    def _recover(self) -> None:
        with database.writing(self.house.database, "clock.recover") as session:
            revived = outbox.recover(session, database.now(session))
        if revived:
            alarms.sound("died_while_sending", revived)

    def _climb(self) -> None:
        with database.reading(self.house.database) as session:
            due = escalation.due(session, database.now(session))
        self._one_by_one("clock.climb", due, self._climb_one)

    def _climb_one(self, session: Session, report_id: str) -> None:
        escalation.climb(session, self.house.ladder, report_id, database.now(session))

    def _one_by_one(
        self, name: str, report_ids: Sequence[str], work: Callable[[Session, str], None]
    ) -> None:
        """Each report in a transaction of its own: one that fails holds up no other."""
        for report_id in report_ids:
            try:
                with database.writing(self.house.database, name) as session:
                    work(session, report_id)
            except Exception as error:  # noqa: BLE001  Nor may a fault in one report.
                self._failed(error)

    def _send_drafts(self) -> None:
        with database.reading(self.house.database) as session:
            overdue = overdue_drafts(session, database.now(session))
        self._one_by_one("clock.send_draft", overdue, self._send_draft)

    def _send_draft(self, session: Session, report_id: str) -> None:
        send_overdue(session, self.house.reports, report_id, database.now(session))

    def _deliver(self) -> None:
        """Ring for the workers; when they do not come, send without them."""
        with database.reading(self.house.database) as session:
            at = database.now(session)
            since = outbox.due_since(session, at)
        if since is None:
            return
        self.house.bell.ring()
        waited = (at - since).total_seconds()
        if waited > PATIENCE:
            log.warning("workers_late", seconds=round(waited))
            self.delivery.drain(LONGEST_DRAIN)

    def _failed(self, error: Exception) -> None:
        alarms.sound("clock_failed")
        logs.failure("clock_failed", error)
