"""Words that tell a stranger what a text is about.

Whoever picks up the phone may read any of its languages, so every text is held against the words
of all of them. The roots are chosen such that a word is found with its prefixes and endings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_VIOLENCE: Final = (
    *("violen", "abus", r"\brape", "assault", r"\bbeat", r"\bhurt", r"\bgbv"),
    *("hohoter", "hohotew", "gitsina", "sambany", "kubit", "gahato", r"ku ngufu"),
    *(r"\bviol\b", r"\bviols\b", "maltrait", "agress", r"\bcoups\b", r"\bfrapp"),
    *("katili", "nyanyas", "bakaji", r"\b\w*bakwa\b", "kupigwa", "kipigo", "najisi", "dhulum"),
)
"""English, Kinyarwanda, French, Swahili: a line each."""

_TELLING: Final = (
    *("police", r"\bcent(re|er)", "hospital", r"\bchild", "counsel", r"\bcode", r"\blink"),
    *("polisi", r"kigo\b", r"bigo\b", "bitaro", "mwana", r"\babana", "mujyanama", r"\bkode"),
    *("hopital", "enfant", "conseil", r"\blien"),
    *(r"\bkituo", r"\bvituo", "mtoto", "watoto", "mshauri", "msimbo", "nambari", "kiungo"),
    *("isange", "http", "www", r"\w\.\w", r"\d", r"[*#/]"),
)
"""The same languages, then the service's name, codes and links."""


def names_violence(text: str) -> str | None:
    """The first word for violence in `text`, in any of the languages; None when there is none."""
    return _first(_VIOLENCE, text)


def betrays(text: str, names: Iterable[str] = ()) -> str | None:
    """What in `text` would tell a stranger what it is about; None when nothing does.

    `names` are further words that must not be in it, such as the title of the service.
    """
    own = [re.escape(_plain(name)) for name in names]
    return _first((*_VIOLENCE, *_TELLING, *own), text)


def _first(patterns: Iterable[str], text: str) -> str | None:
    plain = _plain(text)
    found = (re.search(pattern, plain) for pattern in patterns)
    return next((match[0] for match in found if match), None)


def _plain(text: str) -> str:
    """Lower case without accents."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)).casefold()
