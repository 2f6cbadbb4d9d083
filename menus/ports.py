"""What a screen may look at: read-only facts of the country, held in memory.

The menus are a leaf of the house, so they name here the shapes they need and the gateway supplies
them. Every method is pure and answers from memory: a screen that is asked twice says the same
thing twice, which is what lets a lost session be rebuilt from what the caller typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Name(str):
    """A proper name (place, centre, language): shown as it is in every language."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the country at some administrative level.

    `id` is stable and unique ("south/huye/ngoma"); `level` counts from 0 (province).
    """

    id: str
    name: Name
    level: int
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Centre:
    """A place of care as a caller sees it; `area` is the id of the area it stands in."""

    id: str
    name: Name
    town: Name
    area: str
    always_open: bool = False
    """Open day and night, and somebody has signed that it is."""
    sample: bool = True
    """True until a person has verified this centre: shown as a sample wherever it appears."""


class Places(Protocol):
    """The administrative tree. Level 0 is the widest; `levels` is how many there are."""

    @property
    def levels(self) -> int: ...

    @property
    def centre_level(self) -> int:
        """The level at which centres are listed under their own heading (district)."""
        ...

    @property
    def search_level(self) -> int:
        """The level whose names a caller may type (sector)."""
        ...

    def children(self, area: str | None) -> Sequence[Area]:
        """The areas just below `area` in the order of the country's list; None asks for level 0."""
        ...

    def get(self, area: str) -> Area | None: ...

    def within(self, area: str, level: int) -> Area | None:
        """The area of `level` that holds `area` (itself included), or None."""
        ...

    def search(self, letters: str) -> Sequence[Area]:
        """Areas of the search level whose name begins like `letters`, best first, at most 12.

        Tolerates misspelling; empty when nothing is near.
        """
        ...


class Centres(Protocol):
    """The centres a caller may be sent to, never the national duty desk."""

    def near(self, area: str | None) -> Sequence[Centre]:
        """Every centre, nearest first: own district, then neighbours, then the rest."""
        ...

    def get(self, centre: str) -> Centre | None: ...


@dataclass(frozen=True, slots=True)
class Hotlines:
    """Numbers a caller may dial for help; data of the country, never of the code."""

    police: Name
    child: Name
    centre: Name


@dataclass(frozen=True, slots=True)
class Country:
    """All that the menus know of the country they speak for."""

    places: Places
    centres: Centres
    hotlines: Hotlines
    languages: Mapping[str, Name]
    """Language code to its own name, in the order they are offered."""
    titles: Mapping[str, Name]
    """The neutral title of the service by language code."""
    questions: Mapping[str, Sequence[str]]
    """Language code to the question asked at each level ("Your province?", "District?", ...)."""
    level_names: Mapping[str, Sequence[Name]]
    """Language code to what an area of each level is called ("province", "district", ...)."""
    desk: Name
    """The word to ask for at a hospital's reception ("ISANGE")."""
    investigator: Name
    """The short name of those who investigate ("RIB")."""
    hours: Mapping[str, Name]
    """Part of the day (morning, afternoon, evening, any) to its hours ("08:00-12:00")."""
    area_names: Mapping[str, Mapping[str, Name]] = field(default_factory=dict)
    """Language code and area id to a name that differs from the area's own."""
    call_back_minutes: int = 15
    """How soon a caller in danger should have been rung: after that she rings the police."""

    def name_of(self, area: Area, language: str) -> Name:
        """What an area is called in a language."""
        return self.area_names.get(language, {}).get(area.id, area.name)
