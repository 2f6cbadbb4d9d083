"""The whole book held against all rules, for `isange menus check`.

What a caller would meet is looked at book by book and country by country; at last what belongs to
none of them: screens that nobody ever comes to, and the catalogues as files.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.country.po_files import languages
from gateway.country.translations import LOCALES
from menus import navigation
from menus.engine import Page, State
from menus.ports import Name
from menus.script import SCREENS, Caller, End, Phrase, View, Words, is_name
from menutools import dialogue_rules
from menutools.books import BOOKS, Book, open_book
from menutools.catalogues.faults import problems
from menutools.elsewhere import elsewhere
from menutools.screen_rules import (
    PAGE_RULES,
    TEXT_RULES,
    VIEW_RULES,
    VISIT_RULES,
    Met,
    Said,
    Shown,
    ends_uncut,
)
from menutools.walk import Needs, Visit, Walk


@dataclass(frozen=True)
class Findings:
    """What came of a check. `pages` counts texts that differ; a remark is no problem."""

    walks: Sequence[Walk]
    pages: int
    problems: Sequence[str]
    remarks: Sequence[str]

    def __str__(self) -> str:
        screens = {visit.screen for walk in self.walks for visit in walk.visits.values()}
        states = sum(len(walk.visits) for walk in self.walks)
        return (
            f"{len(screens)} screens x {len(self.walks)} languages, {states} states, "
            f"{self.pages} pages: {len(self.problems)} problems"
        )


def check_all(countries: Sequence[str]) -> Iterator[tuple[str, Findings]]:
    """Every book in every one of these countries, each with a name, as soon as it is read."""
    for country in countries:
        for name in BOOKS:
            yield f"{country} {name}", check(open_book(name, country))


def check_the_rest(found: Iterable[Findings]) -> list[str]:
    """What is wrong beside all the books that were read."""
    ours = [name for name, one in SCREENS.items() if one.show.__module__.startswith(_MENUS)]
    walks = [walk for findings in found for walk in findings.walks]
    return [*dialogue_rules.is_never_shown(walks, ours), *problems(LOCALES, languages(LOCALES))]


def check(book: Book) -> Findings:
    """Hold a book against every rule, in every language. Never raises for what a screen does."""
    needs: Needs | None = None
    walks = []
    for language in book.languages:
        walks.append(book.walk(language, needs))
        needs = walks[-1].needs
    reader = _Reader(book)
    for walk in walks:
        reader.read(walk)
    for walk, visit, what in dialogue_rules.differs_by_language(walks):
        reader.blame(walk.language, visit, what)
    return Findings(walks, reader.pages, reader.problems, list(dialogue_rules.pages_differ(walks)))


class _Reader:
    """Reads a book; a fault that is met again on the same screen is not told again."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._engine, self._whole = book.engine(), book.engine(book.cast.whole)
        self._viewed: set[tuple[str, str, str]] = set()
        self._pages: dict[Hashable, list[str]] = {}
        self._texts: dict[Hashable, list[str]] = {}
        self._problems: dict[Hashable, str] = {}

    @property
    def problems(self) -> Sequence[str]:
        return list(self._problems.values())

    @property
    def pages(self) -> int:
        return len(self._pages)

    def read(self, walk: Walk) -> None:
        """Everything that is said in one language."""
        for visit in walk.visits.values():
            for fault in self._visit(visit, walk.language):
                self.blame(walk.language, visit, fault)
        for visit, place, state in elsewhere(walk, self._book.cast.kin):
            for fault in self._elsewhere(visit, state):
                self.blame(walk.language, visit, f"{fault} at {place}", fault)
        for visit, what in dialogue_rules.visit_faults(self._book, walk):
            self.blame(walk.language, visit, what)
        for what in dialogue_rules.first_faults(self._book, walk):
            self.blame(walk.language, walk.first, what)
        for what in self._beside_the_screens(walk.language):
            self._problems.setdefault((walk.language, what), f"{walk.language}: {what}")

    def blame(self, language: str, visit: Visit, what: str, fault: str = "") -> None:
        """Note what is wrong with the keys that lead there; `fault` tells whether it is new."""
        line = f"{language} {'*'.join(visit.keys) or 'first'}: {visit.screen}: {what}"
        self._problems.setdefault((language, visit.screen, fault or what), line)

    def _visit(self, visit: Visit, language: str) -> Iterator[str]:
        if visit.view is None or visit.page is None:
            yield from visit.faults
            return
        met = Met(visit, visit.view, visit.page.text, self._engine, self._book.speech)
        for rule in VISIT_RULES:
            yield from rule(met)
        if (language, visit.screen, met.page) not in self._viewed:
            self._viewed.add((language, visit.screen, met.page))
            for rule in VIEW_RULES:
                yield from rule(met)
        for words in _said(visit.view):
            yield from self._words(words, language)
        yield from self._page(visit.page, language, back=visit.before is not None)

    def _elsewhere(self, visit: Visit, state: State) -> Iterator[str]:
        """The page alone: all else was looked at where the visit itself was."""
        try:
            page = self._whole.page(state)
            view = self._last_view(state) if page.ends else None
        except Exception as error:  # noqa: BLE001 - whatever a screen raises is a finding
            yield f"raises {type(error).__name__}: {error}"
            return
        if view is not None:
            moved = Visit(visit.keys, state, visit.before)
            yield from ends_uncut(Met(moved, view, page.text, self._whole, self._book.speech))
        yield from self._page(page, state.language, back=visit.before is not None)

    def _last_view(self, state: State) -> View:
        caller = Caller(self._whole.country, state.language, state.trail)
        return SCREENS[state.trail[-1].screen].show(caller)

    def _beside_the_screens(self, language: str) -> Iterator[str]:
        """What the engine says for itself, and what is said when there is no screen."""
        for phrase in (*_ENGINES_OWN, *self._book.texts, *self._book.sms):
            yield from self._words(phrase, language)
        for phrase in (*self._book.texts, *self._book.sms):
            page = Page(self._book.speech.say(phrase, language), ends=True)
            yield from (f"{fault}: {page.text!r}" for fault in self._page(page, language))
        yield from dialogue_rules.tells_by_sms(self._book, language)

    def _page(self, page: Page, language: str, *, back: bool = False) -> Sequence[str]:
        key = language, page, back
        if key not in self._pages:
            leave = f"{navigation.EXIT_KEY} {self._book.speech.say(navigation.EXIT, language)}"
            return_ = f"{navigation.BACK_KEY} {self._book.speech.say(navigation.BACK, language)}"
            shown = Shown(page.text, page.ends, return_ if back else "", leave)
            self._pages[key] = [fault for rule in PAGE_RULES for fault in rule(shown)]
        return self._pages[key]

    def _words(self, words: Words, language: str) -> Sequence[str]:
        values = words.values if isinstance(words, Phrase) else {}
        english = words.text if isinstance(words, Phrase) else words
        empty = frozenset(name for name, value in values.items() if not value)
        key = language, type(words), english, empty
        if key not in self._texts:
            known = None if is_name(words) else self._book.translation(english, language)
            said = Said(words, language, known)
            self._texts[key] = [fault for rule in TEXT_RULES for fault in rule(said)]
        return self._texts[key]


def _said(view: View) -> Iterator[Words]:
    """Every text on a screen, those inside others too."""
    waiting: list[Words] = [view.text]
    if not isinstance(view, End):
        waiting += [option.label for option in view.options]
    while waiting:
        words = waiting.pop()
        yield words
        if isinstance(words, Phrase):
            waiting += [one for one in words.values.values() if isinstance(one, Phrase | Name)]


_MENUS: Final = "menus."
"""Where the screens of the line are written; a test may have some of its own."""

_ENGINES_OWN: Final = (
    *(navigation.BACK, navigation.EXIT, navigation.MORE, navigation.FAREWELL),
    navigation.nothing_typed(),
    *(navigation.not_an_option(last) for last in range(3)),
)
