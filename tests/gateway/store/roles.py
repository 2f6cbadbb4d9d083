"""A PostgreSQL database in which each process has a role with its own rights, as in production."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from gateway.store import database, grants
from gateway.store.grants import Process, Roles

PROCESSES: tuple[Process, ...] = get_args(Process)


@dataclass(frozen=True)
class Database:
    """A database with a role for each process."""

    owner: Engine
    urls: Mapping[Process, str]
    roles: Roles

    def run(self, process: Process, statement: str, **values: Any) -> None:
        """Run SQL as the role of a process. Raises DatabaseError where it may not."""
        engine = database.connect(self.urls[process])
        try:
            with engine.begin() as connection:
                connection.execute(text(statement), values)
        finally:
            engine.dispose()


@contextmanager
def guarded(url: str) -> Iterator[Database]:
    """Roles for the database at `url`, gone afterwards."""
    owner = database.connect(url)
    roles = {process: f"{process}_{secrets.token_hex(4)}" for process in PROCESSES}
    with owner.begin() as connection:
        for role in roles.values():
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    grants.give(owner, roles)
    yield Database(owner, {one: _as(url, role) for one, role in roles.items()}, roles)
    with owner.begin() as connection:
        for role in roles.values():
            connection.execute(text(f"DROP OWNED BY {role}"))
            connection.execute(text(f"DROP ROLE {role}"))
    owner.dispose()


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)
