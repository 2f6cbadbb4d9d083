"""The parts of the bench about alerts and storage still work. Their figures mean nothing here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine, func, select

from bench import alerts, million, queries, storage
from bench.tables import Table
from gateway.store import database
from gateway.store.models import Alert, Audit, Base, ContactRow, DataKeyRow, Outbox, Report
from tests.staff_and_reports import StaffAndReports

pytestmark = pytest.mark.system

SIZES = alerts.Sizes(alerts=6, naive=2, rounds=1, idle=2, burst=4)


def of(table: Table, column: int) -> list[float]:
    return [float(row[column] or 0) for row in table.rows]


def test_alerts_are_drained_by_both_sides() -> None:
    table = alerts.drained(SIZES)
    assert [row[0] for row in table.rows] == [
        "ours, sqlite",
        "naive, imports done",
        "naive, as rq worker runs it",
        "ours, postgresql",
    ]
    assert min(of(table, 1)) > 0
    assert len(table.targets) == 2


def test_reports_are_committed_by_both_sides() -> None:
    sizes = storage.Sizes(writers=(2,), rounds=1, reports=4)
    for kind in ("sqlite", "postgresql"):
        table = storage.committed(kind, sizes)
        assert min(of(table, 1) + of(table, 2)) > 0
        assert len(table.targets) == 1


def test_reports_of_callers_who_press_at_once_are_timed() -> None:
    table = storage.at_once("sqlite", storage.Sizes(writers=(), rounds=1, reports=8))
    forms = ("all begin together", "without a pause")
    assert [row[0] for row in table.rows] == [f"{x}, {y}" for x in storage.SENDS for y in forms]
    assert min(of(table, 1)) > 0
    assert [one.limit for one in table.targets] == [storage.P95, storage.P95]


@pytest.fixture
def year(records: StaffAndReports) -> Engine:
    """A database with 400 reports of a year, at the one centre that has staff."""
    for _ in range(2):
        records.staff()
    million.fill(records.engine, 400)
    return records.engine


def test_a_year_of_service_is_made_with_all_that_belongs_to_it(year: Engine) -> None:
    def count(table: type[Base]) -> int:
        with database.reading(year) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    assert (count(Report), count(Alert), count(Audit)) == (400, 800, 1_600)
    assert 3 * 90 < count(DataKeyRow) - 2 * 400 < 3 * 110
    assert 90 < count(ContactRow) < 110
    assert 2 * 25 < count(Outbox) < 2 * 45


@pytest.mark.parametrize(
    ("asks", "scanned"),
    [
        (lambda s: s.execute(select(Report).where(Report.language == "xx")), ["reports"]),
        (lambda s: s.get(Report, "nobody's"), []),
    ],
)
def test_a_table_that_is_read_from_end_to_end_is_seen(
    year: Engine, asks: Callable[..., object], scanned: Sequence[str]
) -> None:
    def ask() -> None:
        with database.reading(year) as session:
            asks(session)

    seconds, found = queries.measured(year, ask, times=3)
    assert len(seconds) == 3
    assert found == scanned


def test_no_question_reads_a_table_that_grows_from_end_to_end() -> None:
    """SQLite goes by its indexes alone, however few rows there are."""
    table = queries.asked("sqlite", rows=200, times=2)
    assert {row[0]: row[-1] for row in table.rows if row[-1] is not None} == {}
    assert [target.is_met for target in table.targets] == [True]
