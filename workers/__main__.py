"""`python -m workers worker` or `clock`: the two programs behind the callers' line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType

from redis.exceptions import RedisError

from gateway.runtime import logs, sentry
from gateway.runtime.errors import OperatorError
from gateway.runtime.settings import Settings
from gateway.wiring import Parts
from workers import jobs
from workers.clock import Clock
from workers.deliver import Delivery
from workers.probe import Probing


def worker(parts: Parts) -> int:
    """Run jobs until a signal; a job under way is finished first.

    The exit status is 1 when it ended for another reason, such as Redis dying under a job: then
    it is to be started again.
    """
    try:
        working = jobs.worker(parts, parts.queue_redis)
        working.work(with_scheduler=False, logging_level="WARNING")
    except RedisError as error:
        logs.failure("redis_gone", error)
        return 1
    return 0 if working.stopping else 1


def clock(parts: Parts) -> int:
    """Tick until a signal."""
    stop = Event()

    def finish(signum: int, frame: FrameType | None) -> None:
        stop.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, finish)
    parts.centres.keep_fresh()
    probing = Probing(parts.database, parts.fleet, parts.settings.low_balance)
    Thread(target=probing.run, args=(stop,), name="probing", daemon=True).start()
    Clock(parts, Delivery.of(parts)).run(stop)
    return 0


PROGRAMS: dict[str, Callable[[Parts], int]] = {"worker": worker, "clock": clock}


def main(name: str) -> int:
    """Run one program; known errors become one line and exit status 2."""
    logs.configure(name)
    try:
        settings = Settings.read(os.environ)
        sentry.start(settings.sentry_dsn, name)
        return PROGRAMS[name](Parts(settings, "worker"))
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
