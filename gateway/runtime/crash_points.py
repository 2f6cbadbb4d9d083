"""Named points at which a test has a process die, on both sides of whatever must not be lost.

A point is passed before and after every commit and every call of a provider. Armed by
ISANGE_CRASH, the process kills itself there as a power cut would: no clean-up, no goodbye. Not
armed, and always in production, a point costs one comparison.

    ISANGE_CRASH="report.send before commit"        dies there
    ISANGE_CRASH="report.send after commit @3"      the third time it comes by
    ISANGE_CRASH="report.send before commit !"      raises Crash instead of dying
    ISANGE_CRASH="report.send before commit ?"      raises Fault, an error like any other
    ISANGE_CRASH="* ?"                              does so at every point

With ISANGE_CRASH_ONCE=FILE it happens only while FILE is there, which is removed first: whatever
restarts the process then finds it working. If it is a folder, it is the file in it that is named
as the point: each once, whichever process comes by first.
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

_SPELLED: Final = re.compile(r"(?P<point>.+?)\s*(?:@(?P<count>\d+))?\s*(?P<raises>[!?])?")


class Crash(BaseException):
    """Raised at an armed point instead of dying. No `except Exception` survives it, as none
    survives death."""


class Fault(RuntimeError):
    """Raised at an armed point as a mistake in the code would be."""


_RAISES: Final[dict[str, type[BaseException]]] = {"!": Crash, "?": Fault}


class _Armed:
    """What ISANGE_CRASH asks for."""

    def __init__(self, spelled: str, once: str | None) -> None:
        found = _SPELLED.fullmatch(spelled.strip())
        self._point = found["point"] if found else spelled
        self._count = int((found and found["count"]) or 1)
        self._raises = _RAISES.get((found and found["raises"]) or "")
        self._once = Path(once) if once else None
        self._lock = Lock()

    def passed(self, point: str) -> None:
        if self._point not in {point, "*"} or not self._is_time(point):
            return
        if self._raises:
            raise self._raises(point)
        os.kill(os.getpid(), signal.SIGKILL)

    def _is_time(self, point: str) -> bool:
        with self._lock:
            self._count -= 1
            if self._count > 0:
                return False
            if self._once is None:
                return True
            try:
                (self._once / point if self._once.is_dir() else self._once).unlink()
            except FileNotFoundError:
                return False
            return True


_armed = _Armed(ARMED, ONCE) if ARMED else None


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


@contextmanager
def armed(spelled: str) -> Iterator[None]:
    """Arm a point in this very process, for a test that wants a Crash of its own doing."""
    global _armed
    _armed, before = _Armed(spelled, None), _armed
    try:
        yield
    finally:
        _armed = before
