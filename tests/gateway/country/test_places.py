"""Walking down the tree of areas, and finding one from the way somebody types its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.country.pack import load_country
from gateway.country.places import Point, Tree, slug
from gateway.country.spelling import MOST, sound
from menus.ports import Area, Name, Places

RWANDA = load_country("rw").places
SECTORS = RWANDA.all(2)


def area(area_id: str, name: str) -> Area:
    parent = area_id.rpartition("/")[0]
    return Area(area_id, Name(name), area_id.count("/"), parent or None)


def found(letters: str) -> list[str]:
    return [one.name for one in RWANDA.search(letters)]


# The tree.


def test_the_tree_is_what_the_menus_ask_for() -> None:
    places: Places = RWANDA
    assert (places.levels, places.centre_level, places.search_level) == (4, 1, 2)


def test_the_widest_areas_stand_as_in_the_file_and_the_rest_in_alphabetical_order() -> None:
    assert [one.name for one in RWANDA.children(None)] == [
        "Kigali",
        "North",
        "South",
        "East",
        "West",
    ]
    assert [one.name for one in RWANDA.children("south")][:3] == ["Gisagara", "Huye", "Kamonyi"]
    assert [one.name for one in RWANDA.children("west/rusizi/nkombo")] == [
        "Bigoga",
        "Bugarura",
        "Ishywa",
        "Kamagimbo",
        "Rwenje",
    ]
    assert RWANDA.children("nowhere") == ()
    assert RWANDA.children("west/rusizi/nkombo/rwenje") == ()


def test_names_count_in_the_order_not_ids() -> None:
    tree = Tree([area("z", "A"), area("a", "Z")], {}, levels=1, centre_level=0, search_level=0)
    assert [one.name for one in tree.children(None)] == ["A", "Z"]


def test_an_area_knows_what_it_lies_within() -> None:
    cell = "south/huye/ngoma/butare"
    within = [RWANDA.within(cell, level) for level in range(5)]

    assert [one and one.name for one in within] == ["South", "Huye", "Ngoma", "Butare", None]
    assert RWANDA.within("south", 1) is None
    assert RWANDA.within("south", 0) == RWANDA.get("south")
    assert RWANDA.within("nowhere", 0) is None
    assert RWANDA.within("south", -1) is None


def test_every_area_hangs_from_the_top() -> None:
    def walk(parent: str | None) -> Iterator[str]:
        for one in RWANDA.children(parent):
            yield one.id
            yield from walk(one.id)

    walked = list(walk(None))
    assert len(walked) == len(set(walked)) == 5 + 30 + 416 + 2149
    assert all(RWANDA.get(one) for one in walked)


def test_an_area_without_a_point_has_the_mean_of_its_children_or_its_parents() -> None:
    areas = [area("a", "A"), area("a/b", "B"), area("a/c", "C"), area("a/b/d", "D")]
    points = {"a/b": Point(1.0, 10.0), "a/c": Point(3.0, 30.0)}
    tree = Tree(areas, points, levels=3, centre_level=0, search_level=1)

    assert tree.point("a") == Point(2.0, 20.0)
    assert tree.point("a/b/d") == Point(1.0, 10.0)
    assert RWANDA.point("south/huye/ngoma/butare") == Point(-2.60, 29.73)


def test_distances_are_those_of_the_globe() -> None:
    kigali, butare = Point(-1.9441, 30.0619), Point(-2.5967, 29.7394)
    assert kigali.km_to(butare) == pytest.approx(81.0, abs=1.0)
    assert kigali.km_to(kigali) == 0
    assert Point(0, 0).km_to(Point(0, 180)) == pytest.approx(20015, abs=1)
    assert Point(0, 179.5).km_to(Point(0, -179.5)) == pytest.approx(111.2, abs=0.1)


def test_a_name_becomes_a_word_of_an_id() -> None:
    assert slug("Nyamata y'Umujyi") == "nyamata-y-umujyi"
    assert slug("Kabuga II") == "kabuga-ii"
    assert slug("Congo-nil") == "congo-nil"
    assert slug("Élan") == "elan"


# Searching.


@pytest.mark.parametrize(
    "typed", ["kac", "KAC", " ka c", "ka-c", "ka'c", "kàç", "ｋａｃ", "Kacyiru", "kacyi"]
)
def test_case_accents_spaces_and_width_do_not_matter(typed: str) -> None:
    assert found(typed)[0] == "Kacyiru"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cac", "Kacyiru"),
        ("kachiru", "Kacyiru"),
        ("kaciru", "Kacyiru"),
        ("lemera", "Remera"),
        ("jari", "Jali"),
        ("gikomelo", "Gikomero"),
        ("nduva", "Nduba"),
        ("shorongi", "Shyorongi"),
        ("niamata", "Nyamata"),
        ("kimmironko", "Kimironko"),
        ("kanyika", "Cyanika"),
    ],
)
def test_letters_that_sound_alike_are_alike(typed: str, meant: str) -> None:
    assert found(typed)[0] == meant


def test_exact_beginnings_come_first_then_those_that_sound_so_then_guesses() -> None:
    assert found("gac") == ["Gacaca", "Gacurabwenge", "Gakenke"]
    areas = [area("a", "Mura"), area("b", "Mula"), area("c", "Muka"), area("d", "Lumu")]
    tree = Tree(areas, {}, levels=1, centre_level=0, search_level=0, alike=[("l", "r")])

    assert [one.name for one in tree.search("mula")] == ["Mula", "Mura", "Muka"]
    assert [one.name for one in tree.search("mul")] == ["Mula", "Mura"]


def test_a_long_name_may_have_two_slips() -> None:
    assert found("kimehurora") == ["Kimihurura"]
    assert "Jabana" not in found("jobena")


def test_names_that_are_alike_are_all_offered() -> None:
    assert [one.id for one in RWANDA.search("remera")] == [
        "east/gatsibo/remera",
        "east/ngoma/remera",
        "kigali/gasabo/remera",
        "north/musanze/remera",
    ]


def test_a_whole_name_stands_before_longer_ones() -> None:
    tree = Tree(
        [area("a", "Mataba"), area("b", "Mata"), area("c", "Matab")],
        {},
        levels=1,
        centre_level=0,
        search_level=0,
    )
    assert [one.name for one in tree.search("mata")] == ["Mata", "Matab", "Mataba"]


@pytest.mark.parametrize(
    "typed", ["", " ", "-'", "***", "xqw", "qqqqqqq", "0788123456", "k" * 1000]
)
def test_nothing_near_finds_nothing(typed: str) -> None:
    assert found(typed) == []


def test_one_letter_is_enough_and_is_taken_as_it_is() -> None:
    assert found("z") == ["Zaza"]
    assert len(found("k")) == MOST
    assert all(name.startswith("K") for name in found("k"))


def test_a_country_decides_what_sounds_alike() -> None:
    areas = [area("a", "Lari"), area("b", "Rari")]
    plain = Tree(areas, {}, levels=1, centre_level=0, search_level=0)
    alike = Tree(areas, {}, levels=1, centre_level=0, search_level=0, alike=[("l", "r")])

    assert [one.name for one in plain.search("la")] == ["Lari"]
    assert [one.name for one in alike.search("la")] == ["Lari", "Rari"]
    assert sound("kacyyillu", [("cy", "k"), ("l", "r")]) == "kakyiru"


def test_a_country_without_areas_to_search_finds_nothing() -> None:
    assert Tree([], {}, levels=1, centre_level=0, search_level=0).search("a") == []


def test_every_sector_is_found_by_its_first_letters() -> None:
    """Three letters, except where more than a screenful of names share them: then four."""
    crowded = 0
    for sector in SECTORS:
        typed = sector.name[:3]
        if sector not in RWANDA.search(typed):
            crowded += 1
            assert all(name.startswith(typed) for name in found(typed)), "guesses took the room"
            assert len(found(typed)) == MOST
            assert sector in RWANDA.search(sector.name[:4])
    assert crowded <= 22


def test_every_sector_is_found_first_by_its_name() -> None:
    for sector in SECTORS:
        results = RWANDA.search(sector.name)
        same = [one for one in SECTORS if one.name == sector.name]
        assert sector in results[: len(same)]


def slips(name: str) -> Iterator[str]:
    """`name` with one letter left out, taken for another, added, or swapped with the next."""
    for at in range(len(name)):
        before, after = name[:at], name[at + 1 :]
        yield before + after
        yield from (before + letter + after for letter in "aeioubkmnrt" if letter != name[at])
        yield from (before + letter + name[at:] for letter in "aen")
        if after and after[0] != name[at]:
            yield before + after[0] + name[at] + after[1:]


@pytest.mark.system
def test_one_slip_of_the_finger_does_not_hide_a_sector() -> None:
    tried = missed = first = 0
    for sector in SECTORS:
        for typed in slips(sector.name.lower()):
            results = RWANDA.search(typed)
            tried += 1
            missed += sector not in results
            first += any(one.name == sector.name for one in results[:1])
    assert tried > 40_000
    assert missed / tried < 0.001, f"{missed} of {tried} slips hide the sector"
    assert first / tried > 0.95, f"only {first} of {tried} slips keep the sector on top"


@given(st.text() | st.text(st.characters(), max_size=12))
def test_any_typing_is_answered(typed: str) -> None:
    results = RWANDA.search(typed)
    assert len(results) <= MOST
    assert len(set(results)) == len(results)
    assert all(one.level == RWANDA.search_level for one in results)
    assert results == RWANDA.search(typed)
