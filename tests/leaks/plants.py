"""Canaries that are put on purpose where none may be, to see that the scan would find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import requests
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import LargeBinary, column, create_engine, insert, table, text

from tests.faults.demos import Demo
from tests.leaks import canaries
from tests.leaks.encodings import ENCODINGS
from tests.leaks.places import DUMP, FILES, LOGS, METRICS, REDIS, REDIS_FILES, SENTRY

FIRST: Final = 8000
"""The index of the first planted canary: no caller has one as great."""

Plant = Callable[[bytes], None]


def plant_all(demo: Demo, dsn: str) -> set[tuple[str, str]]:
    """Put a canary of its own into each place in each shape; the finds that a scan must make."""
    expected: set[tuple[str, str]] = set()
    indices = iter(range(FIRST, 10_000))
    for places, plant, only_text in _ways(demo, dsn):
        for encode in ENCODINGS.values():
            canary = canaries.number(next(indices))
            planted = encode(canary)
            if only_text and not planted.isascii():
                continue
            plant(planted)
            expected |= {(place, canary) for place in places}
    return expected


def _ways(demo: Demo, dsn: str) -> Iterator[tuple[tuple[str, ...], Plant, bool]]:
    yield (DUMP, FILES), _into_database(demo.info["database_url"]), False
    with Redis.from_url(demo.info["redis_url"]) as client:
        yield (REDIS, REDIS_FILES), _into_redis(client), False
        yield (REDIS, REDIS_FILES), _into_a_job(client), True
    yield (LOGS,), _into_file(demo, "logs/web.log"), False
    yield (METRICS,), _into_file(demo, "metrics/planted.db"), False
    yield (SENTRY,), lambda planted: _post(dsn, planted), False


def _into_database(url: str) -> Plant:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE planted (value BLOB)"))
    planted = table("planted", column("value", LargeBinary))

    def plant(value: bytes) -> None:
        with engine.begin() as connection:
            connection.execute(insert(planted).values(value=value))

    return plant


def _into_redis(client: Redis) -> Plant:
    def plant(planted: bytes) -> None:
        client.rpush("planted", planted)

    return plant


def _into_a_job(client: Redis) -> Plant:
    """RQ keeps the arguments of a job, compressed, and its description."""
    queue = Queue("planted", connection=client, serializer=JSONSerializer)

    def plant(planted: bytes) -> None:
        queue.enqueue_call("a.job", args=(planted.decode(),))

    return plant


def _into_file(demo: Demo, name: str) -> Plant:
    def plant(planted: bytes) -> None:
        with (demo.data / name).open("ab") as file:
            file.write(b"{" + planted + b"}\n")

    return plant


def _post(dsn: str, planted: bytes) -> None:
    requests.post(dsn, data=planted, timeout=10).raise_for_status()
