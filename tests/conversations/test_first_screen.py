"""The first screen: the same for everybody, and a way out of every screen that follows."""

from __future__ import annotations

import pytest

from menus.engine import Engine, State
from menutools.catalogues.forbidden import names_violence
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line

BEGINNINGS = {
    "Ikinyarwanda": ("Amakuru y'ubuzima", "Nkeneye ubufasha", "Ese gukoresha iyi telefoni"),
    "English": ("Health & Family Info", "I need help", "Is it safe to use this phone"),
    "Francais": ("Info sante et famille", "J'ai besoin d'aide", "sans danger?"),
    "Kiswahili": ("Habari za afya", "Nahitaji msaada", "simu hii"),
}


@in_every_language
def test_it_is_a_health_line_and_nothing_else(line: Line) -> None:
    phone = line.phone().dial().sees("Health & Family Info")
    phone.sees("Urgent help now", "I need help", "Worried about a child", "Nearest centre")
    phone.sees("What happens there", "My code", "Call me", "Language", "Exit")
    phone.does_not_see("Back")
    assert names_violence(phone.screen) is None


@pytest.mark.parametrize(("name", "seen"), BEGINNINGS.items())
def test_a_caller_chooses_her_language_by_its_own_name(
    line: Line, name: str, seen: tuple[str, str, str]
) -> None:
    phone = line.phone().dial().choose("Language").sees("Language", *BEGINNINGS)
    phone.choose(name).sees(*seen[:2]).press(2).sees(seen[2])


def test_the_next_caller_on_this_phone_is_asked_anew(line: Line) -> None:
    phone = line.phone()
    first = phone.dial().screen
    phone.choose("Language", "Kiswahili")
    assert phone.dial().screen == first


@in_every_language
def test_after_a_report_the_first_screen_is_byte_for_byte_the_same(line: Line) -> None:
    phone = line.phone()
    first = phone.dial().screen
    phone.choose("Urgent help now", "Ask centre to call me", "Yes, call now").hangs_up()
    assert phone.dial().screen == first
    phone.choose("I need help", "Yes, continue", "Continue", "18 or more")
    assert phone.dial().screen == first


def test_another_phone_learns_nothing_either(line: Line) -> None:
    other = line.phone("+250788000999")
    first = other.dial().screen
    line.phone().dial().press(1, 1, 1).hangs_up()
    assert other.dial().screen == first


@in_every_language
def test_exit_ends_every_screen_and_keeps_nothing(line: Line, kept: Kept, language: str) -> None:
    left = dict(shortest_ways(line.web.menus, language))
    assert len(left) > 35
    for caller, way in enumerate(left.values()):
        # Each from a number of her own: who dials often is led another way.
        phone = line.phone(f"+2507881{caller:05}").dial().press(*way)
        if phone.ended:
            continue
        phone.press(0).sees("Thank you. Have a good day.").hangs_up()
        session = kept.session(phone)
        assert session is not None
        assert session.state == State(language, line.web.menus.begin(language).trail, ended=True)
    assert kept.rows() == {}
    assert line.deliver() == []


@in_every_language
def test_after_exit_the_call_is_over(line: Line) -> None:
    phone = line.phone().dial().press(0)
    assert phone.repeat().sees("Thank you. Have a good day.").ended


def shortest_ways(engine: Engine, language: str) -> dict[str, tuple[str, ...]]:
    """The fewest keys to each screen that is reached before anything is asked of the service."""
    waiting: list[tuple[State, tuple[str, ...]]] = [(engine.begin(language), ())]
    found: dict[str, tuple[str, ...]] = {}
    while waiting:
        state, way = waiting.pop(0)
        if state.trail[-1].screen in found:
            continue
        found[state.trail[-1].screen] = way
        for key in (*"12345678", "ngo", "2580", "123455", "0788123456"):
            turn = engine.turn(state, key)
            if turn.note is None and turn.intent is None and turn.state != state:
                waiting.append((turn.state, (*way, key)))
    return found
