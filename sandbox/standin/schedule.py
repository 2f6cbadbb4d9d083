"""Work that happens later: a heap of due times and a few daemon threads."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
import traceback
from collections.abc import Callable

logger = logging.getLogger(__name__)

Work = Callable[[], None]


class Schedule:
    """Runs each piece of work once, at its time or as soon after as a thread is free.

    A piece that fails is reported by its type and place alone: its message may quote a number.
    """

    def __init__(self, workers: int = 8) -> None:
        self._heap: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._closed = False
        for number in range(workers):
            threading.Thread(target=self._run, name=f"schedule-{number}", daemon=True).start()

    def after(self, seconds: float, work: Work) -> None:
        """Ask for `work` in `seconds`; ties run in the order in which they were asked for."""
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), work))
            self._wake.notify()

    def close(self) -> None:
        """Forget what has not begun. Work under way is left to finish."""
        with self._wake:
            self._closed = True
            self._heap.clear()
            self._wake.notify_all()

    def _run(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the next piece of work must run
                report(error)

    def _next(self) -> Work | None:
        with self._wake:
            while not self._closed:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    # The thread that leaves hands the watch over the heap to another one.
                    self._wake.notify()
                    return heapq.heappop(self._heap)[2]
                self._wake.wait(wait)
        return None


def report(error: BaseException) -> None:
    """Log where something broke and what kind of thing it was, never what it said."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("stand-in: %s\n%s", type(error).__name__, where)
