"""A country reduced to representative callers, and stretched to the longest names it may hold.

Hundreds of areas differ in nothing but their names. A few of them stand for all on the way
through the dialogue; every other name is then tried wherever one of the few was shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from gateway.country.pack import Pack
from gateway.country.places import Tree
from gateway.country.ranking import CentreRow, Ranking
from gateway.country.reading import LONGEST_NAME, Provenance
from menus.checks import check_digit
from menus.ports import Area, Country, Name

LONG: Final = Name("W" * LONGEST_NAME)
"""As long as the name of a centre or of a town may be."""

TYPED: Final = ("5839", "0788123456", "123456" + check_digit("123456"), "14")
"""A typing for every check but that of place names, which depend on the country."""

NOWHERE: Final = "xqxq"
"""How no place begins."""


@dataclass(frozen=True)
class Cast:
    """The representative callers of a country.

    They choose the areas and centres in `chosen`. `kin` maps each of these to all the ids that it
    stands for; `country` has the areas of all, but no more centres than they meet, and `whole` has
    every centre. `typed` is what they type where a screen asks.
    """

    country: Country
    whole: Country
    typed: Sequence[str] = TYPED
    chosen: frozenset[str] = frozenset()
    kin: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def passed_by(self) -> frozenset[str]:
        """Areas and centres for which another one stands."""
        return frozenset(one for alike in self.kin.values() for one in alike) - self.chosen


def cast(pack: Pack) -> Cast:
    """The representative callers of the country in `pack`, in all its languages."""
    places = pack.places
    areas = {one.id for area in _representatives(pack) for one in _line(places, area)}
    home = max(places.all(places.centre_level), key=_length).id
    signed = Provenance(verified_on=date(2026, 1, 1), verified_by="the book")
    longest = [
        CentreRow("longest-1", LONG, home, LONG, open_24h=True, provenance=signed),
        CentreRow("longest-2", LONG, home, LONG),
    ]
    rows = (*pack.centres, *longest)
    met = [row for row in rows if _district(places, row) in areas]
    ids = [one.id for one in longest]
    all_centres = [one.id for one in rows]
    return Cast(
        country=_with_centres(pack, met, {home: ids}),
        whole=_with_centres(pack, rows, {home: ids}),
        typed=(*TYPED, *_beginnings(places)),
        chosen=frozenset({*areas, *ids}),
        kin={**dict(_areas_alike(places, areas)), **dict.fromkeys(ids, all_centres)},
    )


def _representatives(pack: Pack) -> Iterator[Area]:
    """The longest name of each level, one with an apostrophe, districts of few centres and many."""
    places = pack.places
    levels = [places.all(level) for level in range(places.levels)]
    yield from (max(areas, key=_length) for areas in levels if areas)
    yield from [area for area in levels[places.search_level] if "'" in area.name][:1]
    centres = Counter(_district(places, one) for one in pack.centres)
    for count in (0, 1, 2, max(centres.values())):
        alike = [area for area in levels[places.centre_level] if centres[area.id] == count]
        yield from alike[:1]


def _district(places: Tree, row: CentreRow) -> str | None:
    """The id of the area in whose list of centres this one stands."""
    found = places.within(row.area, places.centre_level)
    return found.id if found else None


def _line(places: Tree, area: Area) -> Iterator[Area]:
    """An area, all above it, and the first below it at each level down to the smallest."""
    for level in range(area.level + 1):
        if above := places.within(area.id, level):
            yield above
    while below := places.children(area.id):
        area = below[0]
        yield area


def _areas_alike(places: Tree, areas: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Each of these areas with all of its level."""
    levels = [[area.id for area in places.all(level)] for level in range(places.levels)]
    return ((area, levels[found.level]) for area in areas if (found := places.get(area)))


def _beginnings(places: Tree) -> list[str]:
    """Beginnings of names that find none, one, and as many as a search ever does."""
    letters = sorted({area.name[:3].lower() for area in places.all(places.search_level)})
    found = {beginning: len(places.search(beginning)) for beginning in letters}
    most = max(letters, key=found.__getitem__)
    return [NOWHERE, *[one for one in letters if found[one] == 1][:1], most]


def _with_centres(
    pack: Pack, rows: Sequence[CentreRow], first: Mapping[str, Sequence[str]]
) -> Country:
    ranking = Ranking(pack.places, rows, pack.neighbours, {**pack.nearest, **first})
    return pack.menus_country(tuple(pack.languages), ranking)


def _length(area: Area) -> int:
    return len(area.name)
