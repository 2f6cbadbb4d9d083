"""The RQ worker. It runs the jobs of this file and no others, whatever a queue may hold.

A job's name is looked up here instead of being imported: JSON keeps pickled code out, and this
keeps out the rest. Lost jobs do not matter, since SQL holds what is to be done; so jobs run in the
worker's own process, and a kill costs seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from gateway.runtime import doorbell, logs
from gateway.store import liveness
from gateway.wiring import Parts
from workers.deliver import Delivery

JobTable = Mapping[str, Callable[[], object]]

WORKER_TTL: Final = 60
"""Seconds. RQ derives its waits from it: it looks for work for 45 s at a time, and takes a Redis
that is silent for 55 s for dead. With RQ's own 420 s a cut cable would cost seven minutes."""

LONGEST_RECONNECT: Final = 2.0
"""Seconds between tries to reach a Redis that is gone; RQ would go up to a minute."""


class NotOurJob(LookupError):
    """A queue held a job that this service never enqueues."""


class JobFailed(RuntimeError):
    """A job of ours failed. Our log says how; RQ would keep every word of it in Redis."""


class OwnJob(Job):
    """A job that can only be one of the table's, and that brings nothing else with it.

    RQ would also import callbacks and call URLs that are named in a job.
    """

    table: ClassVar[JobTable] = {}
    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Callable[[], object]:
        ours = self.table.get(self.func_name or "")
        if ours is None or self.instance or self.args or self.kwargs:
            raise NotOurJob("a job that is not ours was refused")
        return ours

    def perform(self) -> object:
        try:
            return super().perform()
        except Exception as error:  # noqa: BLE001
            logs.failure("job_failed", error)
            raise JobFailed(type(error).__name__) from None

    def send_webhooks(self, status: str, *, exc_string: str | None = None) -> None:
        """Call nobody."""


class OwnWorker(SimpleWorker):
    """RQ's worker in its own process, with our patience."""

    max_connection_wait_time = LONGEST_RECONNECT
    stopping = False
    """Whether somebody asked for its end: any other end is a fault."""

    def handle_warm_shutdown_request(self) -> None:
        self.stopping = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]


def table(parts: Parts) -> JobTable:
    """Every job, by the name under which the web enqueues it."""
    delivery = Delivery.of(parts)

    def drain() -> int:
        given = delivery.drain()
        liveness.note_alive(parts.database, "worker")
        return given

    return {doorbell.DRAIN: drain}


def worker(parts: Parts, redis: Redis) -> OwnWorker:
    """An RQ worker for all queues of the service."""
    job_class = type("OwnJob", (OwnJob,), {"table": table(parts)})
    waiting = [
        Queue(name, connection=redis, serializer=JSONSerializer, job_class=job_class)
        for name in doorbell.QUEUES
    ]
    return OwnWorker(
        waiting,
        connection=redis,
        serializer=JSONSerializer,
        job_class=job_class,
        worker_ttl=WORKER_TTL,
        log_job_description=False,
    )
