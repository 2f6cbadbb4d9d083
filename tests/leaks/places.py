"""Everything that a thief may carry away, as bytes: the database, Redis, logs, metrics, reports.

Not among it: `demo.json` and its like, which say how to use a demo; the folder of the stand-in,
which is the telephone network and knows all numbers; and the key files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from redis import Redis
from sqlalchemy import MetaData, select

from gateway.store import database
from tests.leaks import canaries, wal
from tests.leaks.encodings import readings
from tests.leaks.stolen_service import BACKUP, METRICS, WAL, StolenService
from tests.services import PATIENCE

DUMP, REDIS, SENTRY = "database dump", "Redis", "Sentry"
PROCESSES = "what every user sees of the processes"
"""Kinds of places that are no files; for those that are see tests.leaks.stolen_service."""


@dataclass(frozen=True)
class Loot:
    """Some bytes, the kind of place where they lay, and their name there."""

    place: str
    name: str
    data: bytes


@dataclass(frozen=True, order=True)
class Find:
    """A canary where it must not be."""

    place: str
    name: str
    canary: str


def everything(stage: StolenService, reported: list[bytes]) -> Iterator[Loot]:
    """All there is to steal. `reported` is what a fault reporter was sent."""
    yield from _dump(stage.info["database_url"])
    yield from _redis(stage.info["redis_url"])
    if stage.backup is not None:
        yield Loot(BACKUP, "all of it", stage.backup())
    stage.settle()
    for place, path in stage.left:
        yield from _log_of_changes(path) if place == WAL else _files(place, path)
    yield Loot(
        METRICS, "/metrics", requests.get(stage.info["metrics_url"], timeout=PATIENCE).content
    )
    for number, body in enumerate(reported):
        yield Loot(SENTRY, f"event {number}", body)
    for name, pid in stage.pids().items():
        yield Loot(PROCESSES, name, Path(f"/proc/{pid}/cmdline").read_bytes())


def search(loot: Iterator[Loot]) -> set[Find]:
    """Every canary that can be read in it, whatever its shape."""
    return {
        Find(one.place, one.name, canary)
        for one in loot
        for text in readings(one.data)
        for canary in canaries.found_in(text)
    }


def _dump(url: str) -> Iterator[Loot]:
    """Every row of every table, a table at a time."""
    engine = database.connect(url)
    try:
        with engine.execution_options(reading=True).connect() as connection:
            schema = MetaData()
            schema.reflect(connection)
            for table in schema.sorted_tables:
                rows = [list(row) for row in connection.execute(select(table))]
                yield Loot(DUMP, table.name, json.dumps(rows, default=_shown).encode())
    finally:
        engine.dispose()


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _redis(url: str) -> Iterator[Loot]:
    """Every key with its value; then all of it as files, written without compression."""
    with Redis.from_url(url) as client:
        for key in client.scan_iter():
            yield Loot(REDIS, key.decode("latin-1"), key + b"\n" + _value(client, key))
        client.config_set("rdbcompression", "no")
        client.save()


def _value(client: Redis, key: bytes) -> bytes:
    """Everything under a key, in the words of Redis itself."""
    read: dict[bytes, tuple[object, ...]] = {
        b"hash": ("HGETALL", key),
        b"list": ("LRANGE", key, 0, -1),
        b"set": ("SMEMBERS", key),
        b"zset": ("ZRANGE", key, 0, -1),
        b"stream": ("XRANGE", key, "-", "+"),
        b"string": ("GET", key),
    }
    ask: Callable[..., Any] = client.execute_command
    words = read.get(ask("TYPE", key))
    return b"\n".join(_flat(ask(*words))) if words else b""  # It has expired meanwhile.


def _flat(told: Any) -> Iterator[bytes]:
    if isinstance(told, dict):
        told = [part for pair in told.items() for part in pair]
    if isinstance(told, list | tuple | set):
        for part in told:
            yield from _flat(part)
    else:
        yield told if isinstance(told, bytes) else str(told).encode()


def _log_of_changes(folder: Path) -> Iterator[Loot]:
    for name, records in wal.stream(folder):
        yield Loot(WAL, name, records)


def _is_database(path: Path) -> bool:
    return path.suffix == ".db"


def _files(place: str, left: Path) -> Iterator[Loot]:
    """Every file, and the log of changes of SQLite before its database.

    A checkpoint moves pages from that log to the database at any moment, and never back.
    """
    files = sorted(left.rglob("*"), key=_is_database) if left.is_dir() else [left]
    for path in files:
        if path.is_file():
            name = path.relative_to(left.parent).as_posix()
            yield Loot(place, name, path.read_bytes().rstrip(b"\0"))
