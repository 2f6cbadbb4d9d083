"""The sentence by which a caller and the staff know each other on the phone.

Both phones show it from here, in the language of the caller: on some paths it is the only proof
that she has who it is that rings.
"""

from __future__ import annotations

from dataclasses import replace

from menus.script import Phrase, phrase


def greeting(language: str) -> Phrase:
    """What staff say first, whatever the language of the phone that shows it."""
    return replace(phrase("Is this a good time?"), language=language)
