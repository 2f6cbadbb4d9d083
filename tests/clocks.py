"""Places where the clocks show the hour that a test needs, whenever it is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

EVENING: Final = 18
"""In the hours of a caller who may be reached in the evening; 13 lies before them, 22 after."""


def where_it_is(hour: int) -> ZoneInfo:
    """A time zone in which it is `hour` and some minutes now."""
    ahead = (hour - datetime.now(UTC).hour) % 24
    ahead -= 24 if ahead > 14 else 0  # They go from -12 to +14, and their names the other way.
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")


def at_hour(hour: int) -> pytest.MarkDecorator:
    """Makes the calls of a test at this hour."""
    return pytest.mark.parametrize("hour", [hour], indirect=True)
