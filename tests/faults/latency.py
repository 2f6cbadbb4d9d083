"""How long an alert takes: from the END on a caller's phone to the network's acceptance.

    python -m tests.faults.latency --database sqlite

Two figures, each as median and 99th of a hundred: reports one by one on an idle service, and fifty
reports a second. Every report is a call of four steps; the steps of the burst before the last one
are taken beforehand, so that fifty times a second it is the report itself that is sent.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from threading import Event

from tests.faults.callers import Caller
from tests.faults.running_service import Database, Databases, RunningService, laid

IDLE, BURST, A_SECOND = 60, 500, 50
"""Reports one by one, reports of the burst, and how many of those a second."""

THREADS = 32


@dataclass(frozen=True, slots=True)
class Ended:
    """That a caller saw her END, and how long she waited for it."""

    code: str
    at: datetime
    took: float


def ready(running: RunningService, count: int) -> list[Caller]:
    """Callers who have only to press one key more."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: running.caller().dial().press("1", "1"), range(count)))


def one_by_one(running: RunningService, count: int) -> list[Ended]:
    """Each report after the alerts of the one before have left."""
    ended = []
    for caller in ready(running, count):
        ended.append(_end(caller))
        running.settle()
    return ended


def burst(running: RunningService, count: int, a_second: int) -> list[Ended]:
    """So many reports a second, whatever becomes of those before."""
    callers, never, begun = ready(running, count), Event(), time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        calls = []
        for place, caller in enumerate(callers):
            never.wait(max(0.0, begun + place / a_second - time.monotonic()))
            calls.append(pool.submit(_end, caller))
        ended = [call.result() for call in calls]
    running.settle()
    return ended


def _end(caller: Caller) -> Ended:
    begun = time.monotonic()
    caller.press("1")
    return Ended(caller.told[0], datetime.now(UTC), time.monotonic() - begun)


def waits(running: RunningService, ended: Sequence[Ended]) -> list[float]:
    """Seconds from each END to the first alert about it; 0 for one that came before it."""
    first: dict[str, datetime] = {}
    codes = {one.code for one in ended}
    for sms in running.network.sent():
        for code in codes.intersection(sms.text.split()):
            first.setdefault(code, datetime.fromisoformat(sms.at))
    return [max(0.0, (first[one.code] - one.at).total_seconds()) for one in ended]


def rows(measured: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Iterator[str]:
    """A Markdown table of waits for the alert and for the answer, in seconds."""
    yield "| | reports | END to accepted: median | 99 % | key to END: median | 99 % |"
    yield "|---|---|---|---|---|---|"
    for name, (alerts, answers) in measured.items():
        figures = (f"{median(alerts):.3f} s", f"{most(alerts):.3f} s")
        more = (f"{median(answers):.3f} s", f"{most(answers):.3f} s")
        yield f"| {name} | {len(alerts)} | " + " | ".join((*figures, *more)) + " |"


def most(values: Sequence[float]) -> float:
    """What 99 of a hundred do not exceed."""
    return quantiles(values, n=100)[98]


def measured(
    kind: Database, folder: Path, idle: int = IDLE, crowd: int = BURST, *, durable: bool = False
) -> Mapping[str, tuple[Sequence[float], Sequence[float]]]:
    """By what was done, seconds from each END to its first alert, and from the last key to END.

    So many reports one by one, and so many in a burst. `durable`: PostgreSQL waits for the disk, as
    SQLite always does.
    """
    with ExitStack() as stack:
        databases = Databases(kind, stack, durable=durable)
        running = stack.enter_context(laid(folder / "running", databases.empty(folder)))
        running.start()
        one_by_one(running, 3)  # What is loaded at the first use is no figure of a service.
        return {
            name: (waits(running, ended), [one.took for one in ended])
            for name, ended in (
                (f"{kind}, idle", one_by_one(running, idle)),
                (f"{kind}, {A_SECOND} reports a second", burst(running, crowd, A_SECOND)),
            )
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.latency")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="latency-") as folder:
        print("\n".join(rows(measured(given.database, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
