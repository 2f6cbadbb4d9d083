"""`python -m workers worker` or `clock`: the two programs behind the callers' line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Event
from types import FrameType

from gateway import logs
from gateway.errors import OperatorError
from gateway.settings import Settings
from gateway.wiring import House
from workers import jobs
from workers.clock import Clock
from workers.deliver import Delivery


def worker(house: House) -> None:
    """Run jobs until a signal; a job under way is finished first."""
    jobs.worker(house, house.queue_redis).work(with_scheduler=False, logging_level="WARNING")


def clock(house: House) -> None:
    """Tick until a signal."""
    stop = Event()

    def finish(signum: int, frame: FrameType | None) -> None:
        stop.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, finish)
    Clock(house, Delivery(house.database, house.letters, house.provider)).run(stop)


PROGRAMS: dict[str, Callable[[House], None]] = {"worker": worker, "clock": clock}


def main(name: str) -> int:
    """Run one program; known errors become one line and exit status 2."""
    logs.configure(name)
    try:
        PROGRAMS[name](House(Settings.read(os.environ), "worker"))
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
