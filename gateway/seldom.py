"""What may happen a thousand times a minute and is told once."""

from __future__ import annotations

import time
from threading import Lock

from gateway.recent import Clock


class Seldom:
    """Adds up what happens, and lets it be told at most once in so many seconds.

    What comes after the last telling is told with the next that happens later.
    """

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._told_at = float("-inf")
        self._untold = 0
        self._lock = Lock()

    def add(self) -> int:
        """Note that it happened; how many times are to be told now, 0 when it is too early."""
        with self._lock:
            self._untold += 1
            if self._clock() - self._told_at < self._seconds:
                return 0
            count, self._untold, self._told_at = self._untold, 0, self._clock()
            return count
