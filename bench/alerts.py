"""A thousand alerts due at once, against one RQ job for each SMS; and how long one alert takes.

Each alert is a real one: a report as a caller sends it, two nurses on duty, rows of the outbox. The
worker is the process that runs in service, woken by the doorbell. Both sides have the same Valkey,
the same adapter and the same provider, which answers after 50 ms; ours looks at the database
before and after each SMS, the naive one trusts its job.
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, get_args

from redis import Redis
from rq import Queue
from sqlalchemy import func, select

from bench import naive
from bench.installation import Database, Installation, installed
from bench.provider import Provider, Taken, provider
from bench.tables import Cell, Table, Target
from gateway.conversation.contract import Occasion
from gateway.runtime.doorbell import RqDoorbell
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.store import database
from gateway.store.models import Outbox, OutboxState, Urgency
from gateway.wiring import Parts
from menus.intents import Contact, Send
from tests.faults import latency
from tests.services import wait_until

CENTRE: Final = "kabutare"

LIMIT: Final = 10.0

CALLERS: Final = count(250_788_300_000)
"""Reports of one number within minutes would share an alert."""

ALERT: Final = re.compile(r"\[\w+\] (\d{6}) P\d new\. .* 1 \1 \d{4}", re.ASCII | re.DOTALL)
"""The code of a report stands in its alert twice."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything is measured."""

    alerts: int
    naive: int
    rounds: int
    idle: int
    burst: int


WHOLE: Final = Sizes(alerts=1_000, naive=60, rounds=3, idle=latency.IDLE, burst=latency.BURST)
QUICK: Final = Sizes(alerts=20, naive=2, rounds=1, idle=2, burst=5)


def run(*, quick: bool) -> Sequence[Table]:
    """Measure both; raises Unavailable where a server is missing."""
    sizes = QUICK if quick else WHOLE
    return [drained(sizes), _latencies(sizes)]


def drained(sizes: Sizes) -> Table:
    """SMS a second of our worker on both databases, and of the naive one."""
    rates: dict[str, list[float]] = {}
    for kind in get_args(Database):
        for name, rate in _rounds(kind, sizes):
            rates.setdefault(name, []).append(rate)
    medians = {name: median(found) for name, found in rates.items()}
    best = max(rate for name, rate in medians.items() if name in NAIVE)
    return Table(
        "Alerts that are due at once, with a provider that answers after 50 ms",
        ("worker", "SMS a second", "1,000 SMS, s", "times the naive one, imports done"),
        [(name, rate, 1_000 / rate, rate / best) for name, rate in medians.items()],
        [
            Target(f"{name}: times the naive worker", rate / best, LIMIT)
            for name, rate in medians.items()
            if name not in NAIVE
        ],
        [
            f"Ours drained {sizes.alerts:,} in each of {sizes.rounds} rounds, the naive ones "
            f"{sizes.naive:,}; medians. Every SMS was read and was the one that it should be."
        ],
    )


def _rounds(kind: Database, sizes: Sizes) -> Iterator[tuple[str, float]]:
    """Names and SMS a second, each side in turn."""
    with installed(kind) as laid, provider() as network, _our_worker(laid, network) as drain:
        drain(2)  # What is loaded at the first use is no figure of a service.
        for _ in range(sizes.rounds):
            yield f"ours, {kind}", drain(sizes.alerts)
            for name, command in NAIVE.items():
                yield name, _naive(command, laid, network, sizes.naive)


@contextmanager
def _our_worker(laid: Installation, network: Provider) -> Iterator[Callable[[int], float]]:
    """A worker that waits for the bell, and what makes alerts, rings and measures."""
    environment = laid.environment("worker", ISANGE_AT_URL=network.url)
    parts = Parts(Settings.read(laid.environment()), "web")
    with (laid.folder / "worker.log").open("ab") as log:
        command = [sys.executable, "-m", "workers", "worker"]
        worker = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield lambda alerts: _drain(parts, network, alerts)
    finally:
        worker.terminate()
        worker.wait(15)
        parts.database.dispose()


def _drain(parts: Parts, network: Provider, alerts: int) -> float:
    """SMS a second, from the bell to the last one that the provider took."""
    codes: set[str] = set()
    while _waiting(parts) < alerts:
        codes.update(_report(parts) for _ in range((alerts - _waiting(parts) + 1) // 2))
    due = _waiting(parts)
    rung = time.time()
    RqDoorbell(parts.redis).ring()
    wait_until(lambda: network.count() >= due, f"{due} alerts have left", 120)
    taken = network.take_out()
    wait_until(lambda: _waiting(parts) == 0, "all of them are noted", 30)
    _check(taken, due, codes)
    return due / (taken[-1].at - rung)


def _report(parts: Parts) -> str:
    """Somebody asks to be called; the code."""
    key = secrets.token_bytes(16)
    number = Msisdn(f"+{next(CALLERS)}")
    send = Send(
        about="call_me",
        answers={"age": "adult"},
        centre=CENTRE,
        contact=Contact(by="call", window="now"),
    )
    return parts.reports.do(send, Occasion(key, key, number, "en", None)).facts["ref"]


def _waiting(parts: Parts) -> int:
    """Alerts that are not settled."""
    ours = Outbox.urgency <= Urgency.P3
    state = Outbox.state.in_((OutboxState.PENDING, OutboxState.SENDING))
    with database.reading(parts.database) as session:
        return session.scalar(select(func.count()).select_from(Outbox).where(ours, state)) or 0


def _check(taken: Sequence[Taken], due: int, codes: set[str]) -> None:
    """Each alert was sent once, to one of those on duty, and is about one of these reports."""
    assert len(taken) == len({(one.to, one.text) for one in taken}) == due
    found = [ALERT.match(one.text) for one in taken]
    assert {one[1] for one in found if one} == codes, "an alert is about something else"


def _naive(command: Sequence[str], laid: Installation, network: Provider, jobs: int) -> float:
    """SMS a second, from the first to the last one that the provider took."""
    numbers = count(250_788_200_000)
    with Redis.from_url(laid.redis_url) as redis:
        queue = Queue(naive.QUEUE, connection=redis)
        for _ in range(jobs):
            queue.enqueue(naive.send_sms, f"+{next(numbers)}", "An alert of some hundred letters.")
    environment = {**laid.environment(), naive.URL: network.url}
    subprocess.run([*command, laid.redis_url], env=environment, check=True, capture_output=True)
    taken = network.take_out()
    assert len({one.to for one in taken}) == jobs, "the naive worker has lost some"
    return (jobs - 1) / (taken[-1].at - taken[0].at)


NAIVE: Final[Mapping[str, Sequence[str]]] = {
    "naive, imports done": (sys.executable, "-m", "bench.naive"),
    "naive, as rq worker runs it": (
        *(sys.executable, "-m", "rq.cli", "worker", naive.QUEUE),
        *("--burst", "--quiet", "--url"),
    ),
}


def _latencies(sizes: Sizes) -> Table:
    rows: list[Sequence[Cell]] = []
    for kind in get_args(Database):
        with TemporaryDirectory(prefix="bench-") as folder:
            Path(folder).chmod(0o711)
            found = latency.measured(kind, Path(folder), sizes.idle, sizes.burst, durable=True)
        for name, (alerts, answers) in found.items():
            figures = (*_both(alerts), *_both(answers))
            rows.append((name, len(alerts), *(1_000 * one for one in figures)))
    return Table(
        "From a caller's END to the acceptance of the first alert",
        ("", "reports", "median, ms", "99 %, ms", "key to END: median, ms", "99 %, ms"),
        rows,
        notes=["Web, worker, clock, staff line and the stand-in for the network share the cores."],
    )


def _both(values: Sequence[float]) -> tuple[float, float]:
    return median(values), latency.most(values)
