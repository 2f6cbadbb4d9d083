"""A flood from a few numbers: everybody who is in danger is heard within a minute all the same.

Real processes, real HTTP. The numbers that flood dial without a pause; their calls end at the first
screen, wander about, ask to be called, or press the keys for danger as a child does who plays. In
the middle of it people in danger call, some of them from those same numbers.

`FLOOD=10000 pytest tests/faults/test_flood.py -s` plays the full one, ten thousand calls from fifty
numbers, which takes minutes, and prints its figures; as it stands it is as long as it must be.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.request import urlopen

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Outbox, OutboxState, Report
from tests.faults.callers import Caller
from tests.faults.demos import Demo
from tests.services import wait_until

pytestmark = pytest.mark.system

CALLS: Final = int(os.environ.get("FLOOD", "400"))
NUMBERS: Final = max(8, CALLS // 200)
IN_DANGER: Final = 20
OF_THE_FLOOD: Final = 5
"""So many of those in danger hold a phone that floods."""

AT_ONCE: Final = 8
LONGEST: Final = 1800.0
PROMISE: Final = 60.0
"""Seconds from her last screen to an accepted SMS to staff."""

PLAYED: Final[Sequence[tuple[str, ...]]] = (
    (),
    ("2", "1", "1", "4"),
    ("4", "1", "1"),
    ("2", "3", "1", "1", "1"),
    ("7", "1", "1", "1"),
    ("1", "1", "1"),
    ("8", "2", "3", "1"),
)
"""What is pressed on a phone that floods; those that end in a report are three of seven."""


@dataclass
class Flood:
    """A number that dials again and again; if `in_danger`, in earnest once in the middle."""

    calls: int
    in_danger: bool
    chance: random.Random
    caller: Caller
    poured: int = 0
    seconds: list[float] = field(default_factory=list)
    """How long each step took."""
    heard: Heard | None = None

    def pour(self) -> None:
        for number in range(self.calls):
            if self.in_danger and number == self.calls // 2:
                self.heard = cry_for_help(self.caller)
            self._timed(self.caller.dial)
            for key in self.chance.choice(PLAYED):
                if not self.caller.ended:
                    self._timed(self.caller.press, key)
            self.poured += 1

    def _timed(self, does: Callable[..., object], *keys: str) -> None:
        began = time.monotonic()
        does(*keys)
        self.seconds.append(time.monotonic() - began)


@dataclass(frozen=True)
class Heard:
    """Somebody in danger was told that her request is sent."""

    code: str
    at: datetime


def cry_for_help(caller: Caller) -> Heard:
    caller.dial().press("1", "1", "1").sees("Your request is sent.")
    return Heard(caller.code, datetime.now(UTC))


def test_in_a_flood_everybody_in_danger_is_heard_within_a_minute(
    new_demo: Callable[[], Demo],
) -> None:
    demo = new_demo().start()
    url = demo.info["ussd_url"]
    floods = [
        Flood(CALLS // NUMBERS, number < OF_THE_FLOOD, random.Random(number), Caller(url))  # noqa: S311
        for number in range(NUMBERS)
    ]
    others = [Caller(url) for _ in range(IN_DANGER - OF_THE_FLOOD)]

    began = time.monotonic()
    heard = poured(floods, others)
    took = time.monotonic() - began
    wait_until(lambda: len(waits(demo, heard)) == IN_DANGER, "all are alerted", PROMISE)

    lasted = sorted(waits(demo, heard).values())
    steps = sorted(second for flood in floods for second in flood.seconds)
    print(
        f"\n{CALLS} calls from {NUMBERS} numbers in {took:.0f} s, {limited(demo):.0f} short ones; "
        f"{len(steps)} steps, median {1000 * statistics.median(steps):.0f} ms, "
        f"longest {1000 * steps[-1]:.0f} ms; {woken(demo)}; "
        f"{len(lasted)} of {IN_DANGER} in danger heard, median {statistics.median(lasted):.1f} s, "
        f"longest {lasted[-1]:.1f} s"
    )
    assert lasted[-1] < PROMISE
    assert limited(demo) > 0


def poured(floods: Sequence[Flood], others: Sequence[Caller]) -> Sequence[Heard]:
    """Everybody calls, those in danger evenly over the time of the flood; who was heard."""
    heard = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        pouring = [pool.submit(flood.pour) for flood in floods]
        for number, caller in enumerate(others):
            due = CALLS * number // len(others)
            wait_until(partial(_is_poured, floods, pouring, due), "the flood is there", LONGEST)
            heard.append(cry_for_help(caller))
        for one in pouring:
            one.result()
    return [*heard, *(flood.heard for flood in floods if flood.heard)]


def _is_poured(floods: Sequence[Flood], pouring: Sequence[Future[None]], due: int) -> bool:
    """Whether as many calls were made, or none will be made any more."""
    return sum(flood.poured for flood in floods) >= due or all(one.done() for one in pouring)


def waits(demo: Demo, heard: Sequence[Heard]) -> Mapping[str, float]:
    """By code, seconds until the network took an SMS to staff about it, or about what carries it.

    Below zero where that one stood for it already.
    """
    carrier = aliased(Report)
    first = (
        select(Report.code, func.min(Outbox.finished_at))
        .outerjoin(carrier, carrier.id == Report.folded_into)
        .join(Outbox, Outbox.report_id == func.coalesce(carrier.id, Report.id))
        .where(
            Outbox.alert_id.is_not(None),
            Outbox.state == OutboxState.ACCEPTED,
            func.coalesce(carrier.about, Report.about) == "danger",
            Report.code.in_([one.code for one in heard]),
        )
        .group_by(Report.code)
    )
    told = {one.code: one.at for one in heard}
    with reading(demo) as session:
        return {
            code: (accepted - told[code]).total_seconds()
            for code, accepted in session.execute(first)
            if code and accepted
        }


def limited(demo: Demo) -> float:
    """How many calls were short ones, by the metrics."""
    with urlopen(demo.info["metrics_url"]) as answer:  # noqa: S310 - our own address
        found = re.search(
            r"^isange_limited_calls_total (\S+)$", answer.read().decode(), re.MULTILINE
        )
    return float(found[1]) if found else 0.0


def woken(demo: Demo) -> str:
    """How many reports there are, and how many SMS they woke staff with."""
    with reading(demo) as session:
        reports = session.scalar(select(func.count()).select_from(Report))
        alerts = session.scalar(select(func.count()).where(Outbox.alert_id.is_not(None)))
    return f"{reports} reports, {alerts} SMS to staff"


@contextmanager
def reading(demo: Demo) -> Iterator[Session]:
    engine = database.connect(demo.info["database_url"])
    try:
        with database.reading(engine) as session:
            yield session
    finally:
        engine.dispose()
