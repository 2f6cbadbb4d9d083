"""Many at once: 256 and 1,000 connections; and whether memory grows with the steps answered.

A phone network's gateway opens as many connections as it has callers who just pressed a key.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from bench import rounds
from bench.calls import BROWSING, Caller
from bench.client import drive
from bench.installation import Installation, installed, path
from bench.rounds import COLUMNS, in_turn, ratio
from bench.servers import Server, isange, serving
from bench.step import OURS, sides
from bench.tables import Table, Target

MEGABYTE: Final = 1e6
MOST_MEGABYTES: Final = 90
GROWTH: Final = 1.02
"""An allocator is not exact. A step that left 20 bytes behind would be above it."""

WARM_STEPS: Final = 60_000
"""Until every memory that is bounded is full (4,000 calls of six steps), and the allocator calm."""


def run(*, quick: bool) -> Sequence[Table]:
    """Latency under each number of connections, then memory."""
    seconds, times = (0.3, 1) if quick else (2.0, 5)
    crowds = (32,) if quick else (256, 1000)
    with _many_files(), installed() as laid:
        tables = [_crowd(laid, crowd, seconds, times) for crowd in crowds]
        with serving(isange("web"), laid.environment(), laid.log("web")) as server:
            tables.append(_memory(server, 500 if quick else 100_000))
    return tables


def _crowd(laid: Installation, crowd: int, seconds: float, times: int) -> Table:
    with sides(laid, crowd) as taking_part:
        found = in_turn(taking_part, seconds, times)
    errors = sum(one.load.errors for one in found[OURS])
    slowest = ratio(found, OURS, "naive", rounds.p99)
    return Table(
        f"{crowd:,} connections, one process",
        ("server", *COLUMNS),
        rounds.rows(found),
        [
            Target("p99 of the naive floor", slowest, 1.3, most=True),
            Target("errors", errors, 0, most=True),
        ],
    )


def _memory(server: Server, steps: int) -> Table:
    """The first steps fill what is bounded (gateway.runtime.memory); those that follow must add
    nothing.
    """
    caller = Caller.typing(path(), BROWSING)
    checks = caller.learn(server.port)
    seen = [(server.memory(), server.memory("Pss_Anon"))]
    for most in (min(steps, WARM_STEPS), steps):
        drive(server.port, caller.calls(checks), 16, most=most / len(caller.histories))
        seen.append((server.memory(), server.memory("Pss_Anon")))
    _, (_, warm), (after, grown) = seen
    worker = max(after, key=after.__getitem__)
    return Table(
        f"Memory before and after {steps:,} steps, MB: PSS, and what is allocated of it",
        ("process", "started", "", "warm", "", f"after {steps:,} more", ""),
        [
            (_role(pid, server), *(kind[pid] / MEGABYTE for each in seen for kind in each))
            for pid in sorted(after)
        ],
        [
            Target("MB of the web process", after[worker] / MEGABYTE, MOST_MEGABYTES, most=True),
            Target("allocated, of when warm", grown[worker] / warm[worker], GROWTH, most=True),
        ],
    )


def _role(pid: int, server: Server) -> str:
    return "granian's main process" if pid == server.process.pid else "web process"


@contextmanager
def _many_files() -> Iterator[None]:
    """A socket is a file, and many systems allow a process no more than 1,024 unless it asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
