"""What an SMS of a member of staff says: an answer to an alert, or a word about her duty.

    1 CODE DIGITS   accepts an alert            ON    on duty from now on, or takes a colleague's
    2 CODE DIGITS   cannot take it              OFF   off duty from now on
    SWAP NUMBER     asks a colleague to take    WHO   who is on duty
                    over                        OK    the answer to the weekly test

An answer to an alert is looked for first, so that no word ever hides one. The words are English in
every language: the messages that ask for them name them. They are read by their letters alone
(gateway.inbox.wording) and not guessed at. Around a word may stand what people add out of habit
("on please", "Who is on duty?"); in a sentence of its own ("I am on my way") it is no command, and
the answer says so.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

from gateway.inbox import wording

Verb = Literal["accept", "cannot"]
Word = Literal["on", "off", "who", "ok"]

LONGEST_SMS: Final = 160

_APART: Final = re.compile(r"\D*([12])\D+(\d{6,10})\D+(\d{4})(?!\d)")
_RUN_TOGETHER: Final = re.compile(r"([12])(\d{6,10})(\d{4})")
_SWAP: Final = re.compile(r"\D*?\bswap\b[^\d+]*(\+?)\d", re.IGNORECASE)

_WORDS: Final[dict[str, Word]] = {"on": "on", "off": "off", "who": "who", "ok": "ok", "okay": "ok"}

_AROUND = """
    a am are duty from going hello hi i im is it m me my now please pls plz put reply s switch
    thank thanks the thx to turn u ur you
"""
_HABITS: Final = frozenset(_AROUND.split())
"""Words that change nothing about what somebody wants, as people put them around it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member of staff answered to an alert."""

    verb: Verb
    code: str
    digits: str


@dataclass(frozen=True, slots=True)
class AskSwap:
    """That she wants a colleague to take over; the number as she typed it."""

    number: str = field(repr=False)


Said = Reply | AskSwap | Word | None


def read(text: str) -> Said:
    """What an SMS says, as people type it; None for what is not understood."""
    plain = _plain(text)
    digits = "".join(filter(str.isdecimal, plain))
    if found := _APART.match(plain):
        return _reply(found)
    if swap := _SWAP.match(plain):
        return AskSwap(swap[1] + digits)
    if found := _RUN_TOGETHER.fullmatch(digits):
        return _reply(found)
    return None if digits else _word(text[:LONGEST_SMS])


def _plain(text: str) -> str:
    """Any kind of digits and letters as those of ASCII, as far as a person would say so."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST_SMS])
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)


def _reply(found: re.Match[str]) -> Reply:
    return Reply("accept" if found[1] == "1" else "cannot", found[2], found[3])


def _word(text: str) -> Word | None:
    """The one command among what was written; "who is on" asks who, it does not switch on."""
    written = [word.casefold() for word in wording.words(text)]
    if spelled := _WORDS.get("".join(written)):
        return spelled
    said = {word for word in written if word not in _HABITS}
    if "who" in said:
        said.discard("on")
    commands = {_WORDS.get(word) for word in said}
    if len(commands) > 1:
        commands.discard("ok")
    return commands.pop() if len(commands) == 1 else None
