"""Rows that are written once, and tries that are counted, whatever happens at the same time.

Looking first and inserting then is not enough: a twin may do the same in between, and on PostgreSQL
the collision would undo everything else that the transaction did. So the database decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Engine, Executable, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Base

RACES: Final = 5
"""How often a transaction that collided with a twin of itself is tried in all."""

Result = TypeVar("Result")


def write_once(engine: Engine, name: str, work: Callable[[Session], Result]) -> Result:
    """Run `work` in a transaction, again when a twin of it ran at the same time.

    What the twin did is visible then, and turns the next try into a repeat.
    """
    for _ in range(RACES - 1):
        try:
            with database.writing(engine, name) as session:
                return work(session)
        except IntegrityError:
            continue
    with database.writing(engine, name) as session:
        return work(session)


def add_once(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless there is one with the same key; whether it was inserted.

    A twin that has inserted it and is not committed yet is waited for. What the row refers to is
    flushed before it.
    """
    session.flush()
    connection = session.connection()
    return connection.execute(_insertion(table, connection.dialect.name), values).rowcount == 1


@cache
def _insertion(table: type[Base], dialect: str) -> Executable:
    """Made once: to make it costs several times what it costs to run it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(table).on_conflict_do_nothing().inline()
    return row.execution_options(preserve_rowcount=True)


def name_in_call(
    name: bytes, used_at: Callable[[bytes], datetime | None], since: datetime
) -> bytes:
    """The name under which something is noted once in a call that began at `since`.

    It is `name`, unless an earlier call used that, which the network called the same: then the
    next in a row that all know. `used_at` tells when something was noted under a name, if it was.
    """
    while (used := used_at(name)) is not None and used < since:
        name = hashlib.blake2b(name, digest_size=len(name)).digest()
    return name


def in_turn(session: Session, name: str) -> None:
    """Let transactions that name the same thing go one after another, until they end.

    Counting tries and then adding one is worth nothing when many count at once. SQLite has one
    writer at a time anyway.
    """
    if session.connection().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
