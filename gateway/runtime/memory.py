"""What this process saw lately: a bounded memory that forgets by itself."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

Clock = Callable[[], float]
"""Seconds that only ever grow, as time.monotonic."""

MOST: Final = 4_000
"""Entries kept: a process that answers thirteen new callers a second has as many at once."""


class RecentValues(Generic[Value]):
    """Values by key, for `seconds` from when they were put. Safe to use from many threads."""

    def __init__(self, seconds: float, clock: Clock = time.monotonic, most: int = MOST) -> None:
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[bytes, tuple[float, Value]] = OrderedDict()
        self._lock = Lock()

    def put(
        self, key: bytes, value: Value, unless: Callable[[Value], bool] = lambda there: False
    ) -> None:
        """Put a value, `unless` the one that is there says that it should stay."""
        now = self._clock()
        with self._lock:
            there = self._entries.get(key)
            if there and unless(there[1]):
                return
            self._entries[key] = now, value
            self._entries.move_to_end(key)
            while self._oldest() <= now - self._seconds or len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def get(self, key: bytes) -> Value | None:
        with self._lock:
            entry = self._entries.get(key)
        return entry[1] if entry and entry[0] > self._clock() - self._seconds else None

    def drop(self, key: bytes) -> None:
        """Forget a value now."""
        with self._lock:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)

    def _oldest(self) -> float:
        """When the first entry was put; there always is one."""
        return next(iter(self._entries.values()))[0]


class Throttle:
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
