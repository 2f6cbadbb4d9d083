"""Ask the providers for a sign of life: every few minutes, and in trouble every few seconds.

It costs nothing, and tells when it is worth sending again, and how much credit is left. Each clock
does it on a thread of its own, for an answer that does not come must hold up no timer.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from threading import Event
from typing import Final

from sqlalchemy import Engine

from gateway.runtime import crash_points, logs
from gateway.sms import routing
from gateway.sms.providers.contract import Pulse
from gateway.sms.routing import Fleet
from gateway.staff import operators
from gateway.store import database
from gateway.store.database import DatabaseFailed

EVERY: Final = 1.0
"""Seconds between two looks at what is to be probed."""


@dataclass(frozen=True, slots=True)
class Probing:
    """Probes what is to be probed. Many may run at once: each probe is made by one of them.

    `low_balance` is the credit below which an operator is told.
    """

    engine: Engine
    fleet: Fleet
    low_balance: Decimal | None = None

    def run(self, stop: Event) -> None:
        """Look until told to stop."""
        while not stop.wait(EVERY):
            try:
                self.look()
            except DatabaseFailed as error:
                logs.failure("not_probed", error)

    def look(self) -> int:
        """Probe the providers that it is time for, all at once; how many that were."""
        names = self._mine()
        if not names:
            return 0
        with ThreadPoolExecutor(len(names), thread_name_prefix="probe") as pool:
            for name, pulse in zip(names, pool.map(self._probe, names), strict=True):
                self._note(name, pulse)
        return len(names)

    def _mine(self) -> Sequence[str]:
        """The probes that are due and that nobody else makes."""
        with database.reading(self.engine) as session:
            due = routing.to_probe(session, self.fleet)
        if not due:
            return ()
        with database.writing(self.engine, "probe.begin") as session:
            routing.look(session, self.fleet)
            return [name for name in due if routing.begin_probe(session, name)]

    def _probe(self, name: str) -> Pulse:
        try:
            with crash_points.around("provider.probe"):
                return self.fleet[name].probe()
        except Exception as error:  # noqa: BLE001  Whatever it raises, it does not answer.
            logs.failure("probe_failed", error)
            return Pulse(alive=False)

    def _note(self, name: str, pulse: Pulse) -> None:
        with database.writing(self.engine, "probe.note") as session:
            for kind in routing.note_pulse(session, name, pulse, self.low_balance):
                operators.wake(session, kind, provider=name)
