"""Every text in every language, and what is seen first.

`isange menus check`, which is part of `make check`, walks to every screen for every caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from gateway.country.translations import LOCALES, shipped
from menus import gsm7, messages
from menus.speech import Speech
from menutools.books import BOOKS, open_book
from menutools.catalogues.extraction import extract, outside_placeholders
from menutools.catalogues.faults import problems
from menutools.catalogues.forbidden import betrays, names_violence
from menutools.check import check

LANGUAGES = ("en", "rw", "fr", "sw")

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


def test_the_catalogues_have_no_fault() -> None:
    assert problems(LOCALES, LANGUAGES) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_is_the_one_that_was_agreed(language: str) -> None:
    engine = open_book("callers", "rw").engine()
    assert engine.page(engine.begin(language)).text == FIRST_SCREENS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_has_no_word_for_violence(language: str) -> None:
    assert not names_violence(FIRST_SCREENS[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_to_a_caller_tells_nobody_what_it_is_about(language: str) -> None:
    text = Speech(shipped(LANGUAGES)).say(messages.CONFIRMED, language)
    assert not betrays(text)
    assert gsm7.septets(text) <= 160


@pytest.mark.system
def test_whatever_is_said_was_extracted() -> None:
    """A text that stands where extraction does not look would be English in every language."""
    heard: set[str] = set()
    for name in BOOKS:
        book = open_book(name, "rw")
        speech = Speech({"rw": Listening(book.speech.catalogues["rw"], heard)})
        check(replace(book, speech=speech, languages=["rw"]))
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
