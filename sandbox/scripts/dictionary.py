"""From the English words of a script to what a phone shows for them, and back.

A script says "Call me"; a phone may show "Mpamagara". The words are looked up where the line has
them, so that a script goes on when a translator writes another word. What is in no catalogue, such
as the name of a centre, is looked for as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from string import Formatter
from typing import Final

from gateway.country import translations
from gateway.country.pack import Pack
from gateway.country.po_files import SOURCE
from menus import gsm7

FEWEST_AT_THE_BEGINNING: Final = 3
FEWEST_INSIDE: Final = 10
"""Letters of a part of a text that stands for the whole of it."""

ANYTHING: Final = "..."

_HOLE: Final = re.compile(r"\{[a-z][a-z0-9_.]*\}")
_NAMED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Phrases:
    """Texts with {placeholders}, each beside what is said in its place."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._whole: dict[str, str] = {}
        self._filled: list[tuple[re.Pattern[str], str]] = []
        known = tuple(pairs)
        for text, other in known:
            if "{" in text:
                self._filled.append((_expression(text), other))
            else:
                self._whole.setdefault(_folded(text), other)
        self._filled.sort(key=lambda one: -len(one[0].pattern))
        self._all = [(_folded(text), other) for text, other in known]

    def other(self, text: str) -> str | None:
        """What is said in the place of a whole text, with the same values."""
        folded = _folded(text)
        if folded in self._whole:
            return self._whole[folded]
        for expression, other in self._filled:
            found = expression.fullmatch(folded)
            if found is not None:
                values = {
                    name: self.other(said) or said for name, said in found.groupdict().items()
                }
                return other.format_map(values)
        return None

    def holding(self, words: str) -> tuple[str, ...]:
        """What is said in the place of each text that begins like this, or else has it inside."""
        wanted, holes = _part(_folded(words))
        letters = len(words) - sum(map(len, holes))
        found = [(at, other) for text, other in self._all if (at := wanted.search(text))]
        begun = [(at, other) for at, other in found if at.start() == 0]
        if letters < (FEWEST_AT_THE_BEGINNING if begun else FEWEST_INSIDE):
            return ()
        return tuple(_refilled(other, at.groups(), holes) for at, other in begun or found)


class Dictionary:
    """Every text of the menus, and the names that the country says otherwise in a language."""

    def __init__(self, pack: Pack) -> None:
        catalogues = translations.shipped(pack.languages)
        self._languages = {gsm7.plain(one.name): code for code, one in pack.languages.items()}
        self._there: dict[str, Phrases] = {}
        self._back: dict[str, Phrases] = {}
        for language, catalogue in catalogues.items():
            pairs = [*_said(catalogue), *_names(language, pack)]
            self._there[language] = Phrases(pairs)
            self._back[language] = Phrases((said, english) for english, said in pairs)

    @lru_cache(maxsize=4_096)  # noqa: B019 - there is one for each country, and it stays
    def said(self, words: str, language: str) -> tuple[str, ...]:
        """What may be looked for on a phone: as the language has it, then as it is written."""
        phrases = self._there.get(language)
        if phrases is None:
            return (words,)
        whole = phrases.other(words)
        said = phrases.holding(words) if whole is None else (whole,)
        holes = set(_HOLE.findall(words))
        complete = (one for one in said if holes <= set(_HOLE.findall(one)))
        return tuple(dict.fromkeys((*complete, words)))

    def english(self, shown: str, language: str) -> str | None:
        """The English words of a text that a phone shows, if the line says it everywhere alike."""
        phrases = self._back.get(language)
        return phrases.other(shown) if phrases else None

    def language(self, line: str) -> str | None:
        """The language whose own name this is."""
        return self._languages.get(line)


def _said(catalogue: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((english, gsm7.plain(said)) for english, said in catalogue.items())


def _names(language: str, pack: Pack) -> Iterable[tuple[str, str]]:
    """Titles, questions and places that have another name in this language."""
    english, spoken = pack.languages[SOURCE], pack.languages[language]
    yield english.title, gsm7.plain(spoken.title)
    yield from zip(english.questions, map(gsm7.plain, spoken.questions), strict=True)
    for area, name in spoken.areas.items():
        found = pack.places.get(area)
        if found is not None:
            yield found.name, gsm7.plain(name)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _part(words: str) -> tuple[re.Pattern[str], list[str]]:
    """Finds words inside a text, each hole where the text has a placeholder; and the holes."""
    parts, place = [], 0
    holes = []
    for mark in re.finditer(rf"(?P<hole>{_HOLE.pattern})|\.\.\.", words):
        parts.append(re.escape(words[place : mark.start()].strip(" ")))
        parts.append(r" ?(\{\w+\}) ?" if mark["hole"] else ".*?")
        holes += [mark["hole"]] if mark["hole"] else []
        place = mark.end()
    return re.compile("".join([*parts, re.escape(words[place:].strip(" "))])), holes


def _refilled(text: str, placeholders: Sequence[str], holes: Sequence[str]) -> str:
    """A text with these holes in its placeholders, and dots in the others."""
    filled = dict(zip((one[1:-1] for one in placeholders), holes, strict=True))
    return "".join(
        words + ("" if name is None else filled.get(name, ANYTHING))
        for words, name, _, _ in Formatter().parse(text)
    )


def _expression(text: str) -> re.Pattern[str]:
    """Finds the values in a text; one that comes twice has to be the same."""
    parts, named = [], set[str]()
    for words, name, _, _ in Formatter().parse(_folded(text)):
        parts.append(re.escape(words))
        if name is None:
            continue
        if not _NAMED.fullmatch(name):
            parts.append(".+?")
        elif name in named:
            parts.append(f"(?P={name})")
        else:
            named.add(name)
            parts.append(f"(?P<{name}>.+?)")
    return re.compile("".join(parts))
