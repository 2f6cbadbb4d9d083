"""The hours in which a caller said that she can be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.country.facts import Hours, SafeHours
from menus.intents import PartOfDay, Window


def is_safe_now(
    window: Window, since: datetime, at: datetime, hours: SafeHours, zone: ZoneInfo
) -> bool:
    """Whether `at` lies inside the hours she gave; "now" lasts some minutes from `since`."""
    if window == "now":
        return 0 <= (at - since).total_seconds() <= hours.now_minutes * 60
    part = hours_of(window, hours)
    return part.start <= at.astimezone(zone).time() < part.end


def hours_of(window: PartOfDay | Literal["any"], hours: SafeHours) -> Hours:
    """The part of each day that a window means."""
    named = {
        "morning": hours.morning,
        "afternoon": hours.afternoon,
        "evening": hours.evening,
        "any": hours.any,
    }
    return named[window]
