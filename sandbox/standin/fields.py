"""Reads JSON that a person or a test wrote, and says plainly what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import overload

LONGEST_TEXT = 10_000


class Nonsense(ValueError):
    """The JSON makes no sense; the message names the field and never quotes its value."""


class Fields:
    """Takes named values out of a JSON object; `done` refuses whatever was not taken."""

    def __init__(self, data: object) -> None:
        if not isinstance(data, Mapping):
            raise Nonsense("a JSON object is needed")
        self._left = {str(name): value for name, value in data.items()}

    def done(self) -> None:
        """Refuse misspelt names: a fault that is silently not switched on proves nothing."""
        if self._left:
            raise Nonsense(f"unknown field: {', '.join(sorted(self._left))}")

    def has(self, name: str) -> bool:
        return name in self._left

    @overload
    def text(self, name: str, default: str) -> str: ...
    @overload
    def text(self, name: str, default: None = None) -> str | None: ...
    def text(self, name: str, default: str | None = None) -> str | None:
        value = self._left.pop(name, None)
        if value is None:
            return default
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise Nonsense(f"{name}: a string of at most {LONGEST_TEXT} characters is needed")
        return value

    def needed(self, name: str) -> str:
        """A string that must be there; it may be empty."""
        value = self.text(name)
        if value is None:
            raise Nonsense(f"{name}: is missing")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], shape: str) -> str | None:
        """A string that must look like `pattern`; `shape` tells a person what that is."""
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            raise Nonsense(f"{name}: {shape} is needed")
        return value

    def choice(self, name: str, words: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is not None and value not in words:
            raise Nonsense(f"{name}: one of {', '.join(words)} is needed")
        return value

    def integer(self, name: str, low: int, high: int) -> int | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Nonsense(f"{name}: a whole number from {low} to {high} is needed")
        return value

    def seconds(self, name: str, high: float) -> float | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= high:
            raise Nonsense(f"{name}: seconds from 0 to {high:g} are needed")
        return float(value)

    def flag(self, name: str) -> bool | None:
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, bool):
            raise Nonsense(f"{name}: true or false is needed")
        return value

    def words(self, name: str, most: int) -> tuple[str, ...] | None:
        value = self._left.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > most:
            raise Nonsense(f"{name}: a list of at most {most} words is needed")
        if not all(isinstance(word, str) and 0 < len(word) <= 40 for word in value):
            raise Nonsense(f"{name}: each word is a string of 1 to 40 characters")
        return tuple(value)
