"""The schema in the database is the one that the code expects, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect

from gateway.store import schema
from gateway.store.models import Base


def test_the_migrations_lead_to_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgraded_database_is_current(engine: Engine) -> None:
    assert schema.is_current(engine)
    schema.upgrade(engine)
    assert schema.is_current(engine)
    assert "reports" in inspect(engine).get_table_names()
