"""What staff, clocks and monitors ask of the database, when it holds a year of service.

Each question is asked by the product's own code. Its statements are caught on the way, and the
database tells how it finds the rows: a table that grows must never be read from end to end.

    python -m bench.queries --rows 1000000
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from statistics import median, quantiles
from typing import Any, Final, get_args

from sqlalchemy import Engine, Select, event, select

from bench import million
from bench.installation import Database, installed
from bench.tables import Cell, Table, Target, plain
from gateway.cases import drafts, escalation, stalled
from gateway.cases.staff_line import StaffLine
from gateway.conversation.contract import Occasion
from gateway.operations import doctor, status
from gateway.retention.purge import Purge
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.sms import outbox, receipts
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Audit, Report, ReportState, Staff
from gateway.wiring import Parts
from menus.intents import Intent, ListCases, OpenForStaff
from sandbox.demo import sample

ROWS: Final = 100_000
QUICK_ROWS: Final = 500

TIMES: Final = 100
LONGEST: Final = 5.0
FEWEST: Final = 5
"""How often a question is asked, seconds after which that is enough, and how often at least."""

BIG: Final = ("reports", "alerts", "outbox", "audit", "data_keys", "contacts")
"""What grows with every report."""

SCAN: Final = re.compile(rf"(?:SCAN|Seq Scan on) ({'|'.join(BIG)})(?:_\d+)?\b")

CENTRE: Final = "kabutare"

Ask = Callable[[], object]
"""One question, with other values each time."""


def run(*, quick: bool) -> Sequence[Table]:
    """Measure on both databases; raises Unavailable where a server is missing."""
    return tables(QUICK_ROWS, 3) if quick else tables(ROWS, TIMES)


def tables(rows: int, times: int) -> Sequence[Table]:
    """A table for each database."""
    return [asked(kind, rows, times) for kind in get_args(Database)]


def asked(kind: Database, rows: int, times: int) -> Table:
    """What each question takes with so many reports."""
    with installed(kind) as laid:
        parts = Parts(Settings.read(laid.environment("staff")), "staff")
        began = time.monotonic()
        million.fill(parts.database, rows)
        took = time.monotonic() - began
        cells: list[Sequence[Cell]] = []
        for what, ask in _questions(parts).items():
            seconds, scanned = measured(parts.database, ask, times)
            figures = (median(seconds), quantiles(seconds, n=100)[98])
            cells.append((what, *(1_000 * one for one in figures), ", ".join(scanned) or None))
        parts.database.dispose()
    return Table(
        f"Questions at {rows:,} reports, {kind}",
        ("", "median, ms", "99 %, ms", "read from end to end"),
        cells,
        [Target("questions that read a big table from end to end", _scans(cells), 0, most=True)],
        [f"Each was asked up to {times} times. Making the rows took {took:.0f} s."],
    )


def _scans(cells: Sequence[Sequence[Cell]]) -> int:
    return sum(row[-1] is not None for row in cells)


def measured(engine: Engine, ask: Ask, times: int) -> tuple[Sequence[float], Sequence[str]]:
    """Seconds of each time, and the big tables that were read from end to end."""
    with _caught(engine) as statements:
        ask()
    seconds: list[float] = []
    while len(seconds) < times and (sum(seconds) < LONGEST or len(seconds) < FEWEST):
        began = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - began)
    found = {name for one, given in statements.items() for name in _scanned(engine, one, given)}
    return seconds, sorted(found)


@contextmanager
def _caught(engine: Engine) -> Iterator[dict[str, Any]]:
    """Statements with their parameters, once each."""
    statements: dict[str, Any] = {}

    def catch(_c: object, _cursor: object, statement: str, given: Any, *_more: object) -> None:
        if statement.lstrip().startswith(("SELECT", "UPDATE")):
            statements[statement] = given

    event.listen(engine, "before_cursor_execute", catch)
    yield statements
    event.remove(engine, "before_cursor_execute", catch)


def _scanned(engine: Engine, statement: str, given: Any) -> Sequence[str]:
    """The big tables that the database would read from end to end for a statement."""
    how = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"{how} {statement}", given)
        return SCAN.findall("\n".join(str(row[-1]) for row in plan))


def _questions(parts: Parts) -> Mapping[str, Ask]:
    """By name; what is asked of one person or case is asked of another each time."""
    numbers, engine = count(), parts.database
    nurses = [one for one in sample.staff(parts.pack) if one.role == "health"]
    with database.reading(engine) as session:
        hers = select(Report.code).where(Report.centre_id == nurses[0].centre)
        codes = session.scalars(hers.limit(50)).all()
        ids = session.scalars(select(Report.id).limit(50)).all()
        centres = session.scalars(select(Staff.centre_id).distinct()).all()
    within = timedelta(minutes=parts.pack.limits.delivery_minutes)
    line = StaffLine(engine, parts.vault, parts.policy, parts.pack)

    def step(intent: Callable[[int], Intent], caller: Callable[[int], sample.Person]) -> object:
        number = next(numbers)
        key = number.to_bytes(16)
        return line.do(intent(number), Occasion(key, key, Msisdn(caller(number).phone), "en", None))

    def read(question: Callable[[Session, int], object]) -> object:
        with database.reading(engine) as session:
            return question(session, next(numbers))

    def undone(question: Callable[[Session], object]) -> object:
        """Ask within a transaction that is rolled back."""
        with Session(engine, autoflush=False) as session:
            return question(session)

    return {
        "staff line: my open cases": partial(
            step, lambda n: ListCases(), lambda n: nurses[n % len(nurses)]
        ),
        "staff line: a case by its code": partial(
            step, lambda n: OpenForStaff(codes[n % len(codes)]), lambda n: nurses[0]
        ),
        "console: open cases of a centre": partial(
            read, lambda s, n: s.execute(open_cases(centres[n % len(centres)])).all()
        ),
        "console: the audit of a case": partial(
            read, lambda s, n: s.scalars(audit_of(ids[n % len(ids)])).all()
        ),
        "/readyz: the figures": lambda: status.read(engine, parts.pack.duty_desk.id),
        "isange doctor: all checks": lambda: list(doctor.faults(parts)),
        "clock: whose time is up": partial(read, lambda s, n: escalation.due(s)),
        "clock: drafts": partial(read, lambda s, n: drafts.overdue(s)),
        "clock: accepted and idle": partial(read, lambda s, n: stalled.due(s)),
        "clock: SMS without a delivery report": partial(
            undone, lambda s: receipts.missed(s, within)
        ),
        "clock: alerts that reached nobody": partial(read, lambda s, n: receipts.stranded(s)),
        "worker: claim, nothing due": partial(
            undone, lambda s: outbox.claim(s, database.now(s), 16)
        ),
        "worker: take up what died": partial(undone, lambda s: outbox.recover(s)),
        "clock: purge, nothing due": Purge(engine, parts.pack.retention).run,
    }


def open_cases(centre: str) -> Select[Report]:
    """What a centre has to do, the newest first: a page of a console."""
    waiting = Report.state.in_((ReportState.RECEIVED, ReportState.ACCEPTED))
    query = select(Report).where(Report.centre_id == centre, waiting)
    return query.order_by(Report.created_at.desc()).limit(50)


def audit_of(report_id: str) -> Select[Audit]:
    """Who did what to a report."""
    return select(Audit).where(Audit.report_id == report_id).order_by(Audit.at, Audit.id)


def main() -> int:
    """Measure with as many rows as wanted, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.queries")
    parser.add_argument("--rows", type=int, default=ROWS)
    for table in tables(parser.parse_args().rows, TIMES):
        print(plain(table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
