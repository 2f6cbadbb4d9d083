"""Whoever is new finds every page: the index, the glossary and the list of decisions are whole."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.rules.commands import commands
from tests.rules.sources import ROOT, none_of, text
from tests.rules.test_files_are_clean import LINK, leads_somewhere

CONTRIBUTING = Path("CONTRIBUTING.md")
INDEX = Path("docs/README.md")
DECISIONS = Path("docs/decisions/README.md")
GLOSSARY = Path("docs/glossary.md")

READERS = ("code", "run", "translate", "train", "counsellor")
"""A word of the heading of each list."""


def test_every_page_is_in_the_index() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {INDEX.name}
    listed = {target.partition("#")[0] for target in LINK.findall(text(INDEX))}
    none_of(pages - listed, f"say in {INDEX} who reads these, and when")
    none_of(
        (target for target in LINK.findall(text(INDEX)) if not leads_somewhere(INDEX, target)),
        f"correct these links of {INDEX}",
    )


def test_the_worked_examples_name_files_and_commands_that_are_there() -> None:
    files = set(re.findall(r"(?<![\w/.])(?:[a-z]+/)+\w+\.\w+", text(CONTRIBUTING)))
    assert len(files) > 15
    none_of((one for one in files if not (ROOT / one).is_file()), f"{CONTRIBUTING} names these")
    targets = set(re.findall(r"^([a-z-]+):", text(Path("Makefile")), re.MULTILINE))
    named = set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", text(CONTRIBUTING), re.MULTILINE))
    typed = set(re.findall(r"\bisange ([a-z]+(?: [a-z]+)*)`", text(CONTRIBUTING)))
    none_of(named - targets, f"the Makefile has none of these: put {CONTRIBUTING} right")
    none_of(typed - {*commands(), "menus show rights"}, "`isange` has none of these")


def test_every_reader_has_a_list_to_begin_with() -> None:
    lists = re.split(r"^## ", text(INDEX), flags=re.MULTILINE)[1:]
    assert len(lists) == len(READERS)
    for reader, one in zip(READERS, lists, strict=True):
        assert reader in one.splitlines()[0]
        assert "\n1. [" in one


def test_every_decision_is_listed_once_under_a_subject() -> None:
    notes = {path.name for path in (ROOT / DECISIONS.parent).glob("[0-9]*.md")}
    _, *subjects = re.split(r"^## ", text(DECISIONS), flags=re.MULTILINE)
    listed = Counter(name for one in subjects for name in LINK.findall(one))
    none_of(notes - listed.keys(), f"list these in {DECISIONS}, under their subject")
    none_of(
        (name for name, count in listed.items() if name not in notes or count > 1),
        f"{DECISIONS} lists these twice, or they are not there",
    )


def test_every_word_is_explained_in_one_sentence_and_stands_in_its_module() -> None:
    rows = re.findall(r"^\| ([a-z][^|]*) \| ([^|]+) \| `([^`]+)` \|$", text(GLOSSARY), re.MULTILINE)
    assert len(rows) >= 30
    assert [word for word, _, _ in rows] == sorted(word for word, _, _ in rows)
    none_of(
        (
            f"{word}: {module}"
            for word, _, module in rows
            if not (ROOT / module).is_file() or word not in _plain(module + text(Path(module)))
        ),
        f"these words of {GLOSSARY} are not in these files: name the file where each lives",
    )
    none_of(
        (word for word, means, _ in rows if not re.fullmatch(r"[^.]+\.", means)),
        f"explain these in {GLOSSARY} in one sentence",
    )


def _plain(source: str) -> str:
    return source.lower().replace("_", " ")
