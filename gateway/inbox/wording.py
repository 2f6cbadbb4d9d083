"""What a short SMS says, by its letters: whatever a phone or a hand adds to a word changes nothing.

A line end, quotes, brackets, accents, capitals, an emoji, a sign that nobody sees: a list of all
that may stand around a word is never whole, so the letters are kept and everything else is not.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = frozenset({"Lu", "Ll", "Lt", "Lo"})

_LONE_NUMBER: Final = re.compile(r"[^\w+]*(\d+)[^\w+]*")
"""A plus belongs to a telephone number, which is not one of our options."""


def words(text: str) -> list[str]:
    """Its words in capitals, without accents."""
    return "".join(map(_letters, text)).upper().split()


def _letters(sign: str) -> str:
    """The letters that a sign stands for; nothing for what only changes the sign before it."""
    category = unicodedata.category(sign)
    if category == "Cf" or category.startswith("M"):
        return ""
    if category not in _LETTERS:
        return " "
    folded = unicodedata.normalize("NFKD", sign)
    return "".join(one for one in folded if one.isalpha() or one.isspace())


def lone_number(text: str) -> str | None:
    """The digits of an SMS that is one number and nothing else; None for any other."""
    found = _LONE_NUMBER.fullmatch(text)
    return "".join(str(unicodedata.decimal(one)) for one in found[1]) if found else None
