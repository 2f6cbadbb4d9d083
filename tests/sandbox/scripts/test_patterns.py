"""Words with holes: what they are found in, and what they teach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.country.pack import Pack
from sandbox.scripts.dictionary import Dictionary
from sandbox.scripts.pattern import NotAPattern, literal, parse

SCREEN = "Sent. Code: 346663.\nCall 112 at once.\n1 Back"


@pytest.mark.parametrize(
    ("pattern", "learnt"),
    [
        ("Sent. Code: {code}.", {"code": "346663"}),
        ("{code}. Call {police} at", {"code": "346663", "police": "112"}),
        ("Sent. ... at once. 1", {}),
        ("  Call   112 at\nonce. ", {}),
        ("...", {}),
        ("Sent. Code: {known}", {"known": "346663"}),
    ],
)
def test_found(pattern: str, learnt: dict[str, str]) -> None:
    found = parse(pattern).search(SCREEN, {"known": "346663"})

    assert found is not None
    assert found.learnt == {"known": "346663"} | learnt


@pytest.mark.parametrize(
    "pattern",
    [
        "sent.",
        "Code: {other}",
        "Call ... Code",
        "Code: 34666{digit}",
        "{same}. ... Call {same}",
        "{twice}. Call {twice}",
        "{nurse.pin}",
    ],
)
def test_not_found(pattern: str) -> None:
    known = {"other": "346664", "nurse.pin": "34666"}
    assert parse(pattern).search(SCREEN, known) is None


def test_a_line_is_meant_whole_or_by_its_beginning() -> None:
    morning = parse("Morning ...")

    assert morning.is_all_of("Morning 08:00-12:00", {})
    assert parse("Morning").begins("Morning 08:00-12:00", {})
    assert not parse("Morning").is_all_of("Morning 08:00-12:00", {})
    assert not parse("08:00").begins("Morning 08:00-12:00", {})


@pytest.mark.parametrize("text", ["{", "}", "{Code}", "{a b}", "{}", "{a.code}", "a } b"])
def test_a_lone_brace_is_no_pattern(text: str) -> None:
    with pytest.raises(NotAPattern):
        parse(text)


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda one: "..." not in one))
def test_a_literal_is_found_in_itself(text: str) -> None:
    assert parse(literal(text)).search(text, {}) is not None


@pytest.fixture(scope="module")
def dictionary(pack: Pack) -> Dictionary:
    return Dictionary(pack)


@pytest.mark.parametrize("language", ["rw", "fr", "sw"])
def test_what_is_said_leads_back_to_english(dictionary: Dictionary, language: str) -> None:
    for english in (
        "Call me",
        "Health & Family Info",
        "A counsellor will call you. Code 346663. In danger call 112.",
        "[ISANGE] 346663 accepted by centre lead. No action needed. Thank you.",
    ):
        said, _ = dictionary.said(english, language)
        assert said != english
        assert dictionary.english(said, language) == english


def test_holes_go_where_the_other_language_has_them(dictionary: Dictionary) -> None:
    said, written = dictionary.said(
        "A counsellor will call you. Code {code}. In danger call ...", "fr"
    )

    assert "{code}" in said
    assert written.startswith("A counsellor")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("If the line cuts, may we send", "Si la ligne coupe"),
        ("Is the child in danger", "Merci"),
        ("Sent. Code: {code}", "Code: {code}."),
        ("Type the first ... letters", "Tapez"),
    ],
)
def test_a_part_stands_for_its_text(dictionary: Dictionary, part: str, said: str) -> None:
    first, *_ = dictionary.said(part, "fr")

    assert first != part
    assert said in first


def test_a_part_of_several_texts_stands_for_each(dictionary: Dictionary) -> None:
    said = dictionary.said("Send", "fr")

    assert len(said) > 2
    assert said[-1] == "Send"


@pytest.mark.parametrize("words", ["No", "zz", "danger", "{code}"])
def test_a_short_part_stands_for_nothing(dictionary: Dictionary, words: str) -> None:
    assert len(dictionary.said(words, "fr")) <= 2


def test_what_is_in_no_catalogue_is_looked_for_as_it_is(dictionary: Dictionary) -> None:
    assert dictionary.said("Kabutare", "rw") == ("Kabutare",)
    assert dictionary.said("Call me", "en") == ("Call me",)
    assert dictionary.english("Kabutare", "rw") is None


def test_a_language_is_known_by_its_own_name(dictionary: Dictionary) -> None:
    assert dictionary.language("Francais") == "fr"
    assert dictionary.language("French") is None
