"""Finding a name from the way a person spells its beginning.

Few callers know how a place is written, and a keypad makes mistakes of its own. So a beginning is
compared twice, as it was typed and as it sounds, with the beginnings of the same length (give or
take one, for a letter left out or put in) of all names, and of the later words of names of several
words: who lives in North Imenti may call it Imenti. Everything is cut to length at load, so that
one search is a handful of calls into rapidfuzz.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

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


def starts(name: str) -> Iterator[str]:
    """Where a caller may begin: the folded name, then what follows its first word, and so on."""
    words = [folded for word in re.split(r"[\s/-]+", name) if (folded := fold(word))]
    for first in range(len(words)):
        yield "".join(words[first:])


class Spellings:
    """The names of some areas, ready to be searched by their beginning."""

    def __init__(self, areas: Iterable[Area], alike: Alike) -> None:
        self._areas = sorted(areas, key=lambda area: (area.name, area.id))
        self._starts = [tuple(starts(area.name)) for area in self._areas]
        self._names = _Words([own[:1] for own in self._starts], alike)
        self._later = _Words([own[1:] for own in self._starts], alike)

    def search(self, letters: str) -> list[Area]:
        """Areas whose name, or a later word of it, begins like `letters`, best first, at most MOST.

        First those whose name begins with just these letters, by name; then those with a later
        word that does, and those that sound so; then those with a letter wrong, missing, added or
        swapped (two from seven letters on, if nothing is nearer); the more of the name is like
        what was typed, the earlier. Three letters or fewer are too little to guess from beside a
        match.
        """
        written = fold(letters[:_LOOK_AT])
        edits = self._edits(written)
        guesses = 1 if len(written) > 3 else 0
        enough = max(guesses, min(edits.values(), default=0))
        near = [place for place, count in edits.items() if count <= enough]
        near.sort(key=lambda place: (*self._rank(place, edits[place], written), place))
        return [self._areas[place] for place in near[:MOST]]

    def _edits(self, written: str) -> dict[int, int]:
        """The areas (by position) within reach, and how many letters each is away.

        A guess at a later word counts one more, or every "west" would stand beside Westlands.
        """
        most = 0 if len(written) < 3 else 1 if len(written) < 7 else 2
        found = self._names.near(written, most)
        for place, count in self._later.near(written, most).items():
            counted = count + 1 if count else 0
            found[place] = min(counted, found.get(place, counted))
        return found

    def _rank(self, place: int, edits: int, written: str) -> tuple[int, int]:
        own = self._starts[place]
        if own[0].startswith(written):
            return -1, 0
        return edits, min(OSA.distance(start, written) for start in own)


class _Words:
    """Words of areas, to be found by their beginning as it is written and as it sounds."""

    def __init__(self, words: Sequence[Sequence[str]], alike: Alike) -> None:
        """`words` are those of each area, in the order of the areas."""
        self._alike = alike
        self._by_eye = _Beginnings(words)
        self._by_ear = _Beginnings([[sound(word, alike) for word in own] for own in words])

    def near(self, written: str, most: int) -> dict[int, int]:
        """The areas with a word that begins within `most` edits of `written`, and how many."""
        found = self._by_eye.near(written, most)
        heard = sound(written, self._alike)
        for place, count in self._by_ear.near(heard, most).items() if len(heard) > 1 else ():
            found[place] = min(count, found.get(place, count))
        return found


class _Beginnings:
    """Every beginning of some words, by length, and the areas (by position) that have it."""

    def __init__(self, words: Sequence[Sequence[str]]) -> None:
        longest = max((len(word) for own in words for word in own), default=0)
        self._places: list[dict[str, list[int]]] = []
        for length in range(longest + 1):
            places: defaultdict[str, list[int]] = defaultdict(list)
            for place, own in enumerate(words):
                for word in own:
                    places[word[:length]].append(place)
            self._places.append(dict(places))
        self._choices = [list(places) for places in self._places]

    def near(self, word: str, most: int) -> dict[int, int]:
        """The areas with a word that begins within `most` edits of `word`, and how many."""
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
