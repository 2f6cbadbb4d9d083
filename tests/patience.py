"""How long a test waits. It needs nothing of ours: the tests of the stand-in use it too."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds for whatever must come to an end. It says that a test hangs, never that it is slow."""


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Look again and again until `condition` holds; fail with `what` was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain until {what}"
        time.sleep(0.01)
