"""Which centre is nearest: the file of centres, and their order for every area.

Own district first, then the districts beside it, then all others, each by distance: a caller who
needs a referral or a family's help is better off inside her district than across its border. A
straight line knows nothing of lakes and forests, so the operator's own order comes before all.
"District" stands here for an area of whatever level a country lists its centres under.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.country.places import Point, Tree, point_of
from gateway.country.reading import SLUG, Page, Provenance, Row, csv_rows, refuse
from menus.ports import Centre, Name

KINDS = ("hospital", "health-centre", "one-stop-centre")

FARTHEST_KM = 300
"""A centre farther than this from its own area's point was typed wrongly (lat for lon, say)."""

_NEEDED = ("id", "name", "area", "town", "open_24h", "kind", "source", "verified_on", "verified_by")


@dataclass(frozen=True, slots=True)
class CentreRow:
    """A centre as the operator keeps it; a sample until a person has verified it."""

    id: str
    name: Name
    area: str
    town: Name
    open_24h: bool = False
    kind: str = "hospital"
    provenance: Provenance = field(default_factory=Provenance)
    point: Point | None = None
    """Where it stands; None puts it at the reference point of its area."""

    def shown(self) -> Centre:
        """What a caller sees of it: that it is open day and night only where that is signed."""
        signed = self.provenance.verified
        always_open = self.open_24h and signed
        return Centre(self.id, self.name, self.town, self.area, always_open, sample=not signed)


def read_centres(
    path: Path, places: Tree, reserved: Collection[str] = frozenset()
) -> list[CentreRow]:
    """Read a CSV of centres. Raises BadFile with every fault in it, each with its line.

    `reserved` are ids that no centre may have (that of the national duty desk).
    """
    page = Page(path)
    centres = list(_centres(page, places, reserved))
    if not centres and not page.problems:
        page.blame(1, "file", "has no centre: add one line for each")
    refuse(page)
    return centres


def _centres(page: Page, places: Tree, reserved: Collection[str]) -> Iterable[CentreRow]:
    ids, names = set(reserved), set[tuple[str, str]]()
    for row in csv_rows(page, _NEEDED, ("lat", "lon")):
        centre = _centre(row, places)
        if centre.id and centre.id in ids:
            row.blame("id", "is taken: give each centre an id of its own")
        if (centre.name, centre.town) in names:
            row.blame("name", "is there twice in this town: callers could not tell them apart")
        ids.add(centre.id)
        names.add((centre.name, centre.town))
        yield centre


def _centre(row: Row, places: Tree) -> CentreRow:
    area, point, kind = row.text("area"), point_of(row), row.text("kind")
    if area and not places.within(area, places.centre_level):
        row.blame(
            "area", "must be the id of an area in areas.csv, at the level of centres or below"
        )
    elif area and point and point.km_to(places.point(area)) > FARTHEST_KM:
        row.blame("lat", f"lies over {FARTHEST_KM} km from its area: are lat and lon swapped?")
    if kind and kind not in KINDS:
        row.blame("kind", f"must be one of {', '.join(KINDS)}")
    return CentreRow(
        id=row.text("id", form=SLUG),
        name=row.name("name"),
        area=area,
        town=row.name("town"),
        open_24h=row.yes("open_24h"),
        kind=kind,
        provenance=row.provenance(),
        point=point,
    )


@dataclass(frozen=True, slots=True)
class _Site:
    """A centre with where it counts as standing.

    `path` are the names of the areas above it and its own. A centre whose area has left the tree
    has no point and no district: it comes last, but it does come.
    """

    centre: Centre
    point: Point | None
    district: str | None
    path: tuple[str, ...]


class Ranking:
    """`menus.ports.Centres` over one list of centres; build a new one when the list changes.

    `neighbours` maps an area of the centre level to those it touches. `nearest` maps an area to
    the ids of the centres that come first there and in all areas inside it that have no list of
    their own; an id that is not in `centres` (any more) is passed over.
    """

    def __init__(
        self,
        places: Tree,
        centres: Iterable[CentreRow],
        neighbours: Mapping[str, Collection[str]],
        nearest: Mapping[str, Sequence[str]],
    ) -> None:
        self._places, self._neighbours, self._nearest = places, neighbours, nearest
        self._sites = sorted(map(self._site, centres), key=lambda site: (site.path, site.centre.id))
        self._centres = {site.centre.id: site.centre for site in self._sites}
        self._known: dict[str, tuple[Centre, ...]] = {}

    def near(self, area: str | None) -> Sequence[Centre]:
        """Every centre once, nearest first; by the names of province, district and centre when
        `area` is None or unknown."""
        if area is None or not self._places.get(area):
            return tuple(self._centres.values())
        if area not in self._known:
            self._known[area] = self._ranked(area)
        return self._known[area]

    def get(self, centre: str) -> Centre | None:
        return self._centres.get(centre)

    def _site(self, row: CentreRow) -> _Site:
        levels = range(self._places.centre_level + 1)
        above = [found for level in levels if (found := self._places.within(row.area, level))]
        path = (*(area.name for area in above), row.name)
        point = row.point or (self._places.point(row.area) if above else None)
        return _Site(row.shown(), point, above[-1].id if above else None, path)

    def _ranked(self, area: str) -> tuple[Centre, ...]:
        here, home = self._places.point(area), self._home(area)
        beside = {beyond for district in home for beyond in self._neighbours.get(district, ())}
        first = {centre: place for place, centre in enumerate(self._first(area))}

        def rank(site: _Site) -> tuple[int, int, float, tuple[str, ...], str]:
            ring = 0 if site.district in home else 1 if site.district in beside else 2
            km = here.km_to(site.point) if site.point else math.inf
            return first.get(site.centre.id, len(first)), ring, km, site.path, site.centre.id

        return tuple(site.centre for site in sorted(self._sites, key=rank))

    def _home(self, area: str) -> set[str]:
        """The district that holds `area`, or the districts inside it when it is wider."""
        places = self._places
        if district := places.within(area, places.centre_level):
            return {district.id}
        wider = places.get(area)
        districts = places.all(places.centre_level)
        return {
            one.id for one in districts if wider and places.within(one.id, wider.level) == wider
        }

    def _first(self, area: str) -> Sequence[str]:
        found = self._places.get(area)
        while found:
            if found.id in self._nearest:
                return self._nearest[found.id]
            found = self._places.get(found.parent) if found.parent else None
        return ()
