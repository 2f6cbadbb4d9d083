"""When it is safe to reach her: the parts of the day, with the hours of the country."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from menus.intents import PartOfDay, Window
from menus.ports import Name
from menus.script import Caller, Phrase, Words, phrase

_PARTS: Final[Mapping[PartOfDay, Phrase]] = {
    "morning": phrase("Morning"),
    "afternoon": phrase("Afternoon"),
    "evening": phrase("Evening"),
}


def windows(caller: Caller) -> list[tuple[Phrase, Window]]:
    """What she may choose from: each label with the window it stands for, "Now" first."""
    return [(phrase("Now"), "now"), *parts_of_day(caller)]


def parts_of_day(caller: Caller) -> list[tuple[Phrase, PartOfDay]]:
    """Each part of the day with its hours: "Morning 08:00-12:00"."""
    hours = caller.country.hours
    return [
        (Phrase("{part} {hours}", {"part": words, "hours": hours[part]}), part)
        for part, words in _PARTS.items()
    ]


def safe_hours(caller: Caller, window: str) -> Words:
    """The hours a caller gave, as staff see them."""
    return phrase("now") if window == "now" else caller.country.hours[window]


def day_name(day: str) -> Words:
    """A day as staff see it: "today", "tomorrow", or a date as it is."""
    named = {"today": phrase("today"), "tomorrow": phrase("tomorrow")}
    return named.get(day, Name(day))
