"""Every text in every language, and every screen of a caller with the longest names there are.

The walk goes through the real engine, so that it measures what a phone would show. It meets the
long names a country may have, not the short ones a developer likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from gateway.catalogues.extraction import extract, outside_placeholders
from gateway.catalogues.faults import problems
from gateway.catalogues.forbidden import betrays, names_violence
from gateway.catalogues.loading import Catalogue, load
from menus import gsm7, messages, navigation
from menus.checks import check_digit
from menus.engine import Engine, State
from menus.intents import Intent, OpenCase, Send
from menus.ports import Area, Centre, Country, Name
from menus.script import SCREENS, Caller, End
from menus.speech import Speech
from menus.welcome import first
from tests.menus.fakes import FewCentres, FewPlaces, few

LOCALES = Path(__file__).parents[2] / "locales"
LANGUAGES = ("en", "rw", "fr", "sw")
LONG = Name("W" * 20)
"""The longest name a country pack may hold."""

TITLES = {
    "en": Name("Health & Family Info"),
    "rw": Name("Amakuru y'ubuzima n'umuryango"),
    "fr": Name("Info sante et famille"),
    "sw": Name("Habari za afya na familia"),
}
LEVELS = {
    "en": ("province", "district", "sector", "cell"),
    "rw": ("intara", "akarere", "umurenge", "akagari"),
    "fr": ("province", "district", "secteur", "cellule"),
    "sw": ("mkoa", "wilaya", "sekta", "seli"),
}

FIRST_SCREENS = {
    "en": """Health & Family Info
1 Urgent help now
2 I need help
3 Worried about a child
4 Nearest centre
5 What happens there
6 My code
7 Call me
8 Language
0 Exit""",
    "rw": """Amakuru y'ubuzima n'umuryango
1 Ubutabazi bwihutirwa
2 Nkeneye ubufasha
3 Umwana
4 Ikigo cya hafi
5 Ibihakorerwa
6 Kode yanjye
7 Mumpamagare
8 Ururimi
0 Sohoka""",
    "fr": """Info sante et famille
1 Aide urgente
2 J'ai besoin d'aide
3 Un enfant
4 Centre proche
5 Ce qui s'y passe
6 Mon code
7 Rappelez-moi
8 Langue
0 Quitter""",
    "sw": """Habari za afya na familia
1 Msaada wa haraka
2 Nahitaji msaada
3 Mtoto
4 Kituo cha karibu
5 Huduma za kituo
6 Nambari yangu
7 Nipigieni
8 Lugha
0 Toka""",
}

MISTYPED = ("", "77", "x", "1111", "1234567")

A_FEW_AREAS = frozenset(
    {"south", "south/huye", "south/huye/ngoma", "south/huye/ngoma/matyazo"}
    | {"west", "west/rusizi", "west/rusizi/kamembe"}
)
"""One sector with a cell and one without: more areas would show nothing that these do not."""

LISTS_OF_NAMES = frozenset(
    {"report.other_centre", "child.other_centre", "child.cell", "centres.nearest"}
    | {"centres.further", "place.roughly", "place.exactly", "place.area", "place.matches"}
)
"""Screens that are as long as the country: these alone may go on over a second page."""

CODE = "123456" + check_digit("123456")
TYPED = (*"12345678", "ww", "zz", "5678", "1234", "0788123456", CODE)
ASKED_JUST_BEFORE = frozenset({"report.need", "child.worry", "child.where", "place.letters"})
"""Answers that the very next screen depends on, and no later one."""

STANDING = ("received", "handled", "closed")


def test_the_catalogues_have_no_fault() -> None:
    assert problems(LOCALES, LANGUAGES) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_a_basic_phone(language: str) -> None:
    too_long = {
        (shown.screen, text)
        for shown in walk(language)
        for text in shown.texts
        if gsm7.septets(text) > gsm7.PAGE
    }
    assert not too_long


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_question_costs_a_key_for_its_length(language: str) -> None:
    paged = {shown.screen for shown in walk(language) if shown.paged}
    assert paged <= LISTS_OF_NAMES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_walk_meets_every_screen(language: str) -> None:
    ours = {name for name, one in SCREENS.items() if one.show.__module__.startswith("menus.")}
    assert {shown.screen for shown in walk(language)} == ours


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_is_the_one_that_was_agreed(language: str) -> None:
    page = engine(load_all()).page(engine(load_all()).begin(language)).text
    assert page == FIRST_SCREENS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_has_no_word_for_violence(language: str) -> None:
    assert not names_violence(FIRST_SCREENS[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_to_a_caller_tells_nobody_what_it_is_about(language: str) -> None:
    text = Speech(load_all()).say(messages.CONFIRMED, language)
    assert not betrays(text)
    assert gsm7.septets(text) <= 160


def test_whatever_is_said_was_extracted() -> None:
    """A text that stands where extraction does not look would be English in every language."""
    heard: set[str] = set()
    machine = engine({"rw": Listening(load_all()["rw"], heard)})
    for state in states(machine, "rw"):
        machine.page(state)
        for typed in MISTYPED:
            machine.page(state, machine.turn(state, typed).note)
    texts = {text.english for text in extract()}
    unknown = {text for text in heard - texts if any(map(str.isalpha, outside_placeholders(text)))}
    assert not unknown
    assert len(heard & texts) > 100


class Listening(Mapping[str, str]):
    """A catalogue that writes down what it is asked."""

    def __init__(self, texts: Mapping[str, str], heard: set[str]) -> None:
        self._texts, self._heard = texts, heard

    def __getitem__(self, text: str) -> str:
        self._heard.add(text)
        return self._texts[text]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@dataclass(frozen=True)
class Shown:
    """What one state puts on the phone: its page, and the page after every kind of bad typing."""

    screen: str
    texts: tuple[str, ...]
    paged: bool


@cache
def load_all() -> dict[str, Catalogue]:
    return load(LOCALES, LANGUAGES)


def engine(catalogues: Mapping[str, Mapping[str, str]]) -> Engine:
    return Engine(first, long_country(), Speech(catalogues))


@cache
def walk(language: str) -> tuple[Shown, ...]:
    machine = engine(load_all())
    return tuple(_shown(machine, state) for state in states(machine, language))


def states(machine: Engine, language: str) -> Iterator[State]:
    """Every state that shows something new, breadth first."""
    waiting, seen = [machine.begin(language)], set[object]()
    while waiting:
        following: list[State] = []
        for state in waiting:
            if state.language != language or (key := _what_matters(state)) in seen:
                continue
            seen.add(key)
            yield state
            following += _onward(machine, state)
        waiting = following


def _onward(machine: Engine, state: State) -> Iterator[State]:
    for typed in TYPED:
        turn = machine.turn(state, typed)
        if turn.note is None and turn.state != state:
            yield from (turn.state.learn(facts) for facts in _facts(turn.intent, turn.state))


def _facts(intent: Intent | None, state: State) -> list[dict[str, str]]:
    """What the service may find out when it carries out an intent."""
    match intent:
        case Send():
            return [{"ref": "123456789"}]
        case OpenCase():
            return [{}, *({"status": one, "case": "7"} for one in STANDING)]
    return [dict(state.trail[-1].facts)]


def _what_matters(state: State) -> object:
    """What a screen further on can depend on; two states alike in this need one visit."""
    *before, here = state.trail
    remembered = {
        step.screen: step.answer
        for step in before
        if step.screen in {"report.age", "child.call_now", "report.which_centre"}
        or step.screen.startswith("place.")
    }
    passed = {step.screen for step in before} & {"report.confirm", "child.other_centre"}
    facts = [dict(step.facts) for step in state.trail if step.facts]
    last = before[-1].answer if before and before[-1].screen in ASKED_JUST_BEFORE else None
    return repr((here.screen, here.page, here.returns, remembered, sorted(passed), facts, last))


def _shown(machine: Engine, state: State) -> Shown:
    screen = state.trail[-1].screen
    view = SCREENS[screen].show(Caller(machine.country, state.language, state.trail))
    if isinstance(view, End):
        whole = Speech(load_all()).say(view.text, state.language)
        return Shown(screen, (whole,), paged=False)
    notes = {str(note): note for typed in MISTYPED if (note := machine.turn(state, typed).note)}
    texts = [machine.page(state, note).text for note in [None, *notes.values()]]
    more = Speech(load_all()).say(navigation.MORE, state.language)
    lines = machine.page(state).text.split("\n")
    return Shown(screen, tuple(texts), paged=any(line[1:] == f" {more}" for line in lines))


def long_country() -> Country:
    """The fake country, with every name as long as it may be."""
    short = few()
    near = [one for one in FewPlaces().areas if one.id in A_FEW_AREAS]
    places = FewPlaces(tuple(map(_long_area, near)))
    centres = FewCentres(tuple(map(_long_centre, FewCentres().centres)))
    return replace(
        short,
        places=places,
        centres=centres,
        hotlines=replace(short.hotlines, police=Name("1120"), child=Name("1160")),
        languages={code: Name(code) for code in LANGUAGES},
        titles=TITLES,
        questions={code: [f"{name}?" for name in names] for code, names in LEVELS.items()},
        level_names={code: tuple(map(Name, names)) for code, names in LEVELS.items()},
    )


def _long_area(one: Area) -> Area:
    return replace(one, name=LONG)


def _long_centre(one: Centre) -> Centre:
    return replace(one, name=LONG, town=LONG, always_open=one.id != "gakoma", sample=True)
