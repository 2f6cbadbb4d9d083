"""Canaries that are put on purpose where none may be, to see that the scan would find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import requests
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Column, Engine, LargeBinary, MetaData, Table, insert

from gateway.store import database
from tests.leaks import canaries
from tests.leaks.encodings import ENCODINGS
from tests.leaks.places import DUMP, REDIS, SENTRY
from tests.leaks.stolen_service import DATABASE_PLACES, REDIS_FILES, StolenService
from tests.services import PATIENCE

FIRST: Final = 8000
"""The index of the first planted canary: no caller has one as great."""

Plant = Callable[[bytes], None]


def plant_all(stage: StolenService, dsn: str) -> set[tuple[str, str]]:
    """Put a canary of its own into each place in each shape; the finds that a scan must make."""
    expected: set[tuple[str, str]] = set()
    indices = iter(range(FIRST, 10_000))
    for places, plant, only_text in _ways(stage, dsn):
        for encode in ENCODINGS.values():
            canary = canaries.number(next(indices))
            planted = encode(canary)
            if only_text and not planted.isascii():
                continue
            plant(planted)
            expected |= {(place, canary) for place in places}
    return expected


def _ways(stage: StolenService, dsn: str) -> Iterator[tuple[tuple[str, ...], Plant, bool]]:
    of_a_row = (DUMP, *DATABASE_PLACES[stage.kind])
    engine = database.connect(stage.info["database_url"])
    yield of_a_row, _into_database(engine), False
    engine.dispose()
    with Redis.from_url(stage.info["redis_url"]) as client:
        yield (REDIS, REDIS_FILES), _into_redis(client), False
        yield (REDIS, REDIS_FILES), _into_a_job(client), True
    for place, file in stage.open_to.items():
        yield (place,), _into_file(file), False
    yield (SENTRY,), lambda planted: _post(dsn, planted), False


def _into_database(engine: Engine) -> Plant:
    planted = Table("planted", MetaData(), Column("value", LargeBinary))
    planted.create(engine)

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


def _into_file(file: Path) -> Plant:
    def plant(planted: bytes) -> None:
        with file.open("ab") as open_file:
            open_file.write(b"{" + planted + b"}\n")

    return plant


def _post(dsn: str, planted: bytes) -> None:
    requests.post(dsn, data=planted, timeout=PATIENCE).raise_for_status()
