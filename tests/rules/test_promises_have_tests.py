"""docs/testing.md names tests that are there, and the command that really runs them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.rules.sources import ROOT, none_of, text

TESTING = Path("docs/testing.md")


class Promise(NamedTuple):
    """A row of the table."""

    about: str
    places: list[str]
    commands: set[str]


def test_every_promise_names_files_that_are_there() -> None:
    none_of(
        (
            f"{promise.about}: {place}"
            for promise in promises()
            for place in promise.places
            if not (ROOT / place).is_file()
        ),
        f"put these paths in {TESTING} right",
    )


def test_every_command_is_there() -> None:
    known = set(re.findall(r"^([a-z-]+):", text(Path("Makefile")), re.MULTILINE))
    none_of(
        (
            f"{promise.about}: make {command}"
            for promise in promises()
            for command in promise.commands - known
        ),
        f"there is no such command: see the Makefile, and put {TESTING} right",
    )


def test_every_promise_names_the_commands_that_run_its_tests() -> None:
    none_of(
        (
            f"{promise.about}: {', '.join(sorted(run))}, not {', '.join(sorted(named))}"
            for promise in promises()
            if (named := promise.commands & {"test", "test-system"})
            != (run := {command for place in promise.places for command in _runs(place)})
        ),
        f"the system mark of these tests has changed: put {TESTING} right",
    )


def promises() -> Iterator[Promise]:
    _, _, table = text(TESTING).partition("| promise | test | command |")
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and not cells[0].startswith("---"):
            yield Promise(cells[0], cells[1].split(", "), set(cells[2].split(", ")))


def _runs(place: str) -> set[str]:
    """Which of the two commands run tests of a file; both where some of them have the mark."""
    tree = ast.parse(text(Path(place)))
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    whole = any(
        isinstance(node, ast.Assign) and ast.unparse(node) == "pytestmark = pytest.mark.system"
        for node in tree.body
    )
    marked = [test for test in tests if whole or "mark.system" in _decorators(test)]
    partly = [test for test in tests if "marks=pytest.mark.system" in _decorators(test)]
    found = {"test-system"} if marked else set()
    return found | ({"test"} if len(marked) < len(tests) or partly else set())


def _decorators(test: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(one) for one in test.decorator_list)
