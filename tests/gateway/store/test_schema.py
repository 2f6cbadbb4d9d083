"""The schema in the database is the one that the code expects, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from gateway.store import database, schema
from gateway.store.models import Action, Base, ProcessSeen
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


def _indexes(database: Engine | Connection, table: str) -> set[str | None]:
    return {one["name"] for one in inspect(database).get_indexes(table)}
