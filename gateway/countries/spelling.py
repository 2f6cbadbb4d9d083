"""Finding a name from the way a person spells its beginning.

Few callers know how a sector is written, and a keypad makes mistakes of its own. So a beginning is
compared twice, as it was typed and as it sounds, with the beginnings of the same length (give or
take one, for a letter left out or put in) of all names. Everything is cut to length at load, so
that one search is a handful of calls into rapidfuzz.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from menus.ports import Area

MOST = 12
"""Results of one search: a caller pages through no more."""

Alike = Sequence[tuple[str, str]]
"""What is written, and what it is heard as; applied in order ("cy" before "c")."""

_LOOK_AT = 60
"""Characters typed that are looked at; no name is near something longer."""


def fold(text: str) -> str:
    """`text` in small letters and digits alone: no accents, spaces, hyphens or apostrophes."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in plain if character.isalnum())


def sound(folded: str, alike: Alike) -> str:
    """How `folded` sounds: letters heard alike made the same, doubled letters made one."""
    for written, heard in alike:
        folded = folded.replace(written, heard)
    return "".join(one for one, before in zip(folded, " " + folded, strict=False) if one != before)


class Spellings:
    """The names of some areas, ready to be searched by their beginning."""

    def __init__(self, areas: Iterable[Area], alike: Alike) -> None:
        self._alike = alike
        self._areas = sorted(areas, key=lambda area: (area.name, area.id))
        self._written = [fold(area.name) for area in self._areas]
        self._heard = [sound(written, alike) for written in self._written]
        self._beginnings = _Beginnings(self._written), _Beginnings(self._heard)

    def search(self, letters: str) -> list[Area]:
        """Areas whose name begins like `letters`, best first, at most MOST.

        First those that begin with just these letters, by name; then those that sound so; then
        those with a letter wrong, missing, added or swapped (two from seven letters on, if nothing
        is nearer); the more of the name is like what was typed, the earlier. Three letters or
        fewer are too little to guess from beside a match.
        """
        written = fold(letters[:_LOOK_AT])
        heard = sound(written, self._alike)
        edits = self._edits(written, heard)
        guesses = 1 if len(written) > 3 else 0
        enough = max(guesses, min(edits.values(), default=0))
        near = [place for place, count in edits.items() if count <= enough]
        near.sort(key=lambda place: (*self._rank(place, edits[place], written), place))
        return [self._areas[place] for place in near[:MOST]]

    def _edits(self, written: str, heard: str) -> dict[int, int]:
        """The areas (by position) within reach, and how many letters each is away."""
        most = 0 if len(written) < 3 else 1 if len(written) < 7 else 2
        by_eye, by_ear = self._beginnings
        found = by_eye.near(written, most)
        for place, count in by_ear.near(heard, most).items() if len(heard) > 1 else ():
            found[place] = min(count, found.get(place, count))
        return found

    def _rank(self, place: int, edits: int, written: str) -> tuple[int, int]:
        name = self._written[place]
        return (-1, 0) if name.startswith(written) else (edits, OSA.distance(name, written))


class _Beginnings:
    """Every beginning of some words, by length, and the positions of the words that have it."""

    def __init__(self, words: Sequence[str]) -> None:
        longest = max(map(len, words), default=0)
        self._places: list[dict[str, list[int]]] = []
        for length in range(longest + 1):
            places: defaultdict[str, list[int]] = defaultdict(list)
            for place, word in enumerate(words):
                places[word[:length]].append(place)
            self._places.append(dict(places))
        self._choices = [list(places) for places in self._places]

    def near(self, word: str, most: int) -> dict[int, int]:
        """Positions of words that begin with at most `most` edits of `word`, and how many."""
        found: dict[int, int] = {}
        for length in (len(word), len(word) - 1, len(word) + 1):
            if not 0 < length < len(self._places):
                continue
            for beginning, edits, _ in process.extract(
                word, self._choices[length], scorer=OSA.distance, score_cutoff=most, limit=None
            ):
                for place in self._places[length][beginning]:
                    found[place] = min(edits, found.get(place, edits))
        return found
