"""The alphabet of a basic phone, held against two other people's reading of the standard."""

from __future__ import annotations

import unicodedata

import pytest
import smsutil
from gsm0338 import Codec
from hypothesis import given
from hypothesis import strategies as st

from menus import gsm7

STANDARD = Codec()
"""3GPP TS 23.038 as the package gsm0338 reads it."""

ESCAPE = "\x1b"
"""The key to the extension table, which is no letter of its own."""

letters = st.sampled_from(sorted(gsm7.BASIC | gsm7.EXTENSION))
in_alphabet = st.text(letters, max_size=300)
mixed = st.text(st.one_of(st.sampled_from("aé ^€êΔ“…\u00a0😀\n"), st.characters()), max_size=40)


def in_the_standard(character: str) -> bool:
    try:
        STANDARD.encode(character)
    except UnicodeEncodeError:
        return False
    return character != ESCAPE


def test_the_alphabet_is_that_of_the_standard() -> None:
    every = map(chr, range(0x10000))
    assert set(filter(in_the_standard, every)) == gsm7.BASIC | gsm7.EXTENSION


def test_both_tables_are_those_of_the_standard() -> None:
    assert {one for one in gsm7.BASIC if len(STANDARD.encode(one)[0]) != 1} == set()
    assert {one for one in gsm7.EXTENSION if len(STANDARD.encode(one)[0]) != 2} == set()


@given(in_alphabet)
def test_room_is_counted_as_the_standard_encodes(text: str) -> None:
    assert gsm7.septets(text) == len(STANDARD.encode(text)[0])


@given(st.text(letters, min_size=1, max_size=300))
def test_room_is_counted_as_an_sms_gateway_splits(text: str) -> None:
    assert gsm7.septets(text) == smsutil.gsm_split(text).total_bytes


@given(mixed)
def test_it_knows_what_needs_another_alphabet(text: str) -> None:
    assert gsm7.fits_alphabet(text) == all(map(in_the_standard, text))


@pytest.mark.parametrize("character", ["ê", "ç", "’", "…", "°", "«", "\u00a0", "α", "😀", ESCAPE])
def test_a_character_without_a_place_is_never_counted(character: str) -> None:
    with pytest.raises(ValueError, match="cannot show"):
        gsm7.septets("abc" + character)


@given(mixed)
def test_made_plain_any_text_can_be_shown(text: str) -> None:
    assert all(map(in_the_standard, gsm7.plain(text)))


@given(mixed)
def test_making_plain_twice_changes_nothing_more(text: str) -> None:
    assert gsm7.plain(gsm7.plain(text)) == gsm7.plain(text)


@given(in_alphabet)
def test_what_a_phone_can_show_stays_as_it_is(text: str) -> None:
    assert gsm7.plain(text) == text


@given(mixed)
def test_it_does_not_matter_how_an_accent_is_encoded(text: str) -> None:
    apart, together = (unicodedata.normalize(form, text) for form in ("NFD", "NFC"))
    assert gsm7.plain(apart) == gsm7.plain(together)


@pytest.mark.parametrize(
    ("typeset", "shown"),
    [
        ("l’hôpital", "l'hopital"),
        ("“Amakuru”…", '"Amakuru"...'),
        ("« santé »", '" santé "'),
        ("12–17", "12-17"),
        ("Français", "Francais"),
        ("cœur", "coeur"),
        ("no\u00a0break", "no break"),
        ("e\u0302tre", "etre"),
        ("［1］", "[1]"),
        ("３ days", "3 days"),
        ("ok 👍", "ok ?"),
        ("Ǆ", "DZ"),
    ],
)
def test_what_typesetters_write_is_shown_as_a_phone_can(typeset: str, shown: str) -> None:
    assert gsm7.plain(typeset) == shown


@given(in_alphabet, st.integers(0, 200))
def test_a_cut_text_is_a_beginning_that_fits(text: str, room: int) -> None:
    kept = gsm7.cut(text, room)
    assert text.startswith(kept)
    assert gsm7.septets(kept) <= room


@given(st.lists(st.text("abc€", min_size=1, max_size=8), max_size=12), st.integers(8, 60))
def test_a_text_is_cut_between_words(words: list[str], room: int) -> None:
    text = " ".join(words)
    kept = gsm7.cut(text, room)
    if any(gsm7.septets(word) > room for word in words):
        return
    assert kept.split() == words[: len(kept.split())]
    if kept != text:
        longer = " ".join(words[: len(kept.split()) + 1])
        assert gsm7.septets(longer) > room, "another word would have fitted"


@pytest.mark.parametrize("room", [0, -1, -200])
def test_without_room_nothing_is_left(room: int) -> None:
    assert gsm7.cut("some words", room) == ""


def test_a_word_longer_than_the_room_is_broken() -> None:
    assert gsm7.cut("a" * 30, 10) == "a" * 10
    assert gsm7.cut("€" * 30, 9) == "€" * 4
