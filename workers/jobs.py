"""The RQ worker. It runs the jobs of this file and no others, whatever a queue may hold.

A job's name is looked up here instead of being imported: JSON keeps pickled code out, and this
keeps out the rest. Lost jobs do not matter, since SQL holds what is to be done; so jobs run in the
worker's own process, and a kill costs seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from redis import Redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from gateway import queues
from gateway.wiring import House
from workers.deliver import Delivery

JobTable = Mapping[str, Callable[[], object]]


class NotOurJob(LookupError):
    """A queue held a job that this service never enqueues."""


class OwnJob(Job):
    """A job that can only be one of the table's."""

    table: ClassVar[JobTable] = {}

    @property
    def func(self) -> Callable[[], object]:
        ours = self.table.get(self.func_name or "")
        if ours is None or self.instance or self.args or self.kwargs:
            raise NotOurJob("a job that is not ours was refused")
        return ours


def table(house: House) -> JobTable:
    """Every job, by the name under which the web enqueues it."""
    delivery = Delivery(house.database, house.letters, house.provider)
    return {queues.DRAIN: delivery.drain}


def worker(house: House, redis: Redis) -> SimpleWorker:
    """An RQ worker for all queues of the service."""
    job_class = type("HouseJob", (OwnJob,), {"table": table(house)})
    waiting = [
        Queue(name, connection=redis, serializer=JSONSerializer, job_class=job_class)
        for name in queues.QUEUES
    ]
    return SimpleWorker(
        waiting,
        connection=redis,
        serializer=JSONSerializer,
        job_class=job_class,
        log_job_description=False,
    )
