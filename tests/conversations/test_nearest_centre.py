"""Nearest centre: from a province or a few letters to a door, and always to another door."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from gateway.store import database
from gateway.store.models import Centre
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.phone import Phone

IN_HUYE = ("South", "Huye", "Ngoma")


def centres_on(phone: Phone) -> list[str]:
    """The centres on this page, in their order."""
    lines = phone.screen.split("\n")
    return [line[2:].split(" (")[0] for line in lines if line.endswith(")") and line[0].isdigit()]


@in_every_language
def test_down_from_the_province_to_the_door(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Nearest centre").sees("Which province?").choose("South")
    phone.sees("District?").choose("Huye").sees("Sector?").choose("Ngoma")
    phone.sees("Nearest centres:").choose("Kabutare")
    phone.sees("{centre}: {place}. Free. Ask for {desk}, at night at Emergency").hangs_up()
    phone.sees("Kabutare", "{centre} (sample)", "Ngoma, Huye", "ISANGE", "Urgences")
    assert kept.rows() == {}


@in_every_language
def test_a_centre_nobody_verified_is_shown_as_a_sample(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", *IN_HUYE)
    assert len(centres_on(phone)) == 2
    phone.sees("1 Kabutare", "{centre} (sample)").choose("Another centre")
    assert all(line.endswith(")") for line in phone.screen.split("\n")[1:3])


@in_every_language
def test_the_first_letters_of_a_sector_are_enough(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", "Type the name of the")
    phone.sees("Type the first letters of the").press("ngo")
    phone.sees("Which one?", "Ngoma, Huye", "Ngoma, Rulindo", "Ngororero, Ngororero")
    phone.choose("Ngoma, Huye").sees("Nearest centres:", "1 Kabutare")


@in_every_language
def test_a_misspelt_name_is_understood(line: Line) -> None:
    for typed in ("Kigarma", "kigalama", "KIGARAMA", "ki garama"):
        phone = line.phone().dial().choose("Nearest centre", "Type the name of the").press(typed)
        phone.sees("Which one?").choose("Kigarama, Kicukiro").sees("Nearest centres:")


@in_every_language
def test_a_name_that_is_none_can_be_typed_again_or_chosen_from_a_list(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", "Type the name of the").press("xqxqxq")
    phone.sees("No place begins like this.").choose("Type again").press("xqxqxq")
    phone.choose("Choose from a list").sees("Which province?")
    phone.choose(*IN_HUYE).sees("Nearest centres:", "1 Kabutare")


@in_every_language
def test_none_of_these_asks_again(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", "Type the name of the").press("ngo")
    phone.choose("None of these").sees("Type the first letters of the").press("n")
    phone.sees("Please type at least 2 letters.").press("kacyru")
    phone.choose("Kacyiru, Gasabo").sees("Nearest centres:", "1 Kacyiru")


def test_the_own_district_comes_first_then_its_neighbours(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", *IN_HUYE)
    nearest = centres_on(phone)
    further = centres_on(phone.choose("Another centre"))
    assert (nearest + further)[:5] == ["Kabutare", "Kibilizi", "Kigeme", "Munini", "Gakoma"]


def test_every_centre_can_be_reached_from_everywhere(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", "West", "Rusizi", "Nkombo")
    names = centres_on(phone)
    phone.choose("Another centre")
    while "More" in phone.sees("Other centres:").screen:
        names += centres_on(phone)
        phone.choose("More")
    names += centres_on(phone)
    assert sorted(names) == sorted(one.name for one in line.web.pack.centres)


@in_every_language
def test_another_centre_has_its_door_too(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", *IN_HUYE, "Another centre")
    phone.sees("Other centres:").choose("Nyanza").sees("{centre}: {place}. Free.", "Nyanza")


HOSPITALS = {"Ruhango": "Kinazi, Ruhango", "Nyarugenge": "Nyamirambo, Kigali"} | {
    "Muhororo": "Gatumba, Ngororero"
}


@in_every_language
@pytest.mark.parametrize("hospital", HOSPITALS)
def test_nobody_is_sent_to_the_town_that_only_bears_the_name(line: Line, hospital: str) -> None:
    phone = line.phone().dial().choose("Nearest centre", "Prefer not to say")
    where = HOSPITALS[hospital]
    phone.choose("Another centre", hospital).sees(f"{hospital} (", f": {where}.").hangs_up()


@in_every_language
def test_open_day_and_night_is_shown_of_no_centre_that_nobody_signed(line: Line) -> None:
    """Whatever the list of the operator claims."""
    for signed in (None, "2026-11-01"):
        values = {"always_open": True, "verified_on": signed, "verified_by": signed and "somebody"}
        with database.writing(line.web.database, "test") as session:
            session.execute(update(Centre).where(Centre.id == "kabutare").values(**values))
        assert line.web.centres.reread()
        phone = line.phone().dial().choose("Nearest centre", *IN_HUYE, "Kabutare")
        if signed:
            phone.sees("{centre}: {place}. Open 24h, free.")
        else:
            phone.sees("{centre}: {place}. Free. Ask for {desk}").does_not_see("24h")


@in_every_language
def test_whoever_does_not_say_where_may_choose_among_all(line: Line) -> None:
    phone = line.phone().dial().choose("Nearest centre", "Prefer not to say")
    phone.sees("Nearest centres:", "Another centre").choose("Another centre", "Kabutare")
    phone.sees("Kabutare", "Huye").hangs_up()


def test_back_leads_up_again(line: Line) -> None:
    phone = line.phone().dial()
    seen = [phone.screen]
    for key in (4, 3, 2, 1, 3):
        seen.append(phone.press(key).screen)
    phone.sees("Other centres:").choose("More", "More").press(9, 9)
    for screen in reversed(seen):
        assert phone.screen == screen
        if screen != seen[0]:
            phone.press(9)
