"""The catalogues as the menus use them, read straight from the .po files.

There is no compiled copy that could be older than what the translator wrote. Reading three
languages costs some 20 ms, once, when a process starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from gateway.country.po_files import SOURCE, BadCatalogue, read, where

LOCALES: Final = Path(__file__).parents[2] / "locales"


class Catalogue(dict[str, str]):
    """English text → translation, and who answers for it.

    A text without a translation that may be used (empty, or marked fuzzy) is not in it, and is
    said in English: a caller in danger is better served by that than by silence.
    """

    def __init__(
        self, texts: Mapping[str, str], verified_by: str = "", verified_on: date | None = None
    ) -> None:
        super().__init__(texts)
        self.verified_by = verified_by
        self.verified_on = verified_on

    @property
    def verified(self) -> bool:
        """Whether a native specialist has read it, and says when."""
        return bool(self.verified_by and self.verified_on)


def load(folder: Path, languages: Iterable[str]) -> dict[str, Catalogue]:
    """Read the catalogue of each language; English is the source and has none.

    Raises BadCatalogue when a file is missing or cannot be read.
    """
    return {one: _load(where(folder, one)) for one in languages if one != SOURCE}


def shipped(languages: Iterable[str]) -> Mapping[str, Catalogue]:
    """Our own catalogues of these languages, read once in a process. Raises BadCatalogue."""
    return _shipped(tuple(languages))


@cache
def _shipped(languages: tuple[str, ...]) -> Mapping[str, Catalogue]:
    return load(LOCALES, languages)


def unverified(catalogues: Mapping[str, Catalogue]) -> list[str]:
    """The languages that nobody has verified: production refuses to speak them."""
    return [language for language, one in catalogues.items() if not one.verified]


def _load(path: Path) -> Catalogue:
    file = read(path)
    texts = {
        english: message.string
        for english, message in file.messages()
        if isinstance(message.string, str) and message.string and not message.fuzzy
    }
    try:
        return Catalogue(texts, file.verified_by, file.verified_on)
    except ValueError:
        raise BadCatalogue(f"{path}: X-Verified-On: write the day as YYYY-MM-DD") from None
