"""The clock: looks into SQL every few seconds for what is due, and sees that it gets done.

There is no leader. As many clocks as you like may tick at once, on any machines: each piece of work
is taken by a lease or a row lock in the database, and only the database's time counts.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event
from typing import Final

from gateway import database, escalation, logs, outbox
from gateway.logs import log
from gateway.metrics import ALARMS
from gateway.reports import send_overdue_drafts
from gateway.wiring import House
from workers.deliver import Delivery

EVERY: Final = 2.0
"""Seconds between two ticks."""

PATIENCE: Final = 2
"""Ticks for which due rows may wait for a worker before the clock sends them itself."""


@dataclass
class Clock:
    """One ticking clock."""

    house: House
    delivery: Delivery
    waited: int = 0

    def run(self, stop: Event) -> None:
        """Tick until told to stop. A failed tick is logged and the next one tries again."""
        while not stop.is_set():
            begun = time.monotonic()
            try:
                self.tick()
            except database.DatabaseDown as error:
                logs.failure("tick_failed", error)
            stop.wait(max(0.0, EVERY - (time.monotonic() - begun)))

    def tick(self) -> None:
        """Take up what died, climb the ladder, and see to it that what is due leaves."""
        with database.writing(self.house.database) as session:
            at = database.now(session)
            revived = outbox.recover(session, at)
            climbed = escalation.climb_due(session, self.house.ladder, at)
            climbed += send_overdue_drafts(session, self.house.reports, at)
            session.flush()
            waiting = outbox.waiting(session, at)
        if revived:
            ALARMS.labels("died_while_sending").inc(revived)
            log.warning("died_while_sending", count=revived)
        self._deliver(waiting, fresh=bool(revived or climbed))

    def _deliver(self, waiting: int, *, fresh: bool) -> None:
        """Ring for the workers; when they do not come, send without them."""
        if not waiting:
            self.waited = 0
            return
        self.waited = 0 if fresh else self.waited + 1
        if self.waited < PATIENCE:
            self.house.bell.ring()
            return
        log.warning("workers_absent", count=waiting)
        self.delivery.drain()
        self.waited = 0
