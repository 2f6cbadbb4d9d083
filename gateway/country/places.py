"""The administrative tree of a country in memory: walk down it, or type a name.

A country has as many levels as it likes. Areas come from areas.csv, widest first; one more level
of small areas, which need no point of their own, may come from cells.csv.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.country.reading import SLUG, Form, Page, Row, csv_rows
from gateway.country.spelling import Alike, Spellings, fold
from menus.ports import Area, Name

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""

AREA_ID = Form(
    re.compile(rf"{SLUG.pattern.pattern}(/{SLUG.pattern.pattern})*"),
    "must be lower-case words of a-z, 0-9 and hyphens, joined by /",
)


@dataclass(frozen=True, slots=True)
class Point:
    """Latitude and longitude in degrees (WGS 84)."""

    lat: float
    lon: float

    def km_to(self, other: Point) -> float:
        """Great-circle distance by the haversine formula, in km: roads are longer."""
        north = math.radians(other.lat - self.lat) / 2
        east = math.radians(other.lon - self.lon) / 2
        cosines = math.cos(math.radians(self.lat)) * math.cos(math.radians(other.lat))
        half = math.sin(north) ** 2 + cosines * math.sin(east) ** 2
        return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


class Tree:
    """`menus.ports.Places`, and the reference point of every area.

    `areas` come parents first. An area without a point of its own has the mean of its children's,
    and without those its parent's.
    """

    def __init__(
        self,
        areas: Sequence[Area],
        points: Mapping[str, Point],
        *,
        levels: int,
        centre_level: int,
        search_level: int,
        alike: Alike = (),
    ) -> None:
        self.levels = levels
        self.centre_level = centre_level
        self.search_level = search_level
        self._areas = {area.id: area for area in areas}
        self._children = _by_parent(areas)
        self._points = self._all_points(areas, points)
        self._spellings = Spellings((one for one in areas if one.level == search_level), alike)

    def children(self, area: str | None) -> Sequence[Area]:
        return self._children.get(area, ())

    def get(self, area: str) -> Area | None:
        return self._areas.get(area)

    def within(self, area: str, level: int) -> Area | None:
        found = self._areas.get(area)
        while found and found.level > level and found.parent:
            found = self._areas.get(found.parent)
        return found if found and found.level == level else None

    def search(self, letters: str) -> Sequence[Area]:
        return self._spellings.search(letters)

    def all(self, level: int) -> list[Area]:
        """Every area of `level`, in the order of the file."""
        return [area for area in self._areas.values() if area.level == level]

    def point(self, area: str) -> Point:
        """From where distances of `area` are measured. KeyError for an area that is not."""
        return self._points[area]

    def _all_points(self, areas: Sequence[Area], own: Mapping[str, Point]) -> dict[str, Point]:
        points = dict(own)
        for area in reversed(areas):
            below = [points[one.id] for one in self.children(area.id) if one.id in points]
            if area.id not in points and below:
                points[area.id] = _mean(below)
        for area in areas:
            if area.id not in points and area.parent in points:
                points[area.id] = points[area.parent]
        return points


def _by_parent(areas: Iterable[Area]) -> dict[str | None, tuple[Area, ...]]:
    families: defaultdict[str | None, list[Area]] = defaultdict(list)
    for area in areas:
        families[area.parent].append(area)
    return {
        parent: tuple(family if parent is None else sorted(family, key=_by_name))
        for parent, family in families.items()
    }


def _by_name(area: Area) -> tuple[str, str]:
    return area.name, area.id


def _mean(points: Sequence[Point]) -> Point:
    return Point(
        math.fsum(point.lat for point in points) / len(points),
        math.fsum(point.lon for point in points) / len(points),
    )


def point_of(row: Row) -> Point | None:
    """The fields lat and lon, both or neither."""
    lat, lon = row.degrees("lat", 90), row.degrees("lon", 180)
    if (lat is None) != (lon is None):
        row.blame("lon", "give both lat and lon, or neither")
    return Point(lat, lon) if lat is not None and lon is not None else None


class AreaFiles:
    """areas.csv and cells.csv on their way into a tree; faults are left on the pages."""

    def __init__(self, levels: int) -> None:
        self.areas: dict[str, Area] = {}
        self.points: dict[str, Point] = {}
        self._levels = levels

    def read_areas(self, page: Page) -> None:
        """Columns id, name, parent, level, lat, lon; parents above their children."""
        rows: dict[str, Row] = {}
        for row in csv_rows(page, ("id", "name", "parent", "level", "lat", "lon")):
            if area := self._area(row):
                self.areas[area.id] = area
                rows[area.id] = row
                if point := point_of(row):
                    self.points[area.id] = point
        parents = {area.parent for area in self.areas.values()}
        for area_id in self.areas.keys() - parents - self.points.keys():
            rows[area_id].blame("lat", "give lat and lon: centres are ranked from this point")

    def _area(self, row: Row) -> Area | None:
        area_id, name = row.text("id", form=AREA_ID), row.name("name")
        parent = row.text("parent", optional=True)
        level = self.areas[parent].level + 1 if parent in self.areas else 0
        if area_id in self.areas:
            row.blame("id", "is there twice: remove one, or give it another id")
        elif parent and parent not in self.areas:
            row.blame("parent", "is no id of a line above: correct it, or move the parent up")
        elif area_id.rpartition("/")[0] != parent:
            row.blame("id", "must be the parent's id, /, and one word more")
        elif row.text("level") != str(level) or level >= self._levels:
            row.blame("level", f"must count from 0 at the top, below {self._levels}")
        elif area_id and name:
            return Area(area_id, name, level, parent or None)
        return None

    def read_cells(self, page: Page) -> None:
        """Columns parent, name; the id is made from the name."""
        for row in csv_rows(page, ("parent", "name")):
            parent, name = self.areas.get(row.text("parent")), row.name("name")
            if parent is None or parent.level + 1 >= self._levels:
                row.blame("parent", "is no id of areas.csv, or levels has none below it")
                continue
            cell = Area(f"{parent.id}/{slug(name)}", name, parent.level + 1, parent.id)
            if cell.id in self.areas:
                row.blame("name", "is there twice below this parent: remove one")
            elif fold(name):
                self.areas[cell.id] = cell


def slug(name: str) -> Name:
    """A name as a word of an id: "Kabuga II" is kabuga-ii."""
    words = (fold(word) for word in re.split(r"[\s'-]+", name))
    return Name("-".join(word for word in words if word))
