"""The door of a centre: what is said of one that is not always open, and when there is none."""

from __future__ import annotations

from dataclasses import replace

from menus.callers import welcome
from menus.engine import Engine
from menus.ports import Country
from menus.speech import Speech
from tests.menus.fakes import FewCentres, few

OPEN_BY_DAY = FewCentres(tuple(replace(one, always_open=False) for one in FewCentres().centres))
TO_NGOMA = ("4", "1", "1", "1")


def shown(country: Country, *keys: str) -> str:
    """The last screen of a call for the nearest centre."""
    engine = Engine(welcome.first, country, Speech({}))
    state = engine.begin("en")
    for key in keys:
        state = engine.turn(state, key).state
    return engine.page(state).text


def test_a_centre_that_is_always_open_says_so() -> None:
    assert "Kabutare (sample): Ngoma, Huye. Open 24h, free." in shown(few(), *TO_NGOMA, "1")


def test_at_any_other_one_she_asks_at_the_emergency_by_night() -> None:
    screen = shown(few(centres=OPEN_BY_DAY), *TO_NGOMA, "1")
    assert "Free. Ask for ISANGE, at night at Emergency (Urgences)." in screen
    assert "24h" not in screen


def test_of_a_centre_whose_sector_is_not_known_the_town_is_shown() -> None:
    centres = FewCentres((replace(FewCentres().centres[0], area="south/huye"),))
    assert "Kabutare (sample): Huye. " in shown(few(centres=centres), *TO_NGOMA, "1")


def test_every_door_says_that_any_health_centre_can_refer() -> None:
    for centres in (FewCentres(), OPEN_BY_DAY):
        screen = shown(few(centres=centres), *TO_NGOMA, "1")
        assert "Any health centre can also refer you" in screen


def test_a_centre_that_was_verified_is_no_sample() -> None:
    assert "2 Gakoma (sample)" in shown(few(), *TO_NGOMA)
    assert "1 Gihundwe\n" in shown(few(), "4", "2", "1", "1")


def test_without_any_centre_a_person_finds_one() -> None:
    assert "Call 3029 to find a centre, free." in shown(few(centres=FewCentres(())), *TO_NGOMA)
