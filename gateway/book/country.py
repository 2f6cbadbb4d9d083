"""A country reduced to representative callers, and stretched to the longest names it may hold.

Hundreds of areas differ in nothing but their names. A few of them stand for all on the way
through the dialogue; every other name is then tried wherever one of the few was shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.countries.reading import LONGEST_NAME
from gateway.country import Pack
from gateway.places import Tree
from gateway.ranking import CentreRow, Ranking
from menus.checks import check_digit
from menus.ports import Area, Country, Name

LONG: Final = Name("W" * LONGEST_NAME)
"""As long as the name of a centre or of a town may be."""

TYPED: Final = ("5839", "0788123456", "123456" + check_digit("123456"))
"""A typing for every check but that of place names, which depend on the country."""

NOWHERE: Final = "xqxq"
"""How no place begins."""


@dataclass(frozen=True)
class Cast:
    """The representative callers of a country.

    `typed` is what they type where a screen asks; `chosen` are the ids of areas and centres that
    they choose; `kin` maps each of these to all the ids that it stands for.
    """

    country: Country
    typed: Sequence[str] = TYPED
    chosen: frozenset[str] = frozenset()
    kin: Mapping[str, Sequence[str]] = field(default_factory=dict)


def cast(pack: Pack) -> Cast:
    """The representative callers of the country in `pack`, in all its languages."""
    places = pack.places
    home = max(places.all(places.centre_level), key=_length).id
    longest = [CentreRow(f"longest-{n}", LONG, home, LONG, open_24h=n == 1) for n in (1, 2)]
    ids = tuple(one.id for one in longest)
    rows = (*pack.centres, *longest)
    ranking = Ranking(places, rows, pack.neighbours, {**pack.nearest, home: ids})
    areas = {one.id for area in _representatives(pack) for one in _line(places, area)}
    return Cast(
        country=pack.menus_country(tuple(pack.languages), ranking),
        typed=(*TYPED, *_beginnings(places)),
        chosen=frozenset({*areas, *ids}),
        kin={**dict(_areas_alike(places, areas)), **dict.fromkeys(ids, [one.id for one in rows])},
    )


def _representatives(pack: Pack) -> Iterator[Area]:
    """The longest name of each level, one with an apostrophe, districts of few centres and many."""
    places = pack.places
    levels = [places.all(level) for level in range(places.levels)]
    yield from (max(areas, key=_length) for areas in levels if areas)
    yield from [area for area in levels[places.search_level] if "'" in area.name][:1]
    districts = [places.within(one.area, places.centre_level) for one in pack.centres]
    centres = Counter(area.id for area in districts if area)
    for count in (0, 1, 2, max(centres.values())):
        alike = (area for area in levels[places.centre_level] if centres[area.id] == count)
        yield from [area for area in alike][:1]


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


def _length(area: Area) -> int:
    return len(area.name)
