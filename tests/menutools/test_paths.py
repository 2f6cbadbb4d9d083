"""The paths that must be short are short, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from menus.script import Caller, Choose, End, choose, end, option
from menutools.books import Book, open_book
from menutools.cost import (
    DRAFT,
    PRACTISED,
    SAFETY,
    SESSION,
    SLOW,
    Cost,
    NoWay,
    PathStep,
    short_path,
    travel,
)
from menutools.paths import PATHS, Path
from tests.menutools.made_up_dialogues import Write, a_book, write

__all__ = ["write"]

LANGUAGES = ("rw", "en", "fr", "sw")
BY_NAME = {path.name: path for path in PATHS}
CALL_ME = "Call me, from the first safety screen"
FULL = "Full report, by call"
UNDER_18 = "Full report, under 18"


@cache
def callers() -> Book:
    return open_book("callers", "rw")


@cache
def cost(path: str, language: str) -> Cost:
    return travel(callers(), BY_NAME[path], language)


def keys_from_safety(path: str, language: str) -> int:
    rest = cost(path, language).since(SAFETY)
    assert rest is not None
    return rest.keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_call_me_takes_four_keys(language: str) -> None:
    assert keys_from_safety(CALL_ME, language) <= 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_full_report_takes_fourteen_keys(language: str) -> None:
    assert keys_from_safety(FULL, language) <= 14
    assert keys_from_safety(UNDER_18, language) <= 14


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_is_in_danger_has_sent_her_alert_with_the_third_key(language: str) -> None:
    steps = [step.screen for step in cost("Danger", language).steps]
    assert steps == [
        "welcome.first",
        "emergency.danger",
        "emergency.may_we_call",
        "emergency.sent",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["Danger", "Call me", CALL_ME, "Nearest centre"])
def test_a_session_is_long_enough_for_the_short_paths(path: str, language: str) -> None:
    assert cost(path, language).seconds(SLOW) <= SESSION


def test_the_table_says_where_a_session_is_too_short() -> None:
    table = short_path("rw")["short-path.md"].split("\n")
    for path in PATHS:
        for language in LANGUAGES:
            [row] = [line for line in table if line.startswith(f"| {path.name} | {language} |")]
            cells = row.strip("| ").split(" | ")
            for cell, speed in zip(cells[-2:], (PRACTISED, SLOW), strict=True):
                late = cost(path.name, language).seconds(speed) > SESSION
                assert cell.startswith("**") == late, row


def test_time_is_reading_and_three_seconds_a_key() -> None:
    steps = [PathStep("a", 70), PathStep(SAFETY, 70), PathStep(DRAFT, 140), PathStep("b", 7)]
    path = Cost("A path", "en", steps)
    assert path.keys == 3
    assert path.seconds(7) == 41 + 3 * 3
    assert path.blocks(7) == 3
    assert [part.keys for part in (path.since(SAFETY), path.until(DRAFT)) if part] == [2, 3]
    assert path.since("nowhere") is None


def test_the_next_page_costs_a_key(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("?", *(option(f"Number {one}", goto=last) for one in range(9)))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    def keys(answer: str) -> int:
        return travel(a_book(first), Path("A path", {"made_up.first": answer}), "en").keys

    assert (keys("Number 1"), keys("Number 8")) == (1, 2)


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        ({}, "A path: no answer for welcome.first"),
        ({"welcome.first": "Sing"}, "welcome.first has no option 'Sing'"),
    ],
)
def test_a_path_that_the_menus_lost_says_where(answers: Mapping[str, str], where: str) -> None:
    with pytest.raises(NoWay, match=where):
        travel(callers(), Path("A path", answers), "en")
