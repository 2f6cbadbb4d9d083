"""docs/security.md and docs/asvs.md leave nothing out, and what they point to is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.rules.sources import ROOT, none_of, text

ASVS = Path("docs/asvs.md")
THREATS = Path("docs/security.md")

SECTIONS: Final = {
    1: {1: 2, 2: 10, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 5, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}
"""Chapter to section to the number of its requirements of levels 1 and 2, in ASVS 5.0.0.

They come first in each section. So do the two of level 3 that we answer, 1.2.10 and 2.3.5.
"""

DOCUMENTATION: Final = {f"V{chapter}.1" for chapter in (2, 5, 6, 7, 8, 11, 13, 14, 15, 16)}
"""Sections that ask for a document, which no test can stand for."""

ANSWERS: Final = ("test", "not applicable", "gap")

FILE: Final = re.compile(
    r"(?<![\w./-])(?:tests|gateway|menus|workers|commands|sandbox|menutools|docs)/[\w./-]*\w\.\w+"
)
ABOUT_THE_HOUSE: Final = {
    *("What flows where", "Ways in", "Who may see what", "What may come in", "Cryptography"),
}
"""Chapters of the threat model about ourselves; all others are about somebody who attacks."""


class Row(NamedTuple):
    """One requirement and our answer to it."""

    id: str
    level: str
    about: str
    answer: str
    where: str

    @property
    def section(self) -> str:
        return self.id.rpartition(".")[0]


def test_every_requirement_has_one_row() -> None:
    expected = [
        f"V{chapter}.{section}.{one}"
        for chapter, sections in SECTIONS.items()
        for section, count in sections.items()
        for one in range(1, count + 1)
    ]
    assert len(expected) == 255
    assert [row.id for row in rows()] == expected


def test_levels_are_those_that_were_asked_for() -> None:
    third = {row.id for row in rows() if row.level == "3"}
    assert third == {"V1.2.10", "V2.3.5"}
    assert {row.level for row in rows()} == {"1", "2", "3"}


def test_every_answer_is_one_of_three_and_says_why() -> None:
    none_of(
        (
            f"{row.id}: {row.answer}: {row.where}"
            for row in rows()
            if row.answer not in ANSWERS or len(row.where) < len("no XML") or not row.about
        ),
        f"answer with one of {', '.join(ANSWERS)}, and say where or why",
    )


def test_what_is_tested_names_the_test() -> None:
    none_of(
        (f"{row.id}: {row.where}" for row in rows() if row.answer == "test" and not _shown(row)),
        "name a file under tests/, a rule of the linter in pyproject.toml, or, in a section "
        "that asks for one, the document",
    )


def test_the_summary_counts_what_follows() -> None:
    by_chapter = {
        chapter: Counter(row.answer for row in group)
        for chapter, group in groupby(rows(), lambda row: row.id.split(".")[0])
    }
    by_chapter["**all**"] = sum(by_chapter.values(), Counter())
    told = re.findall(
        r"^\| (V\d+|\*\*all\*\*)[^|]*" + r"\| \**(\d+)\** " * 4 + r"\|$", text(ASVS), re.MULTILINE
    )
    assert {chapter: [int(one) for one in counts] for chapter, *counts in told} == {
        chapter: [*(counts[answer] for answer in ANSWERS), counts.total()]
        for chapter, counts in by_chapter.items()
    }


def test_the_gaps_of_the_console_are_counted() -> None:
    told = re.search(r'^"With the console" are (\d+) gaps', text(ASVS), re.MULTILINE)
    counted = sum(row.where.startswith("with the console") for row in rows())
    assert told is not None
    assert int(told[1]) == counted


@pytest.mark.parametrize("document", [ASVS, THREATS, Path("SECURITY.md")], ids=str)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = set(FILE.findall(text(document)))
    assert named
    none_of(
        (one for one in named if not (ROOT / one).is_file()),
        f"{document} names these files, and they are not there",
    )


def test_every_attacker_has_controls_tests_and_what_remains() -> None:
    chapters = re.split(r"^## ", text(THREATS), flags=re.MULTILINE)[1:]
    attackers = [one for one in chapters if one.splitlines()[0] not in ABOUT_THE_HOUSE]
    assert len(attackers) >= 11
    none_of(
        (
            one.splitlines()[0]
            for one in attackers
            if "| control | test |" not in one or "tests/" not in one or "*Remains*:" not in one
        ),
        "tell what each can do, which control and which test, and what remains",
    )


def test_the_threat_model_stays_short_enough_to_be_read() -> None:
    assert len(text(THREATS).splitlines()) <= 250


def rows() -> list[Row]:
    """The rows of the ASVS table, in their order."""
    return list(_rows())


def _rows() -> Iterator[Row]:
    for line in text(ASVS).splitlines():
        if re.match(r"\| V\d+\.", line):
            yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


def _shown(row: Row) -> bool:
    proofs = ["tests/", "pyproject.toml"]
    if row.section in DOCUMENTATION:
        proofs += ["docs/", "SECURITY.md"]
    return any(proof in row.where for proof in proofs)
