"""Words in the caller's language and in the alphabet of her phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from menus import gsm7
from menus.script import Phrase, Words, is_name

Catalogue = Mapping[str, str]
"""English source text → translation."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Speaks every language there is a catalogue for; English is the source and needs none."""

    catalogues: Mapping[str, Catalogue]

    def say(self, words: Words, language: str) -> str:
        """`words` translated and filled in. A text without translation is said in English."""
        if isinstance(words, Phrase):
            language = words.language or language
            text = self._translated(words.text, language)
            if not words.values:
                return gsm7.plain(text)
            filled = {name: self._value(part, language) for name, part in words.values.items()}
            return gsm7.plain(text.format_map(filled))
        return gsm7.plain(words if is_name(words) else self._translated(words, language))

    def _translated(self, text: str, language: str) -> str:
        return self.catalogues.get(language, {}).get(text) or text

    def _value(self, part: Words, language: str) -> str:
        return self.say(part, language) if isinstance(part, Phrase) else str(part)
