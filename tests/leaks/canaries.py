"""What is looked for: numbers and words that occur nowhere but where a caller put them.

Every canary begins alike, so that one search finds any of ten thousand of them in any text.
"""

from __future__ import annotations

import re
from typing import Final

PREFIX: Final = "78977"
"""The first digits of every number of the run, after the country's code."""

WORD: Final = "kanari"
"""The beginning of every word that a caller writes in the run."""

_APART: Final = r"[ .\-]?"
_NUMBER: Final = re.compile(_APART.join(PREFIX) + f"((?:{_APART}[0-9]){{4}})")
_IN_FULL: Final = re.compile(rf"\+250{_APART}$")
"""What is before a number that is one whatever follows: in binary data any byte may."""
_BEFORE: Final = re.compile(rf"(?:^|[^0-9a-fA-F])(?:(?:\+|00)?250|0)?{_APART}$")
_AFTER: Final = re.compile(r"[^0-9a-fA-F]|$")
"""What else stands around a number. Nothing of a hash: by chance it may hold any nine digits."""
_WORD: Final = re.compile(WORD + "([0-9]{4})")


def number(index: int) -> str:
    """The telephone number of the caller `index`, 0 to 9,999."""
    return f"+250{PREFIX}{index:04}"


def word(index: int) -> str:
    """What the caller `index` writes in her own words."""
    return f"{WORD}{index:04}"


def found_in(text: str) -> set[str]:
    """The canaries of a text, as `number` and `word` spell them."""
    numbers = {
        number(int(re.sub(r"\D", "", found[1])))
        for found in _NUMBER.finditer(text)
        if _stands_alone(text, found)
    }
    return numbers | {word(int(one)) for one in _WORD.findall(text)}


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    before = text[max(0, found.start() - 8) : found.start()]
    if _IN_FULL.search(before):
        return True
    return bool(_BEFORE.search(before) and _AFTER.match(text, found.end()))
