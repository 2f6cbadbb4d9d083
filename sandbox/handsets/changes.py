"""Tells whoever watches that something has changed, without anybody asking in circles."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """A number that grows, and people who wait for it to grow. Safe to use from many threads."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._version = 1
        self._watching = 0

    def ring(self) -> None:
        """Something has changed."""
        with self._moved:
            self._version += 1
            self._moved.notify_all()

    def after(self, seen: int, seconds: float) -> int:
        """The version as soon as it is another than `seen`, or after `seconds` all the same."""
        with self._moved:
            self._moved.wait_for(lambda: self._version != seen, seconds)
            return self._version

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While somebody looks: the network is asked for news only then."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def wait_for_watchers(self, seconds: float) -> bool:
        """Whether somebody looks, now or within `seconds`."""
        with self._moved:
            return self._moved.wait_for(lambda: self._watching > 0, seconds)

    def _count(self, more: int) -> None:
        with self._moved:
            self._watching += more
            self._moved.notify_all()
