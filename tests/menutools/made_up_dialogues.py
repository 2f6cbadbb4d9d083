"""Small made-up dialogues for tests of the book: each is written to break one rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from menus.engine import Engine
from menus.ports import Country
from menus.script import SCREENS, Caller, Screen, View
from menus.speech import Speech
from menutools.books import Book
from menutools.check import Findings, check
from menutools.sample_callers import NOWHERE, TYPED, Cast
from tests.menus.fakes import few

Show = Callable[[Caller], View]
Write = Callable[[Show], Screen]

OURS = {
    "More": "Ibindi",
    "Back": "Inyuma",
    "Exit": "Sohoka",
    "Thank you. Have a good day.": "Murakoze.",
    "You typed nothing.": "Ntacyo.",
    "Not possible here.": "Ntibishoboka.",
    "Please type 1.": "Andika 1.",
    "Please type 1-{last}.": "Andika 1-{last}.",
}
"""What the engine says for itself, in a language of these tests."""


@pytest.fixture
def write() -> Iterator[Write]:
    """Makes a function a screen, for the time of a test."""
    written: list[str] = []

    def write(show: Show) -> Screen:
        one = Screen(f"made_up.{show.__name__}", show, "A reason.")
        SCREENS[one.name] = one
        written.append(one.name)
        return one

    yield write
    for name in written:
        del SCREENS[name]


@dataclass(frozen=True)
class MadeUp(Book):
    """A book read by an engine that may be broken on purpose."""

    machine: type[Engine] = Engine

    def engine(self, country: Country | None = None) -> Engine:
        return self.machine(self.start, country or self.cast.country, self.speech)


def a_book(start: Screen, rw: Mapping[str, str] | None = None) -> MadeUp:
    """A book in English, and in a second language when there are translations."""
    country = few()
    speech = Speech({"rw": {**OURS, **rw}} if rw is not None else {})
    cast = Cast(country, country, typed=(*TYPED, "ngo", NOWHERE))
    languages = ("en",) if rw is None else ("en", "rw")
    return MadeUp("made up", start, speech, cast, languages)


def read_by(machine: type[Engine], start: Screen) -> Findings:
    """What is found when this engine reads the book."""
    return check(replace(a_book(start), machine=machine))


def problems(book: Book) -> list[str]:
    return list(check(book).problems)
