"""What a short SMS says, whatever a phone or a hand adds to it."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbox.staff_words import read
from gateway.inbox.wording import lone_number, words

ADDED = [
    sign
    for sign in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(sign)[0] not in "LC"
]
ADDED += ["\n", "\r", "\t", "\u200b", "\u200e", "\ufeff", "\u00ad"]
"""Every sign that is no letter: spaces, digits, quotes, brackets, accents, emoji, unseen ones."""

WITHOUT_DIGITS = [
    sign for sign in ADDED if not any(map(str.isdecimal, unicodedata.normalize("NFKC", sign)))
]
"""An SMS of staff that has a number in it is an answer to an alert, or not understood."""

decorations = st.text(st.sampled_from(ADDED), max_size=6)


@given(st.sampled_from(["STOP", "INFO", "HAGARIKA"]), decorations, decorations)
def test_what_is_added_around_a_word_changes_nothing(word: str, before: str, after: str) -> None:
    assert "".join(words(before + word + after)) == word
    assert words(before + word.lower() + after) == [word]


@given(st.data())
def test_what_is_added_between_its_letters_changes_no_letter(data: st.DataObject) -> None:
    between = [data.draw(decorations) for _ in "STOP"]
    assert "".join(words("".join(map("".join, zip("STOP", between, strict=True))))) == "STOP"


@given(
    st.sampled_from(["on", "off", "who", "ok"]),
    st.text(st.sampled_from(WITHOUT_DIGITS), max_size=6),
)
def test_the_words_of_staff_are_read_alike(word: str, added: str) -> None:
    assert read(added + word + added) == read(word.upper()) == word


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Stop. Thank you", ["STOP", "THANK", "YOU"]),
        ("arr\u00eat", ["ARRET"]),
        ("\ufb01n", ["FIN"]),
        ("", []),
        ("\ud800\u0300", []),
    ],
)
def test_words_are_read_by_their_letters(text: str, said: list[str]) -> None:
    assert words(text) == said


@pytest.mark.parametrize(
    "text", ["1", " 1. ", "(1)", "1\n", "\u201c1\u201d", "#1", "\u0661", "1\ufe0f\u20e3"]
)
def test_one_number_and_nothing_else(text: str) -> None:
    assert lone_number(text) == "1"


@pytest.mark.parametrize("text", ["", "1 2", "1 hello", "+250788123456", "1a", "one"])
def test_what_is_not_one_number(text: str) -> None:
    assert lone_number(text) is None


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    number = lone_number(text)
    assert number is None or number.isascii()
    assert all(word.isalpha() for word in words(text))
