"""Reads a phone that speaks another language by the English words of a test.

A call is written once and made in every language: `sees("Your age?")` looks for that text as the
catalogue has it. A text may be given by its beginning; the rest of it is then expected too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Final, Self

import pytest

from gateway.country.pack import Pack
from menus import gsm7
from menus.speech import Speech
from menutools.catalogues.extraction import extract

LANGUAGES: Final = ("en", "rw", "fr", "sw")

in_every_language = pytest.mark.parametrize("language", LANGUAGES, indirect=True)
"""Makes the calls of a test in every language."""


@dataclass(frozen=True)
class Interpreter:
    """From English words to a regular expression of what the phone shows (tests.phone.Reads)."""

    texts: Mapping[str, str]
    """Every English text of the menus → how it is said."""
    names: Mapping[str, str]
    """Titles, questions and places that the country names otherwise in this language."""

    @classmethod
    def of(cls, language: str, pack: Pack, speech: Speech) -> Self:
        catalogue = speech.catalogues.get(language, {})
        texts = {english: catalogue.get(english) or english for english in sources()}
        return cls(texts, dict(_names(language, pack)))

    def __call__(self, words: str) -> str:
        english = self._english(words)
        if english is None:
            return re.escape(self.names.get(words, words))
        said = self.texts[english]
        fixed = (fixed for fixed, *_ in Formatter().parse(said))
        ending = ".*?" if said.endswith("}") else ""
        return ".*?".join(re.escape(gsm7.plain(part)) for part in fixed) + ending

    def _english(self, words: str) -> str | None:
        """The text that is meant: the whole of one, or the beginning of one alone."""
        if words in self.texts:
            return words
        begun = [text for text in self.texts if text.startswith(words)]
        assert len(begun) < 2, f"{words!r} may be any of {begun}"
        return begun[0] if begun else None


@cache
def sources() -> tuple[str, ...]:
    """Every English text of the menus."""
    return tuple(text.english for text in extract())


def _names(language: str, pack: Pack) -> Iterable[tuple[str, str]]:
    english, spoken = pack.languages["en"], pack.languages[language]
    yield english.title, spoken.title
    yield from zip(english.questions, spoken.questions, strict=True)
    for area, name in spoken.areas.items():
        found = pack.places.get(area)
        assert found is not None
        yield found.name, name
