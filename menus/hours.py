"""When it is safe to reach her: the parts of the day, with the hours of the country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from menus.intents import Window
from menus.script import Caller, Phrase, Words, phrase

_PARTS: Final[Mapping[str, Phrase]] = {
    "morning": phrase("Morning"),
    "afternoon": phrase("Afternoon"),
    "evening": phrase("Evening"),
}


def windows(caller: Caller) -> list[tuple[Phrase, Window]]:
    """What she may choose from: each label with the window it stands for, "Now" first."""
    parts: tuple[Window, ...] = ("morning", "afternoon", "evening")
    return [(phrase("Now"), "now"), *((_part_of_day(caller, part), part) for part in parts)]


def _part_of_day(caller: Caller, part: str) -> Phrase:
    """A part of the day with its hours: "Morning 08:00-12:00"."""
    return Phrase("{part} {hours}", {"part": _PARTS[part], "hours": caller.country.hours[part]})


def safe_hours(caller: Caller, window: str) -> Words:
    """The hours a caller gave, as staff see them."""
    if window in _PARTS:
        return caller.country.hours[window]
    return phrase("now") if window == "now" else phrase("any time")
