"""A line that is called, and what somebody who steals everything but its keys gets hold of.

On SQLite it is a whole demo. On PostgreSQL there is no demo: the same processes run on a server of
their own, with the same stand-in for the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import text

from gateway.store import database
from sandbox.standin.client import StandIn
from tests.faults.demos import Demo
from tests.faults.records import Records
from tests.faults.running_service import RunningService, laid
from tests.machine import home_for_postgres
from tests.services import Postgres, running

Database = Literal["sqlite", "postgresql"]

FILES, WAL, BACKUP = "database files", "write-ahead log", "backup by pg_dump"
REDIS_FILES, LOGS, METRICS = "Redis files", "logs", "metrics"
"""Kinds of places."""

DATABASE_PLACES: Final[Mapping[Database, tuple[str, ...]]] = {
    "sqlite": (FILES,),
    "postgresql": (FILES, WAL, BACKUP),
}
"""Where on the disk every row of a database is found again."""


@dataclass(frozen=True)
class StolenService:
    """What of a running line the callers and the thief have to know. `info` is as in demo.json."""

    kind: Database
    info: Mapping[str, Any]
    network: StandIn
    records: Records
    pids: Callable[[], Mapping[str, int]]
    left: Sequence[tuple[str, Path]]
    """What lies on the disk: the kind of place, and a file or a whole folder."""
    open_to: Mapping[str, Path]
    """By the kind of place, a file into which something can be planted."""
    backup: Callable[[], bytes] | None = None
    settle: Callable[[], None] = field(default=lambda: None)
    """Have all that was written be in the files."""
    tend: Callable[[], None] = field(default=lambda: None)
    """Start again what has ended, where nobody else does."""


@contextmanager
def on(kind: Database, folder: Path, env: Mapping[str, str]) -> Iterator[StolenService]:
    """A line on this kind of database, running, with these settings besides its own."""
    made = _on_sqlite if kind == "sqlite" else _on_postgresql
    with made(folder, env) as stage:
        yield stage


@contextmanager
def _on_sqlite(folder: Path, env: Mapping[str, str]) -> Iterator[StolenService]:
    demo = Demo(folder / "demo")
    try:
        demo.start(env=env)
        data = demo.data
        yield StolenService(
            kind="sqlite",
            info=demo.info,
            network=demo.network,
            records=demo.records,
            pids=lambda: demo.pids,
            left=(
                (FILES, data / "database"),
                (REDIS_FILES, data / "valkey"),
                (LOGS, data / "logs"),
                (LOGS, demo.output),
                (METRICS, data / "metrics"),
            ),
            open_to={LOGS: data / "logs" / "web.log", METRICS: data / "metrics" / "planted.db"},
        )
    finally:
        demo.close()


@contextmanager
def _on_postgresql(folder: Path, env: Mapping[str, str]) -> Iterator[StolenService]:
    home, metrics = folder / "service", folder / "metrics"
    metrics.mkdir()
    settings: dict[str, Any] = {**env, "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    with home_for_postgres() as own:
        server = Postgres(own)
        with running(server):
            url = server.create()
            with laid(home, url, **settings) as laid_service:
                laid_service.start()
                yield _staged(laid_service, server, metrics)


def _staged(laid_service: RunningService, server: Postgres, metrics: Path) -> StolenService:
    home, codes = laid_service.home, laid_service.pack.codes

    def checkpoint() -> None:
        with database.reading(laid_service.engine) as session:
            session.execute(text("CHECKPOINT"))

    def tend() -> None:
        for service in laid_service.services.values():
            service.tend()

    return StolenService(
        kind="postgresql",
        info={
            "service_code": codes.callers,
            "staff_service_code": codes.staff,
            "ussd_url": laid_service.url("ussd"),
            "events_url": laid_service.url("events"),
            "staff_ussd_url": laid_service.url("staff"),
            "metrics_url": f"http://127.0.0.1:{laid_service.ports['web']}/metrics",
            "database_url": laid_service.database_url,
            "redis_url": laid_service.valkey.url,
            "staff": laid_service.staff,
        },
        network=laid_service.network,
        records=Records(laid_service.database_url),
        pids=lambda: {name: one.process.pid for name, one in laid_service.services.items()},
        left=(
            (WAL, server.data / "pg_wal"),
            *((FILES, path) for path in _written_in_service(laid_service, server)),
            (REDIS_FILES, home / "valkey"),
            (METRICS, metrics),
            *((LOGS, service.log) for service in laid_service.services.values()),
        ),
        open_to={LOGS: laid_service.services["web"].log, METRICS: metrics / "planted.db"},
        backup=lambda: server.dump(laid_service.database_url),
        settle=checkpoint,
        tend=tend,
    )


def _written_in_service(laid_service: RunningService, server: Postgres) -> Iterator[Path]:
    """What of the server's files can hold a row: not the databases that it was made with."""
    with database.reading(laid_service.engine) as session:
        ours = session.scalar(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        )
    yield server.data / "base" / str(ours)
    yield from (one for one in server.data.iterdir() if one.name not in {"base", "pg_wal"})
