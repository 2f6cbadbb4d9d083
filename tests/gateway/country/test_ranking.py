"""Which centre is nearest, for every sector of Rwanda and for whatever list an operator gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.country.pack import load_country
from gateway.country.places import Point, Tree
from gateway.country.ranking import CentreRow, Ranking, read_centres
from gateway.country.reading import BadFile, Provenance
from menus.ports import Area, Centres, Name

RWANDA = load_country("rw")
EVERYWHERE = [area.id for level in range(4) for area in RWANDA.places.all(level)]
HEADING = "id,name,area,town,open_24h,kind,source,verified_on,verified_by"


def centre(centre_id: str, area: str, point: Point | None = None) -> CentreRow:
    return CentreRow(centre_id, Name(centre_id.title()), area, Name("Town"), point=point)


def islands(*ids: str) -> Tree:
    """Areas named by their ids; those of one letter are one degree apart, from west to east."""
    areas = [Area(one, Name(one), one.count("/"), one.rpartition("/")[0] or None) for one in ids]
    points = {one: Point(0, ord(one) - ord("a")) for one in ids if len(one) == 1}
    return Tree(areas, points, levels=2, centre_level=0, search_level=1)


def order(
    centres: Sequence[CentreRow],
    area: str | None,
    neighbours: Mapping[str, Sequence[str]] | None = None,
    nearest: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    tree = islands("a", "b", "c", "d", "a/x")
    return [one.id for one in Ranking(tree, centres, neighbours or {}, nearest or {}).near(area)]


# The rules, on four islands in a row.


def test_own_island_then_neighbours_then_distance() -> None:
    centres = [centre("in-a", "a"), centre("in-b", "b"), centre("in-c", "c"), centre("in-d", "d")]

    assert order(centres, "a") == ["in-a", "in-b", "in-c", "in-d"]
    assert order(centres, "a", {"a": ["d"]}) == ["in-a", "in-d", "in-b", "in-c"]
    assert order(centres, "c") == ["in-c", "in-b", "in-d", "in-a"]


def test_own_island_counts_more_than_a_shorter_way() -> None:
    across, own = centre("across", "b", Point(0, 0.1)), centre("own", "a", Point(0, -3))

    assert order([across, own], "a/x") == ["own", "across"]


def test_distance_is_measured_to_the_centre_itself() -> None:
    near, far = centre("near", "a", Point(0, 0.2)), centre("far", "a", Point(0, 0.4))

    assert order([far, near, centre("mid", "a", Point(0, -0.3))], "a") == ["near", "mid", "far"]


def test_the_operators_list_of_the_narrowest_area_wins() -> None:
    centres = [centre("in-a", "a"), centre("in-b", "b"), centre("in-c", "c")]

    assert order(centres, "a/x", nearest={"a": ["in-c"]}) == ["in-c", "in-a", "in-b"]
    assert order(centres, "a/x", nearest={"a": ["in-c"], "a/x": ["in-b", "in-c"]}) == [
        "in-b",
        "in-c",
        "in-a",
    ]
    assert order(centres, "b", nearest={"a": ["in-c"]})[0] == "in-b"
    assert order(centres, "a", nearest={"a": ["closed-since"]}) == ["in-a", "in-b", "in-c"]


def test_without_an_area_the_order_is_by_name() -> None:
    centres = [centre("z", "a"), centre("y", "c"), centre("x", "b"), centre("w", "a")]

    assert order(centres, None) == ["w", "z", "x", "y"]
    assert order(centres, "nowhere") == ["w", "z", "x", "y"]


def test_a_centre_whose_area_has_gone_comes_last_but_comes() -> None:
    assert order([centre("lost", "gone"), centre("in-d", "d")], "a") == ["in-d", "lost"]


def test_no_centres_is_no_error() -> None:
    assert order([], "a") == []


# Rwanda.


def test_the_ranking_is_what_the_menus_ask_for() -> None:
    ranking: Centres = RWANDA.ranking()
    kabutare = ranking.get("kabutare")

    assert kabutare
    assert (kabutare.name, kabutare.town, kabutare.area) == ("Kabutare", "Huye", "south/huye/ngoma")
    assert not kabutare.always_open
    assert kabutare.sample
    assert ranking.get(RWANDA.duty_desk.id) is None
    assert ranking.near("south/huye/tumba")[0] is kabutare


def test_that_it_is_always_open_counts_where_it_is_signed() -> None:
    signed = Provenance(verified_on=date(2026, 11, 1), verified_by="somebody")
    claims = CentreRow("a", Name("A"), "a", Name("Town"), open_24h=True)
    assert not claims.shown().always_open
    assert replace(claims, provenance=signed).shown().always_open
    assert not replace(claims, provenance=signed, open_24h=False).shown().always_open


def test_every_centre_comes_once_from_everywhere() -> None:
    ranking = RWANDA.ranking()
    everyone = sorted(row.id for row in RWANDA.centres)
    for area in [None, *EVERYWHERE]:
        assert sorted(one.id for one in ranking.near(area)) == everyone


def how_near(sector: str, area: str) -> tuple[int, float]:
    """The ring (own district, beside it, elsewhere) and the distance, from the files alone."""
    home, district = sector.rpartition("/")[0], "/".join(area.split("/")[:2])
    ring = 0 if district == home else 1 if district in RWANDA.neighbours[home] else 2
    return ring, RWANDA.places.point(sector).km_to(RWANDA.places.point(area))


def test_from_every_sector_own_district_comes_first_then_neighbours_then_the_rest() -> None:
    ranking = RWANDA.ranking()
    for sector in RWANDA.places.all(2):
        found = [how_near(sector.id, one.area) for one in ranking.near(sector.id)]
        assert found == sorted(found)
        assert found[0][0] == 0, f"{sector.id} has no centre in its own district"


def test_without_an_area_provinces_and_districts_are_in_order() -> None:
    places = RWANDA.places
    found = [
        tuple(above.name for level in (0, 1) if (above := places.within(one.area, level)))
        for one in RWANDA.ranking().near(None)
    ]
    assert all(before <= after for before, after in pairwise(found))


def test_a_province_counts_all_its_districts_as_home() -> None:
    ranking = RWANDA.ranking()
    southern = sum(row.area.startswith("south/") for row in RWANDA.centres)

    first = ranking.near("south")[:southern]
    assert all(one.area.startswith("south/") for one in first)


def test_what_a_ranking_found_is_kept() -> None:
    rankings = [RWANDA.ranking() for _ in range(2)]

    assert rankings[0].near("south/huye/tumba") is rankings[0].near("south/huye/tumba")
    assert rankings[0].near("south/huye/tumba") == rankings[1].near("south/huye/tumba")


# The file of centres.


def write(path: Path, *lines: str, heading: str = HEADING) -> Path:
    file = path / "list.csv"
    file.write_text("\n".join([heading, *lines, ""]))
    return file


def read(file: Path) -> list[CentreRow]:
    return read_centres(file, RWANDA.places, {"national"})


GOOD = "kabutare,Kabutare,south/huye/ngoma,Huye,yes,hospital,a visit,2026-01-31,A. Nurse"


def test_a_good_file_is_read(tmp_path: Path) -> None:
    located = f"{GOOD},-2.601,29.741"
    row = read(write(tmp_path, located, heading=f"{HEADING},lat,lon"))[0]

    assert row.point == Point(-2.601, 29.741)
    assert row.provenance.verified_by == "A. Nurse"
    assert not row.shown().sample
    assert row.kind == "hospital"


def test_what_a_spreadsheet_does_to_a_file_is_forgiven(tmp_path: Path) -> None:
    """Byte order mark, CRLF, quotes where none are needed, empty lines, spaces, a capital Yes."""
    lines = [HEADING, GOOD, ",,,,,,,,", "", '"b", B ,south/huye,"Huye",Yes,hospital,"a, b",,']
    (tmp_path / "list.csv").write_bytes("\r\n".join(["\ufeff" + lines[0], *lines[1:]]).encode())

    rows = read(tmp_path / "list.csv")
    assert [(row.id, row.name, row.open_24h, row.provenance.source) for row in rows] == [
        ("kabutare", "Kabutare", True, "a visit"),
        ("b", "B", True, "a, b"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "field", "advice"),
    [
        ("kabutare,", "Kabutare,", "id", "lower-case"),
        ("kabutare,", "kabu tare,", "id", "lower-case"),
        ("kabutare,", ",", "id", "empty"),
        ("kabutare,", "national,", "id", "taken"),
        ("kabutare,", "other,", "id", "taken"),
        (",Kabutare,", ",,", "name", "empty"),
        (",Kabutare,", ",Kabutare the Hospital,", "name", "takes 21 septets: shorten it to 20"),
        (",Kabutare,", ",Kabutarê,", "name", "GSM-7"),
        (",Kabutare,", ",Kabu[tare],", "name", "GSM-7"),
        (",Kabutare,", ',"Kabu\ntare",', "name", "line break"),
        (",Kabutare,", ",Other,", "name", "in this town"),
        ("Huye,", "The District of Huye!,", "town", "shorten"),
        ("south/huye/ngoma", "south/huye/nowhere", "area", "areas.csv"),
        ("south/huye/ngoma", "south", "area", "level of centres"),
        ("south/huye/ngoma", "", "area", "empty"),
        ("yes", "24h", "open_24h", "yes or no"),
        ("yes", "", "open_24h", "empty"),
        ("hospital", "shop", "kind", "one of hospital"),
        ("a visit", "", "source", "empty"),
        ("2026-01-31", "31/01/2026", "verified_on", "YYYY-MM-DD"),
        ("2026-01-31", "2026-02-30", "verified_on", "YYYY-MM-DD"),
        ("2026-01-31", "", "verified_by", "both"),
        ("A. Nurse", "", "verified_by", "both"),
        (",A. Nurse", "", "line", "has 8 fields: give it 9"),
        ("A. Nurse", "A. Nurse,x", "line", "has 10 fields: give it 9"),
        ("A. Nurse", '"A. Nurse', "line", "never closed"),
    ],
)
def test_a_fault_in_a_row_is_told(
    tmp_path: Path, old: str, new: str, field: str, advice: str
) -> None:
    other = GOOD.replace("kabutare,Kabutare", "other,Other")
    file = write(tmp_path, other, GOOD.replace(old, new, 1))
    with pytest.raises(BadFile) as caught:
        read(file)
    faults = [one for one in caught.value.problems if one.field == field]

    assert faults, caught.value
    assert advice in faults[0].advice
    assert faults[0].file == "list.csv"
    assert faults[0].line in (3, 4)


@pytest.mark.parametrize(
    ("point", "field", "advice"),
    [
        ("29.74,-2.60", "lat", "swapped"),
        ("-2.60,", "lon", "both"),
        (",29.74", "lon", "both"),
        ("-92,29.74", "lat", "from -90 to 90"),
        ("-2.6,181", "lon", "from -180 to 180"),
        ("1e1,29.74", "lat", "decimal"),
        ("inf,29.74", "lat", "decimal"),
        ('"-2,6",29.74', "lat", "decimal"),
        ("٢,29.74", "lat", "decimal"),
    ],
)
def test_a_fault_in_a_position_is_told(tmp_path: Path, point: str, field: str, advice: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(write(tmp_path, f"{GOOD},{point}", heading=f"{HEADING},lat,lon"))

    assert (caught.value.problems[0].line, caught.value.problems[0].field) == (2, field)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "heading",
    ["", HEADING.replace(",", ";"), HEADING + ",phone", HEADING + ",id", HEADING[3:], GOOD],
)
def test_a_wrong_heading_is_told_and_nothing_below_it_read(tmp_path: Path, heading: str) -> None:
    with pytest.raises(BadFile) as caught:
        read(write(tmp_path, "nonsense", heading=heading))

    assert [(one.line, one.field) for one in caught.value.problems] == [(1, "heading")]
    assert HEADING in str(caught.value)


def test_all_faults_come_in_one_list_in_order(tmp_path: Path) -> None:
    bad = GOOD.replace("yes", "maybe")
    with pytest.raises(BadFile) as caught:
        read(write(tmp_path, GOOD, bad.replace("Huye", ""), "x,y", bad))

    assert [(one.line, one.field) for one in caught.value.problems] == [
        (3, "id"),
        (3, "open_24h"),
        (3, "town"),
        (4, "line"),
        (5, "id"),
        (5, "name"),
        (5, "open_24h"),
    ]


def test_an_empty_list_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"list\.csv:1: file: has no centre"):
        read(write(tmp_path))


def test_a_list_from_elsewhere_can_be_ranked() -> None:
    """The gateway keeps its centres in the database and builds the rows itself."""
    visit = Provenance("a visit", verified_on=date(2026, 1, 31), verified_by="A. Nurse")
    row = CentreRow("c", Name("C"), "south/huye", Name("Huye"), provenance=visit)
    ranking = RWANDA.ranking([row])

    assert [one.id for one in ranking.near("west/rusizi/nkombo")] == ["c"]
    assert not ranking.near(None)[0].sample
    assert ranking.get("kabutare") is None
