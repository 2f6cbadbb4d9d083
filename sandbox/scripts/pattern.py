"""What a script expects: words as they stand on a phone, with holes for what nobody can foresee.

    Sent. Code: {code}.     a run of digits: learnt where it is first seen, the same from then on
    Calls: 1, reached ...   three dots are anything, or nothing
    {nurse.number}          what is known of a phone: its number, its PIN

A space stands for any white space, so that a line of the script may be broken elsewhere than the
screen. `{{` and `}}` are braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Known = Mapping[str, str]
"""The name of a hole → what belongs there."""

_MARKS: Final = re.compile(
    r"(?P<brace>\{\{|\}\})|\{(?P<name>[a-z][a-z0-9_]*(?:\.(?:number|pin|way|letters|area|centre))?)\}"
    r"|(?P<gap>\.\.\.)|(?P<lone>[{}])"
)


class NotAPattern(ValueError):
    """A brace that opens no name. `str()` says what to write instead."""

    def __init__(self) -> None:
        super().__init__(
            "a name in braces is small letters, digits and _, such as {code} or {nurse.number}; "
            "write {{ and }} for braces that stand on the screen"
        )


@dataclass(frozen=True, slots=True)
class Hole:
    """A place for what is known by this name, or is learnt here."""

    name: str


Run = tuple[str | Hole, ...]
"""What stands together, with nothing unknown in between."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a pattern was found, and what was learnt there."""

    end: int
    learnt: Known


@dataclass(frozen=True, slots=True)
class Pattern:
    """Runs that have to be found one after another."""

    runs: tuple[Run, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for run in self.runs for part in run if isinstance(part, Hole))

    @property
    def text(self) -> str | None:
        """The words themselves, if nothing is left out between them."""
        if len(self.runs) > 1 or self.names:
            return None
        return "".join(str(part) for part in self.runs[0])

    def fill(self, known: Known) -> str:
        """The words with what is known in their holes. Raises KeyError."""
        return "...".join(
            "".join(known[part.name] if isinstance(part, Hole) else part for part in run)
            for run in self.runs
        )

    def search(self, text: str, known: Known) -> Found | None:
        """Find it anywhere in a text."""
        return self._find(text, known, at_start=False)

    def begins(self, text: str, known: Known) -> bool:
        return self._find(text, known, at_start=True) is not None

    def is_all_of(self, text: str, known: Known) -> bool:
        found = self._find(text, known, at_start=True)
        return found is not None and (found.end == len(text) or self.runs[-1] == ())

    def _find(self, text: str, known: Known, *, at_start: bool) -> Found | None:
        place, learnt = 0, dict(known)
        for number, run in enumerate(self.runs):
            expression = _expression(run, learnt)
            find = expression.match if at_start and number == 0 else expression.search
            found = find(text, place)
            if found is None:
                return None
            place = found.end()
            learnt |= found.groupdict()
        return Found(place, learnt)


@lru_cache(maxsize=4_096)
def parse(text: str) -> Pattern:
    """Read a pattern. Raises NotAPattern."""
    runs: list[list[str | Hole]] = [[]]
    place = 0
    for mark in _MARKS.finditer(text):
        if mark["lone"]:
            raise NotAPattern
        runs[-1].append(text[place : mark.start()])
        place = mark.end()
        if mark["gap"]:
            runs.append([])
        else:
            runs[-1].append(Hole(mark["name"]) if mark["name"] else mark["brace"][0])
    runs[-1].append(text[place:])
    return Pattern(tuple(_without_edges(run) for run in runs))


def literal(text: str) -> str:
    """The pattern of a text in which nothing is a hole."""
    return text.replace("{", "{{").replace("}", "}}")


def _without_edges(run: Sequence[str | Hole]) -> Run:
    """Spaces beside a gap, or at the ends, stand for nothing."""
    parts = [part for part in run if part != ""]
    if parts and isinstance(parts[0], str):
        parts[0] = parts[0].lstrip()
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip()
    return tuple(part for part in parts if part != "")


def _expression(run: Run, known: Known) -> re.Pattern[str]:
    parts, named = [], set[str]()
    for part in run:
        if isinstance(part, str):
            parts.append(_words(part))
        elif part.name in known:
            parts.append(rf"(?<!\d){re.escape(known[part.name])}(?!\d)")
        elif part.name in named:
            parts.append(f"(?P={part.name})")
        else:
            named.add(part.name)
            parts.append(rf"(?<!\d)(?P<{part.name}>\d+)(?!\d)")
    return re.compile("".join(parts))


def _words(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))
