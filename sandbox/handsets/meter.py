"""How full a screen or an SMS is: the instrument that translators look at."""

from __future__ import annotations

from typing import Final, Literal, TypedDict

from menus import gsm7

Kind = Literal["screen", "sms"]

SCREEN_ROOM: Final = {"GSM-7": (gsm7.PAGE, 182), "UCS-2": (70, 80)}
"""Characters that we allow ourselves, and that a USSD string carries (160 octets)."""

SEGMENT: Final = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
"""Characters of an SMS alone, and of each part of a longer one."""


class Fill(TypedDict):
    """How full: `used` of `budget`, where `room` is the hard limit; `parts` is for SMS."""

    alphabet: str
    used: int
    budget: int
    room: int
    parts: int


def fill(text: str, kind: Kind) -> Fill:
    """Weigh a text. A character outside GSM-7 makes the whole of it UCS-2."""
    plain = gsm7.fits_alphabet(text)
    alphabet = "GSM-7" if plain else "UCS-2"
    used = gsm7.septets(text) if plain else len(text.encode("utf-16-be")) // 2
    if kind == "screen":
        budget, room = SCREEN_ROOM[alphabet]
        return Fill(alphabet=alphabet, used=used, budget=budget, room=room, parts=1)
    alone, part = SEGMENT[alphabet]
    parts = 1 if used <= alone else -(-used // part)
    return Fill(alphabet=alphabet, used=used, budget=alone, room=alone, parts=parts)
