"""What a transaction raises says whether the database is away, or we have a fault."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import IntegrityError

from gateway.store import database
from gateway.store.database import DatabaseBusy, DatabaseDown, DatabaseFailed
from gateway.store.models import ProcessSeen
from gateway.store.postgres import DatabaseSilent

NOON: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)

NOWHERE: Final = "postgresql://nobody@127.0.0.1:1/nothing"


def test_a_row_that_breaks_a_rule_is_no_outage(engine: Engine) -> None:
    twice = [{"name": "clock", "at": NOON}, {"name": "clock", "at": NOON}]
    with pytest.raises(IntegrityError) as raised, database.writing(engine, "test") as session:
        session.execute(insert(ProcessSeen), twice)
    assert not isinstance(raised.value, DatabaseDown)
    assert isinstance(raised.value, DatabaseFailed)


def test_a_wrong_statement_is_no_outage(engine: Engine) -> None:
    """As far as it can be told: SQLite has one error for it and for a file that is away."""
    with pytest.raises(DatabaseFailed) as raised, database.reading(engine) as session:
        session.execute(text("SELECT what_is_not_there FROM reports"))
    assert isinstance(raised.value, DatabaseDown) == (engine.dialect.name == "sqlite")


def test_a_server_that_is_not_there_is_an_outage() -> None:
    engine = database.connect(NOWHERE)
    with pytest.raises(DatabaseDown), database.reading(engine) as session:
        database.now(session)
    engine.dispose()


def test_a_file_that_is_not_there_is_an_outage() -> None:
    engine = database.connect("sqlite:////nowhere/at/all.db")
    with pytest.raises(DatabaseDown), database.reading(engine) as session:
        database.now(session)
    engine.dispose()


@pytest.mark.parametrize("kind", [DatabaseBusy, DatabaseSilent])
def test_to_wait_in_vain_is_an_outage(kind: type[Exception]) -> None:
    assert issubclass(kind, DatabaseDown)
    assert issubclass(kind, DatabaseFailed)
