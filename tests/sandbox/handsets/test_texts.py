"""What the phone page knows by heart: how full a text is, where a story plays, and its words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.country.pack import load_country
from menutools.catalogues import extraction
from sandbox.demo import sample
from sandbox.handsets import cast
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import StillStarting, Unable
from sandbox.handsets.line import DialledLine
from sandbox.handsets.meter import Kind, fill
from sandbox.handsets.words import Interpreter
from sandbox.scripts.pattern import parse
from sandbox.scripts.stories import stories
from tests.sandbox.phones import describe

COUNTRIES = ("rw", "ke")


@pytest.mark.parametrize(
    ("text", "kind", "alphabet", "used", "budget", "parts"),
    [
        ("", "screen", "GSM-7", 0, 160, 1),
        ("a" * 160, "screen", "GSM-7", 160, 160, 1),
        ("{}", "screen", "GSM-7", 4, 160, 1),
        ("ê", "screen", "UCS-2", 1, 70, 1),
        ("😀", "screen", "UCS-2", 2, 70, 1),
        ("a" * 160, "sms", "GSM-7", 160, 160, 1),
        ("a" * 161, "sms", "GSM-7", 161, 160, 2),
        ("ê" * 71, "sms", "UCS-2", 71, 70, 2),
    ],
)
def test_the_meter(
    text: str, kind: Kind, alphabet: str, used: int, budget: int, parts: int
) -> None:
    shown = fill(text, kind)

    assert (shown["alphabet"], shown["used"], shown["budget"], shown["parts"]) == (
        alphabet,
        used,
        budget,
        parts,
    )


@pytest.mark.parametrize("story", stories())
def test_a_story_says_what_the_menus_say(story: str) -> None:
    """A text that was changed in the menus would stop the story in the middle."""
    known = {text.english for text in extraction.extract()}
    pressed = [act.words[0] for act in stories()[story].acts if act.verb == "press"]
    said = [words for words in pressed if not parse(words).names]

    assert said
    assert [words for words in said if words not in known and not words[0].isdecimal()] == []


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_a_place_for_the_stories(country: str) -> None:
    pack = load_country(country)
    scene = cast.scene(pack)
    staff = [
        {"phone": one.phone, "role": one.role, "centre": one.centre, "pin": one.pin}
        for one in sample.staff(pack)
    ]

    assert pack.ranking().near(scene.path[-1].id)[0].id == scene.centre
    assert pack.places.search(scene.letters)[0] == scene.path[-1]
    numbers = [cast.holders(phone, scene, pack, staff)[0].number for phone in cast.TITLES]
    assert len(set(numbers)) == len(numbers)
    national = [
        one.number
        for phone in cast.WHO
        for one in cast.holders(phone, scene, pack, staff)
        if one.id == "national"
    ]
    assert len(set(national)) == 2


def test_a_line_of_a_screen_is_found_by_its_words() -> None:
    interpreter = Interpreter.of(load_country("rw"))
    screen = "When?\n1 Nowhere\n2 Now\n3 Kigeme (sample)\n9 Back\n0 Exit"

    assert interpreter.key(screen, "Now") == "2"
    assert interpreter.key(screen, "Kigeme") == "3"
    assert interpreter.key(screen, "Later") is None
    assert interpreter.key(screen, "Exit") is None


def test_words_are_those_of_the_language() -> None:
    interpreter = Interpreter.of(load_country("rw"))

    assert interpreter.say("Call me", "en") == "Call me"
    assert interpreter.say("Call me", "fr") not in {"", "Call me"}


@pytest.mark.parametrize(
    ("dialled", "found"),
    [
        ("*384*3029#", ("*384*3029#", "")),
        ("*384*3029*1*2#", ("*384*3029#", "1*2")),
        ("*384*3029**#", ("*384*3029#", "*")),
        ("*384*3030#", ("*384*3030#", "")),
    ],
)
def test_a_code_and_what_stands_beyond_it(
    tmp_path: Path, dialled: str, found: tuple[str, str]
) -> None:
    describe(tmp_path, load_country("rw"), "http://127.0.0.1:1", "sqlite://")

    assert DialledLine.read(tmp_path).route(dialled) == found


@pytest.mark.parametrize("dialled", ["*384*30291#", "*384#", "384*3029", "*384*3029*1", "*", ""])
def test_other_codes_lead_nowhere(tmp_path: Path, dialled: str) -> None:
    describe(tmp_path, load_country("rw"), "http://127.0.0.1:1", "sqlite://")

    with pytest.raises(Unable):
        DialledLine.read(tmp_path).route(dialled)


def test_a_demo_that_is_not_described_is_still_starting(tmp_path: Path) -> None:
    with pytest.raises(StillStarting):
        DialledLine.read(tmp_path)


def test_whoever_waits_hears_of_a_change() -> None:
    changes = Changes()
    seen = changes.after(0, 0)

    with ThreadPoolExecutor(1) as beside:
        beside.submit(changes.ring)

        assert changes.after(seen, 10) == seen + 1


def test_nobody_watches_until_somebody_does() -> None:
    changes = Changes()
    assert not changes.wait_for_watchers(0)

    with changes.watching():
        assert changes.wait_for_watchers(0)
    assert not changes.wait_for_watchers(0)
