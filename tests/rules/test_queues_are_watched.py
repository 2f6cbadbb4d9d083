"""What is put into a queue is taken out of it: every queue is watched, every job is known."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest
from redis import Redis
from rq import Queue

from gateway.runtime import doorbell
from gateway.runtime.doorbell import RqDoorbell
from gateway.runtime.settings import Settings
from gateway.wiring import Parts
from tests.rules.sources import modules, none_of
from workers import jobs

QUEUES = "gateway/runtime/doorbell.py"


@pytest.fixture
def parts(settings: Callable[..., Settings]) -> Iterator[Parts]:
    made = Parts(settings("worker"), "worker")
    yield made
    made.database.dispose()


def test_the_worker_watches_every_queue(parts: Parts, redis: Redis) -> None:
    watched = set(jobs.worker(parts, redis).queue_names())
    assert watched == set(doorbell.QUEUES), "let workers.jobs.worker watch all of doorbell.QUEUES"


def test_the_worker_knows_every_job(parts: Parts) -> None:
    known = jobs.table(parts)
    assert set(known) == set(doorbell.JOBS), (
        "name each job in doorbell.JOBS and in workers.jobs.table"
    )
    assert all(callable(job) for job in known.values())


def test_what_rings_is_heard(redis: Redis, parts: Parts) -> None:
    RqDoorbell(redis).ring()
    rung = {queue.name for queue in Queue.all(connection=redis)}
    assert rung
    assert rung <= set(jobs.worker(parts, redis).queue_names()), "nobody watches this queue"


def test_nothing_is_enqueued_but_by_name() -> None:
    """Each Queue and each job in gateway.runtime.doorbell is a constant of that module, and listed
    there.
    """
    none_of(
        (
            module.at(call, f"{ast.unparse(call.func)}({ast.unparse(call.args[0])}, ...)")
            for module in modules("gateway")
            if str(module.path) == QUEUES
            for call in module.calls()
            if _what(call) and _named(call) not in listed(_what(call))
        ),
        "give the queue or job a constant, and add it to QUEUES or JOBS",
    )


def listed(what: str) -> tuple[str, ...]:
    return doorbell.QUEUES if what == "queue" else doorbell.JOBS


def _what(call: ast.Call) -> str:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    if name == "Queue":
        return "queue"
    return "job" if name.startswith("enqueue") else ""


def _named(call: ast.Call) -> object:
    first = call.args[0] if call.args else None
    return getattr(doorbell, first.id, None) if isinstance(first, ast.Name) else None
