"""The schema in the database is the one that the code expects, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from gateway.store import database, schema
from gateway.store.models import Action, Base, ProcessSeen, Report, ReportState, Waiting
from tests.staff_and_reports import StaffAndReports

NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_migrations_lead_to_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgraded_database_is_current(engine: Engine) -> None:
    assert schema.is_current(engine)
    schema.upgrade(engine)
    assert schema.is_current(engine)
    assert "reports" in inspect(engine).get_table_names()


def test_tables_keep_their_rows_when_they_are_renamed(records: StaffAndReports) -> None:
    """There and back again: names as they were before 0003, and what stood in them."""
    report = records.report()
    with database.writing(records.engine, "test") as session:
        session.add(ProcessSeen(name="clock", at=NOON))
    with records.engine.begin() as connection:
        command.downgrade(schema.config_of(connection), "0002")
        assert connection.scalar(text("SELECT report_id FROM deeds")) == report
        assert connection.scalar(text("SELECT name FROM beats")) == "clock"
        assert "ix_deeds_report_id" in _indexes(connection, "deeds")
    schema.upgrade(records.engine)
    assert records.one(Action).report_id == report
    assert records.one(ProcessSeen, ProcessSeen.name == "clock").at == NOON
    assert "ix_actions_report_id" in _indexes(records.engine, "actions")


def test_each_timer_keeps_its_moment_in_a_column_of_its_own(records: StaffAndReports) -> None:
    """One column for four timers, and words as magic numbers, until 0004; and back again."""
    ids = [records.report() for _ in range(6)]
    escalates, drafted, muted, folded, kept, taken = ids
    timers = {"escalate_at": None, "draft_ends_at": None, "muted_until": None}
    for one, values in (
        (escalates, {**timers, "escalate_at": NOON, "level": 2}),
        (drafted, {**timers, "draft_ends_at": NOON, "state": ReportState.DRAFT}),
        (muted, {**timers, "muted_until": NOON, "waiting": Waiting.MUTED}),
        (folded, {**timers, "check_fold_at": NOON, "folded_into": escalates}),
        (kept, {**timers, "waiting": Waiting.NOBODY_CAN_ACT}),
        (taken, {**timers, "state": ReportState.ACCEPTED, "level": 1}),
    ):
        records.change(Report, Report.id == one, **values)
    before = {one: _timers(records.report_now(one)) for one in ids}
    with records.engine.begin() as connection:
        command.downgrade(schema.config_of(connection), "0003")
        rows = connection.execute(text("SELECT id, rung, climb_at IS NOT NULL FROM reports"))
        assert {(row[0], row[1], bool(row[2])) for row in rows} == {
            (escalates, 2, True),
            (drafted, 0, True),
            (muted, -1, True),
            (folded, 0, True),
            (kept, -2, False),
            (taken, 1, False),
        }
        assert "ix_reports_climb_at" in _indexes(connection, "reports")
    schema.upgrade(records.engine)
    assert {one: _timers(records.report_now(one)) for one in ids} == before
    assert "ix_reports_escalate_at" in _indexes(records.engine, "reports")


def _timers(report: Report) -> tuple[object, ...]:
    timers = (report.escalate_at, report.draft_ends_at, report.muted_until, report.check_fold_at)
    return (*timers, report.level, report.waiting)


def _indexes(database: Engine | Connection, table: str) -> set[str | None]:
    return {one["name"] for one in inspect(database).get_indexes(table)}
