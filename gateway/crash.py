"""Named points at which a test has a process die, on both sides of whatever must not be lost.

A point is passed before and after every commit and every call of a provider. Armed by
ISANGE_CRASH, the process kills itself there as a power cut would: no clean-up, no goodbye. Not
armed, and always in production, a point costs one comparison.

    ISANGE_CRASH="report.send before commit"        dies there
    ISANGE_CRASH="report.send after commit @3"      the third time it comes by
    ISANGE_CRASH="report.send before commit !"      raises Crash instead of dying
    ISANGE_CRASH="*  !"                             raises at every point

With ISANGE_CRASH_ONCE=FILE it happens only while FILE is there, which is removed first: whatever
restarts the process then finds it working.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

ARMED: Final = os.environ.get("ISANGE_CRASH")
ONCE: Final = os.environ.get("ISANGE_CRASH_ONCE")

BEFORE_COMMIT: Final = "before commit"
AFTER_COMMIT: Final = "after commit"

_SPELLED: Final = re.compile(r"(?P<point>.+?)\s*(?:@(?P<count>\d+))?\s*(?P<raises>!)?")


class Crash(RuntimeError):
    """Raised at an armed point instead of dying."""


class _Armed:
    """What ISANGE_CRASH asks for."""

    def __init__(self, spelled: str, once: str | None) -> None:
        found = _SPELLED.fullmatch(spelled.strip())
        self._point = found["point"] if found else spelled
        self._count = int((found and found["count"]) or 1)
        self._raises = bool(found and found["raises"])
        self._once = Path(once) if once else None
        self._lock = Lock()

    def passed(self, point: str) -> None:
        if self._point not in {point, "*"} or not self._is_time():
            return
        if self._raises:
            raise Crash(point)
        os.kill(os.getpid(), signal.SIGKILL)

    def _is_time(self) -> bool:
        with self._lock:
            self._count -= 1
            if self._count > 0:
                return False
            if self._once is None:
                return True
            try:
                self._once.unlink()
            except FileNotFoundError:
                return False
            return True


_armed: Final = _Armed(ARMED, ONCE) if ARMED else None


def point(name: str) -> None:
    """Die here, if that is what a test wants."""
    if _armed is not None:
        _armed.passed(name)


@contextmanager
def around(name: str) -> Iterator[None]:
    """A point before and one after what is done inside."""
    point(f"before {name}")
    yield
    point(f"after {name}")
