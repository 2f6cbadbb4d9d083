"""The alphabet of a basic phone, and how much room a text takes in it.

3GPP TS 23.038, default alphabet and its extension table. A USSD string carries 160 octets, which
is 182 septets; an SMS carries 160 septets. A character of the extension table costs two.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

PAGE = 160
"""Septets that a screen of ours may fill, so that it fits every network (182 is the hard limit)."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")

_LOOKALIKES = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "œ": "oe",
        "Œ": "OE",
        "\t": " ",
    }
)


def fits_alphabet(text: str) -> bool:
    """Whether every character has a place in GSM-7."""
    return BASIC.issuperset(text) or (BASIC | EXTENSION).issuperset(text)


def septets(text: str) -> int:
    """Room that `text` takes, in septets. Raises ValueError on a character outside GSM-7."""
    if BASIC.issuperset(text):
        return len(text)
    if not fits_alphabet(text):
        raise ValueError("text holds a character that a basic phone cannot show")
    return len(text) + sum(character in EXTENSION for character in text)


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """`text` with every character replaced by its nearest in GSM-7 ("?" where there is none).

    A place name with a typographic apostrophe would otherwise cut a screen from 160 characters to
    70, so this stands between all data and the phone.
    """
    if fits_alphabet(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_nearest, composed.translate(_LOOKALIKES)))


def _nearest(character: str) -> str:
    if fits_alphabet(character):
        return character
    bare = unicodedata.normalize("NFKD", character)
    kept = "".join(filter(fits_alphabet, bare))
    return kept or ("" if unicodedata.combining(character) else "?")


def cut(text: str, room: int) -> str:
    """The longest beginning of `text` that takes at most `room` septets, ending at a word."""
    if septets(text) <= room:
        return text
    end = room = max(room, 0)
    while septets(text[:end]) > room:
        end -= 1
    space = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    return text[: space if space > 0 else end].rstrip()
