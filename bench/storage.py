"""The commit of a report against bare inserts of the same rows, with 1, 8 and 32 writers.

Ours is `gateway.cases.reports` as the web process calls it: encryption, wrapped keys, whom to
alert, the code, the chained audit log. Bare is SQLAlchemy Core, one `insert` for each table in one
transaction, of rows that were made before the clock ran. Both go over the same engine settings:
every commit waits for the disk. Both take turns.
"""

from __future__ import annotations

import multiprocessing
import secrets
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing.synchronize import Barrier
from typing import Any, Final, Literal, get_args

from sqlalchemy import Engine, func, insert, select

from bench.installation import Database, Installation, installed
from bench.tables import Cell, Table, Target
from gateway.cases.reports import Reports
from gateway.conversation.contract import Occasion
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Base, Report
from gateway.wiring import Parts
from menus.intents import Contact, Send

Side = Literal["ours", "bare"]
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Of each table, in an order in which they may be inserted."""

CENTRE: Final = "kabutare"
LIMIT: Final = 0.6

THREADS: Final = 4
"""Writers of one process, as many as a web process has threads."""

P95: Final = 200.0
"""Milliseconds for a report with a secret among so many, on SQLite."""

MOST_PROCESSES: Final = 4
LONGEST_WAIT: Final = 60.0
"""Seconds, for processes that get ready."""

WARM_UP: Final = 3
"""Transactions of each writer before the clock runs."""

ANSWERS: Final = {"age": "adult", "need": "beaten", "when": "within_72h", "district": "huye"}

SENDS: Final[Mapping[str, Send]] = {
    "report": Send(
        about="myself",
        answers=ANSWERS,
        centre=CENTRE,
        contact=Contact(by="sms", window="now"),
    ),
    "report with a secret": Send(
        about="myself",
        answers=ANSWERS,
        centre=CENTRE,
        contact=Contact(by="sms", window="now"),
        secret="2580",  # noqa: S106
    ),
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured: writers, rounds, and reports of all writers together in a round."""

    writers: Sequence[int]
    rounds: int
    reports: int


WHOLE: Final = Sizes(writers=(1, 8, 32), rounds=3, reports=128)
QUICK: Final = Sizes(writers=(1, 8), rounds=1, reports=8)


def run(*, quick: bool) -> Sequence[Table]:
    """Measure on both databases; raises Unavailable where a server is missing."""
    sizes = QUICK if quick else WHOLE
    tables = [committed(kind, sizes) for kind in get_args(Database)]
    return [*tables, *(at_once(kind, sizes) for kind in get_args(Database))]


def committed(kind: Database, sizes: Sizes) -> Table:
    rows: list[Sequence[Cell]] = []
    targets = []
    with installed(kind) as laid:
        for what, writers in product(SENDS, sizes.writers):
            rates = _rates(laid, what, writers, sizes)
            ours, bare = (statistics.median(rates[side]) for side in ("ours", "bare"))
            ratio = statistics.median(map(_ratio, rates["ours"], rates["bare"]))
            rows.append((f"{what}, {writers} writers", ours, bare, ratio))
            if what == "report":
                targets.append(Target(f"{writers} writers, against bare inserts", ratio, LIMIT))
    return Table(
        f"Commits of a report, {kind}",
        ("", "ours a second", "bare a second", "ours / bare"),
        rows,
        targets,
        ["The secret's hash is Argon2id, which takes 15 ms of a core by design."],
    )


def at_once(kind: Database, sizes: Sizes) -> Table:
    """Reports on the threads of one process, as a web process has them: how long each takes.

    Four callers press at once, or four send one report after the other. Who only counts what
    writers get done in a while does not see the one who waits while another is served again and
    again.
    """
    rows: list[Sequence[Cell]] = []
    targets = []
    with installed(kind) as laid:
        parts = Parts(Settings.read(laid.environment()), "web")
        for (what, send), together in product(SENDS.items(), (True, False)):
            times = sizes.reports // THREADS
            took = sorted(_of_threads(parts.reports, send, times, together=together))
            p95 = statistics.quantiles(took, n=20)[-1]
            case = f"{what}, {'all begin together' if together else 'without a pause'}"
            rows.append((case, statistics.median(took), p95, took[-1]))
            if send.secret:
                targets.append(Target(f"p95 ms of a {case}", p95, P95, most=True))
        parts.database.dispose()
    return Table(
        f"Reports of {THREADS} callers at once, {kind}",
        ("", "p50 ms", "p95 ms", "slowest ms"),
        rows,
        targets if kind == "sqlite" else (),
    )


def _of_threads(reports: Reports, send: Send, times: int, *, together: bool) -> Sequence[float]:
    """The milliseconds of each report, once every writer is warm."""
    ready = threading.Barrier(THREADS)

    def write(_: int) -> Sequence[float]:
        took = []
        for report in range(-WARM_UP, times):
            if together or report == 0:
                ready.wait(LONGEST_WAIT)
            took.append(_clocked(reports, send))
        return took[WARM_UP:]

    with ThreadPoolExecutor(THREADS) as pool:
        return [one for found in pool.map(write, range(THREADS)) for one in found]


def _clocked(reports: Reports, send: Send) -> float:
    begun = time.perf_counter()
    _report(reports, send)
    return (time.perf_counter() - begun) * 1e3


def _ratio(ours: float, bare: float) -> float:
    return ours / bare


def _rates(
    laid: Installation, what: str, writers: int, sizes: Sizes
) -> Mapping[Side, Sequence[float]]:
    """Transactions a second in each round."""
    rates: dict[Side, list[float]] = {"ours": [], "bare": []}
    processes = min(writers, MOST_PROCESSES)
    gate = multiprocessing.Barrier(processes)
    with ProcessPoolExecutor(processes, initializer=_gather_at, initargs=(gate,)) as pool:
        for _, side in product(range(sizes.rounds), rates):
            work = _Work(side, what, laid, writers // processes, max(1, sizes.reports // writers))
            before = _kept(laid)
            spans = list(pool.map(work, range(processes)))
            assert _kept(laid) - before == writers * work.each, "some reports were not kept"
            took = max(end for _, end in spans) - min(start for start, _ in spans)
            rates[side].append(writers * work.count / took)
    return rates


def _kept(laid: Installation) -> int:
    engine = database.connect(laid.database_url)
    with database.reading(engine) as session:
        found = session.scalar(select(func.count()).select_from(Report)) or 0
    engine.dispose()
    return found


_gate: Barrier | None = None
"""Where the processes wait until all of them are ready."""


def _gather_at(gate: Barrier) -> None:
    global _gate
    _gate = gate


@dataclass(frozen=True, slots=True)
class _Work:
    """What one process writes: `count` transactions on each of its threads."""

    side: Side
    what: str
    laid: Installation
    threads: int
    count: int

    @property
    def each(self) -> int:
        """Reports that a writer leaves behind; what is copied is one of ours."""
        return WARM_UP + self.count + (self.side == "bare")

    def __call__(self, process: int) -> tuple[float, float]:
        """When it began and ended, once the writers of all processes were warm."""
        assert _gate is not None
        parts = Parts(Settings.read(self.laid.environment()), "web")
        writers = [self._writer(parts) for _ in range(self.threads)]
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(_some, writers, [WARM_UP] * self.threads))
            _gate.wait(LONGEST_WAIT)
            began = time.time()
            list(pool.map(_some, writers, [self.count] * self.threads))
            ended = time.time()
        parts.database.dispose()
        return began, ended

    def _writer(self, parts: Parts) -> Iterator[Callable[[], object]]:
        """One transaction after the other."""
        send = SENDS[self.what]
        if self.side == "ours":
            return iter(lambda: lambda: _report(parts.reports, send), None)
        rows = _rows_of(parts.database, _report(parts.reports, send))
        copies = [_copy(rows) for _ in range(WARM_UP + self.count)]
        return iter([lambda copy=copy: _insert(parts.database, copy) for copy in copies])


def _some(writer: Iterator[Callable[[], object]], count: int) -> None:
    for _ in range(count):
        next(writer)()


def _report(reports: Reports, send: Send) -> str:
    """As the web process does it for a caller; the code."""
    key = secrets.token_bytes(16)
    number = Msisdn(f"+25078{secrets.randbelow(10**7):07}")
    return reports.do(send, Occasion(key, key, number, "en", "63510")).facts["ref"]


def _rows_of(engine: Engine, code: str) -> Rows:
    """All that was written for a report, in the order of foreign keys."""
    with database.reading(engine) as session:
        report_id = session.scalars(select(Report.id).where(Report.code == code)).one()
        found = {name: _of(session, name, report_id) for name in _TABLES}
    written = {name: len(rows) for name, rows in found.items() if rows}
    assert {"reports", "contacts", "data_keys", "outbox", "alerts", "audit"} <= set(written)
    return {name: found[name] for name in written}


def _of(session: Session, name: str, report_id: str) -> Sequence[Mapping[str, Any]]:
    table = Base.metadata.tables[name]
    owner = table.c.id if name == "reports" else table.c.report_id
    found = session.execute(select(table).where(owner == report_id)).mappings()
    return [dict(row) for row in found]


_TABLES: Final = tuple(
    table.name
    for table in Base.metadata.sorted_tables
    if table.name == "reports" or "report_id" in table.c
)


def _copy(rows: Rows) -> Rows:
    """The same rows under other ids."""
    ids = {row["id"]: str(uuid.uuid4()) for name in _WITH_ID for row in rows.get(name, ())}
    return {name: [_renamed(name, row, ids) for row in found] for name, found in rows.items()}


_WITH_ID: Final = ("reports", "alerts", "outbox", "number_uses")


def _renamed(name: str, row: Mapping[str, Any], ids: Mapping[str, str]) -> Mapping[str, Any]:
    renamed = {column: _other(value, ids) for column, value in row.items()}
    match name:
        case "reports":
            renamed["code"] = secrets.token_hex(4)
        case "actions":
            renamed["request"] = secrets.token_bytes(16)
        case "audit":
            renamed["lane"], renamed["seq"] = (secrets.randbelow(2**31) for _ in range(2))
            del renamed["id"]
    return renamed


def _other(value: object, ids: Mapping[str, str]) -> object:
    if isinstance(value, str):
        for old, new in ids.items():
            value = value.replace(old, new)
    return value


def _insert(engine: Engine, rows: Rows) -> None:
    with engine.begin() as connection:
        for name, found in rows.items():
            connection.execute(insert(Base.metadata.tables[name]).inline(), list(found))
