"""The doorbell: an RQ job that says "something is waiting", and nothing else.

SQL holds what is to be done. A job carries no arguments, no number and no text; it is JSON, its
description is fixed, its result is not kept, and a failed one is forgotten within hours. If the
bell does not ring, the clock finds the work a few seconds later.
"""

from __future__ import annotations

from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from gateway.runtime import crash_points
from gateway.runtime.logs import log

ALERTS: Final = "alerts"
QUEUES: Final = (ALERTS,)

DRAIN: Final = "workers.deliver.drain"
JOBS: Final = (DRAIN,)
"""Every job there is, by the name under which it is queued."""

LONGEST_JOB: Final = 120
"""Seconds; a drain stops by itself long before."""

FAILURES_KEPT: Final = 4 * 3600


class RqDoorbell:
    """Rings for the workers (gateway.conversation.contract.Doorbell)."""

    def __init__(self, redis: Redis) -> None:
        self._queue = Queue(ALERTS, connection=redis, serializer=JSONSerializer)

    def ring(self) -> None:
        """Ask for a drain. Never fails: the clock is the second bell.

        One that nobody has begun yet will find what is new as well, so it is enough; and where no
        worker runs, the queue does not grow.
        """
        try:
            if not self._queue.is_empty():
                return
            with crash_points.around("bell.ring"):
                self._queue.enqueue_call(
                    DRAIN,
                    description=DRAIN,
                    timeout=LONGEST_JOB,
                    result_ttl=0,
                    ttl=LONGEST_JOB,
                    failure_ttl=FAILURES_KEPT,
                )
        except RedisError as error:
            log.warning("doorbell_silent", error=type(error).__name__)
