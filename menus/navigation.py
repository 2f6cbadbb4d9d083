"""The keys every screen shares, and what the engine says for itself."""

from __future__ import annotations

from typing import Final

from menus.script import Phrase, phrase

EXIT_KEY: Final = "0"
BACK_KEY: Final = "9"

BACK: Final = phrase("Back")
EXIT: Final = phrase("Exit")
MORE: Final = phrase("More")

FAREWELL: Final = phrase("Thank you. Have a good day.")
"""Bland on purpose: whoever looks over her shoulder learns nothing from it."""


def nothing_typed() -> Phrase:
    return phrase("You typed nothing.")


def not_an_option(last: int) -> Phrase:
    """`last` is the highest number on the page."""
    if last == 0:
        return phrase("Not possible here.")
    if last == 1:
        return phrase("Please type 1.")
    return phrase("Please type 1-{last}.", last=str(last))
