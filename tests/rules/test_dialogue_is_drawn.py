"""What docs/ shows of the dialogue is what the menus are now."""

from __future__ import annotations

import pytest

from menutools.cost import short_path
from menutools.graph import graph
from tests.rules.sources import ROOT, none_of

DOCS = ROOT / "docs"


@pytest.mark.system
def test_the_drawings_are_those_of_the_menus() -> None:
    none_of(
        (name for name, text in graph("rw").items() if _text(name) != text),
        "the menus have changed: run `isange menus graph`",
    )


@pytest.mark.system
def test_the_table_of_paths_is_that_of_the_menus() -> None:
    none_of(
        (name for name, text in short_path("rw").items() if _text(name) != text),
        "the menus have changed: run `isange menus cost`",
    )


def _text(name: str) -> str:
    path = DOCS / name
    return path.read_text("utf-8") if path.exists() else ""
