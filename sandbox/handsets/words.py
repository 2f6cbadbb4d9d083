"""Finds the key before a line of the screen, whatever language the line speaks to this phone.

A story says "Call me"; the phone may show "Mpamagara". The words are looked up where the gateway
has them, so a story follows when a text, its number or the page that it stands on changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from gateway.country import translations
from gateway.country.pack import Pack
from menus.navigation import MORE
from menus.script import Words, phrase
from menus.speech import Speech
from sandbox.handsets.errors import Unable
from sandbox.handsets.handset import Handset

Found = TypeVar("Found")

MOST_PAGES: Final = 20
"""Pages that are turned before a line is given up."""

_NUMBERED: Final = re.compile(r"^([1-9]) (.+)$", re.MULTILINE)


class NotThere(Unable):
    """The screen has no such line, on any page."""

    def __init__(self, words: str) -> None:
        super().__init__(f"This screen has no line '{words}'.")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Speaks as the line speaks."""

    pack: Pack
    speech: Speech

    @classmethod
    def of(cls, pack: Pack) -> Interpreter:
        return cls(pack, Speech(translations.shipped(pack.languages)))

    def say(self, words: Words, language: str) -> str:
        """What stands on a phone for an English text of the menus, or for a proper name."""
        return self.speech.say(words, language)

    def key(self, screen: str, line: str) -> str | None:
        """The number before the line that is, or else begins with, these words."""
        numbered = _NUMBERED.findall(screen)
        for fits in (str.__eq__, str.startswith):
            for key, words in numbered:
                if fits(words, line):
                    return str(key)
        return None

    def turn_until(self, phone: Handset, find: Callable[[str], Found | None]) -> Found | None:
        """What is found on a screen, or on one of the pages behind it, which are turned."""
        more = self.say(MORE, phone.spoken)
        for _ in range(MOST_PAGES):
            found = find(phone.screen)
            further = self.key(phone.screen, more)
            if found is not None or further is None or not phone.is_open:
                return found
            phone.press(further)
        return None

    def dial(self, phone: Handset, dialled: str) -> None:
        """Dial, and change to the language of the phone as a caller does who prefers another."""
        phone.dial(dialled)
        if phone.spoken == phone.language or phone.holder.pin or not phone.is_at_the_first_screen:
            return
        name = self.pack.languages[phone.language].name
        for words in (phrase("Language"), name):
            line = self.say(words, phone.spoken)
            key = self.turn_until(phone, partial(self.key, line=line))
            if key is None:
                raise NotThere(line)
            phone.press(key)
        phone.spoken = phone.language
