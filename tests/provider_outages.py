"""Good and bad days of SMS providers, in a time that passes as fast as a test wants."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    TryLater,
    Unknown,
)
from gateway.sms.routing import Fleet
from gateway.store import database
from gateway.store.models import Outbox, ProviderHealth
from tests.sms_provider import Provider
from tests.staff_and_reports import StaffAndReports
from workers.deliver import Delivery
from workers.probe import Probing

Day = Literal["fine", "hanging", "refusing", "swallowing", "losing", "poor"]
"""hanging: 5xx or no answer, to probes too. refusing: no connection. swallowing: takes SMS and
answers nothing, to probes too. losing: probes are answered, SMS get lost. poor: without credit."""

DAYS: dict[Day, tuple[Outcome | None, bool]] = {
    "fine": (None, True),
    "hanging": (Unknown("no answer"), False),
    "refusing": (TryLater("no connection"), False),
    "swallowing": (Unknown("no answer"), False),
    "losing": (Unknown("provider error"), True),
    "poor": (OperatorFault("insufficient balance"), True),
}
BAD: list[Day] = [day for day in DAYS if day != "fine"]
SEEN: list[Day] = ["hanging", "refusing", "swallowing", "poor"]
"""Bad days that end with something that can be seen."""

TICK = timedelta(seconds=10)


@dataclass
class MoodyProvider(Provider):
    """A provider that has one kind of day."""

    day: Day = "fine"
    possible: Counter[str] = field(default_factory=Counter)
    """How many SMS may have gone out to each number."""

    def send(self, to: object, text: str) -> Outcome:
        outcome = super().send(to, text)  # type: ignore[arg-type]
        if isinstance(outcome, Accepted | Unknown):
            self.possible[self.taken[-1][0]] += 1
        return outcome

    def __post_init__(self) -> None:
        self.does = lambda number: DAYS[self.day][0]

    def probe(self) -> Pulse:
        return Pulse(alive=DAYS[self.day][1])


class ProviderOutages:
    """Records with providers, and a clock that a test turns."""

    def __init__(self, records: StaffAndReports, *providers: Provider, seed: int = 0) -> None:
        self.records, self.providers = records, providers
        chance = random.Random(seed).random  # noqa: S311
        self.sends_through(Fleet([(one, 1) for one in providers], chance))

    def sends_through(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.delivery = Delivery(self.records.engine, self.records.composer, fleet)
        self.probing = Probing(self.records.engine, fleet)

    def drain(self) -> int:
        return self.delivery.drain()

    def passes(self, time: timedelta, tick: timedelta = TICK) -> None:
        """Let time pass, with a clock and a worker at work all the while."""
        for _ in range(int(time / tick)):
            shift(self.records, tick)
            self.probing.look()
            self.drain()

    def until(self, done: Callable[[], object], within: timedelta) -> timedelta:
        """How long it takes until something is done."""
        passed = timedelta(0)
        while not done():
            assert passed < within, f"not within {within}: {self.records.outcomes()}"
            self.passes(timedelta(seconds=1), timedelta(seconds=1))
            passed += timedelta(seconds=1)
        return passed

    def health(self, name: str = "test") -> ProviderHealth:
        return self.records.one(ProviderHealth, ProviderHealth.name == name)


_UNFINISHED = {Outbox: (Outbox.finished_at.is_(None),), ProviderHealth: ()}


def shift(records: StaffAndReports, time: timedelta) -> None:
    """Everything happened so much earlier, but for the writing of SMS: contacts go by that."""
    with database.writing(records.engine, "test") as session:
        for table in (Outbox, ProviderHealth):
            for row in session.scalars(select(table).where(*_UNFINISHED[table])):
                for column in table.__table__.columns:
                    value = getattr(row, column.name)
                    if isinstance(value, datetime) and column.name != "created_at":
                        setattr(row, column.name, value - time)
