"""The whole real step against floors in the same server, and a report with its commit.

The step checks the secret, parses, opens and seals the session, walks the menus in Kinyarwanda,
counts for the monitoring; the floors do next to nothing of it (bench.floors).
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench import rounds
from bench.calls import BROWSING, REPORTING, Caller, dialling
from bench.client import Load
from bench.floors import FLOORS
from bench.installation import Database, Installation, installed, path
from bench.rounds import COLUMNS, Rounds, Side, in_turn, ratio
from bench.servers import Server, isange, serving
from bench.tables import Table, Target

OURS = "isange"
CONNECTIONS = 8


def run(*, quick: bool) -> Sequence[Table]:
    """The step in SQLite's company, which it never asks; the report on each database."""
    seconds, times = (0.3, 1) if quick else (2.0, 5)
    kinds: Sequence[Database] = ("sqlite",) if quick else ("sqlite", "postgresql")
    with installed() as laid, sides(laid, CONNECTIONS) as taking_part:
        steps = in_turn(taking_part, seconds, times)
    return [_steps(steps), _reports(kinds, seconds, times)]


@contextmanager
def sides(laid: Installation, connections: int, **settings: str) -> Iterator[Sequence[Side]]:
    """The floors and the service, each in a server of its own with the same settings."""
    environment = laid.environment(**settings)
    with ExitStack() as stack:
        found = []
        for floor in FLOORS:
            argv = [sys.executable, "-m", "bench.floors", floor]
            server = stack.enter_context(serving(argv, environment, laid.log(floor)))
            found.append(_side(floor, server, Caller.typing("/ussd", BROWSING), connections))
        ours = stack.enter_context(serving(isange("web"), environment, laid.log("web")))
        found.append(_side(OURS, ours, Caller.typing(path(), BROWSING), connections))
        yield found


def _side(name: str, server: Server, caller: Caller, connections: int) -> Side:
    return Side(name, server, dialling(server.port, caller, connections))


def _steps(found: Rounds) -> Table:
    to_naive = ratio(found, OURS, "naive", rounds.rate)
    cpu = ratio(found, OURS, "naive", rounds.cpu)
    to_raw = ratio(found, OURS, "raw", rounds.rate)
    return Table(
        f"A plain step, {CONNECTIONS} connections, one process",
        ("server", *COLUMNS),
        rounds.rows(found),
        [
            Target("steps/s of the naive floor", to_naive, 1.0),
            Target("CPU of the naive floor", cpu, 1.0, most=True),
            Target("steps/s of the raw floor", to_raw, 0.5),
        ],
    )


def _reports(kinds: Sequence[Database], seconds: float, times: int) -> Table:
    return Table(
        "A whole report in fourteen requests, 4 connections, one process",
        ("database", "reports/s", "CPU ms/report", "commit p50 ms", "commit p99 ms", "errors"),
        [(kind, *_report(kind, seconds, times)) for kind in kinds],
        notes=[
            "The commit is the last request: a secret is hashed (Argon2id), keys are wrapped, the "
            "report, its alerts, their SMS and the row of the audit log are written and flushed."
        ],
    )


def _report(kind: Database, seconds: float, times: int) -> Sequence[float]:
    with (
        installed(kind) as laid,
        serving(isange("web"), laid.environment(), laid.log("web")) as server,
    ):
        side = _side(OURS, server, Caller.typing(path(), REPORTING), 4)
        its = in_turn([side], seconds, times)[OURS]
    lasts = [_last(one.load) for one in its]
    return (
        statistics.median(one.load.call_rate for one in its),
        statistics.median(one.cpu for one in its) * 1e3 * len(its[0].load.by_step),
        statistics.median(one.percentile(0.5) for one in lasts) * 1e3,
        statistics.median(one.percentile(0.99) for one in lasts) * 1e3,
        sum(one.load.errors for one in its),
    )


def _last(load: Load) -> Load:
    """Of the load, the step that commits alone."""
    last = max(load.by_step)
    return Load(load.seconds, defaultdict(list, {last: load.by_step[last]}))
