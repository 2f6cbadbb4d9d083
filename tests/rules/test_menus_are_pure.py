"""Menus do no I/O, read no clock and take no chances: a lost session is rebuilt by typing again.

What they may import is a contract in pyproject.toml. Here is what needs no import.
"""

from __future__ import annotations

import ast

from menus import gsm7
from menus.callers import welcome
from menus.script import SCREENS
from menutools.catalogues.extraction import extract, outside_placeholders
from tests.rules.sources import modules, none_of

IMPURE = frozenset(
    {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
    | {"id", "hash", "globals", "setattr", "delattr"}
)
"""I/O, code from text, what differs between two processes, and what changes for good."""

OURS = "menus."


def test_no_screen_does_io() -> None:
    none_of(
        (
            module.at(node, f"{node.id}")
            for module in modules("menus")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in IMPURE
        ),
        "the menus decide, the gateway acts: return an intent instead of using these",
    )


def test_nothing_in_the_menus_changes_after_import() -> None:
    none_of(
        (
            module.at(node, f"{', '.join(node.names)} is changed by a function")
            for module in modules("menus")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Global | ast.Nonlocal)
        ),
        "what a screen remembers goes into the caller's trail (`keep`), not into a variable",
    )


def test_every_screen_says_why_it_is_there() -> None:
    ours = {name: one for name, one in SCREENS.items() if one.show.__module__.startswith(OURS)}
    assert welcome.first.name in ours
    none_of(
        (f"{one.show.__module__}: {name}" for name, one in ours.items() if not one.show.__doc__),
        "give these screens a docstring: translators read its first line",
    )


def test_texts_have_letters_of_a_basic_phone_alone() -> None:
    none_of(
        (f"{text.english!r}: {odd}" for text in extract() if (odd := _odd(text.english))),
        "one such letter makes a page less than half as long: write - for a dash, ' and \" for "
        "quotes, ... for an ellipsis, and plain spaces",
    )


def _odd(english: str) -> str:
    plain = outside_placeholders(english)
    return "".join(sorted(set(plain) - gsm7.BASIC - gsm7.EXTENSION))
