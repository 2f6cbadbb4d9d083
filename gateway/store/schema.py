"""The schema of the database: brought up to date, or compared with what the code expects."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from gateway.runtime import crash_points
from gateway.store import database

MIGRATIONS: Final = Path(__file__).with_name("migrations")


def upgrade(engine: Engine) -> None:
    """Run every migration that this database has not seen, in one transaction."""
    with engine.begin() as connection:
        database.take_long(connection)
        if _revision(connection) != head():
            command.upgrade(config_of(connection), "head")
        crash_points.point("schema.upgrade before commit")
    crash_points.point("schema.upgrade after commit")


def is_current(engine: Engine) -> bool:
    """Whether the database has the schema that this code expects."""
    with engine.connect() as connection:
        return _revision(connection) == head()


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def config_of(connection: Connection) -> Config:
    """What Alembic needs to change the schema on this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
