"""TOML and JSON read field by field, so that a fault can be told by its line.

The parsers of the standard library forget where a value stood. A second, simple look at the text
finds the lines again: good enough for a message, and nothing else depends on it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping

from gateway.country.reading import Form, Page, Row
from menus.ports import Name

Path = tuple[str, ...]
"""The names that lead to a value: ("hotlines", "police", "number")."""


def toml_table(page: Page) -> Table:
    """The whole of a TOML file as one table; empty, and blamed, when it is no TOML."""
    text = page.text()
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = int(where[1]) if where else text.count("\n") + 1
        page.blame(line, "file", "is no TOML here: look for a missing quote, comma or bracket")
        values = {}
    return Table(values, page, _lines(text))


class Table(Row):
    """A table of a TOML file; what nobody asked for by the end is taken for a misspelling."""

    def __init__(
        self, values: Mapping[str, object], page: Page, lines: Mapping[Path, int], path: Path = ()
    ) -> None:
        super().__init__(values, self._blame)
        self._page, self._lines, self._path = page, lines, path
        self._inner: list[Table] = []

    def fields(self) -> tuple[str, ...]:
        """The names in this table, in the order of the file."""
        return tuple(self._values)

    def number(self, field: str, least: int, most: int) -> int:
        value = self.take(field)
        if type(value) is int and least <= value <= most:
            return value
        self.blame(field, f"must be a whole number from {least} to {most}")
        return least

    def minutes(self, field: str) -> tuple[int, ...]:
        """Times after one start, each later than the one before."""
        value = self.take(field)
        times = value if isinstance(value, list) else []
        if times and all(type(one) is int for one in times) and sorted({0, *times}) == [0, *times]:
            return tuple(times)
        self.blame(field, "must be whole minutes above 0, each more than the last: [5, 10]")
        return ()

    def texts(self, field: str, *, form: Form | None = None) -> tuple[str, ...]:
        value = self.take(field)
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.blame(field, 'must be a list of texts: ["a", "b"]')
            return ()
        if form and not all(form.pattern.fullmatch(one) for one in value):
            self.blame(field, form.advice)
        return tuple(value)

    def names(self, field: str, count: int, longest: int) -> tuple[Name, ...]:
        """Exactly `count` texts that a phone shows."""
        texts = self.texts(field)
        if len(texts) != count:
            self.blame(field, f"has {len(texts)} texts: give it {count}, one for each level")
            texts = (*texts, *[""] * count)[:count]
        return tuple(self.shown(field, text, longest) for text in texts)

    def choice(self, field: str, allowed: tuple[str, ...]) -> str:
        value = self.text(field)
        if value and value not in allowed:
            self.blame(field, f"must be one of {', '.join(allowed)}")
        return value

    def table(self, field: str, *, optional: bool = False) -> Table:
        """The table `field`; an empty one, and a fault unless it is optional, when absent."""
        value = self.take(field)
        if value is None and optional:
            value = {}
        if not isinstance(value, dict):
            self.blame(field, f"is no table: add [{'.'.join((*self._path, field))}]")
            value = {}
        inner = Table(value, self._page, self._lines, (*self._path, field))
        self._inner.append(inner)
        return inner

    def tables(self, field: str) -> dict[str, Table]:
        """The tables inside the table `field`, by name, in the order of the file."""
        outer = self.table(field)
        return {name: outer.table(name) for name in outer.fields()}

    def finish(self) -> None:
        """Blame every field, here and further in, that nobody asked for."""
        for field in self.fields():
            if field not in self._asked:
                self.blame(field, "is not known here: check its spelling, or remove it")
        for inner in self._inner:
            inner.finish()

    def _blame(self, field: str, advice: str) -> None:
        path = (*self._path, field)
        known = (path[:end] for end in range(len(path), 0, -1) if path[:end] in self._lines)
        self._page.blame(self._lines.get(next(known, ()), 1), ".".join(path), advice)


_PART = r'(?:"[^"]*"|[\w-]+)'
_KEY = re.compile(rf"\s*(\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*[\]=]")


def _lines(text: str) -> dict[Path, int]:
    """On which line each table and field of a TOML file stands."""
    lines: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if found := _KEY.match(line):
            path = tuple(part.strip('"') for part in re.findall(_PART, found[2]))
            table = path if found[1] else table
            lines.setdefault(path if found[1] else (*table, *path), number)
    return lines


class Lists(dict[str, tuple[str, ...]]):
    """Lists by name from a JSON file, which knows on which line a name stands."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page, self._text = page, page.text()
        for name, values in self._pairs() if not page.problems else ():
            if name in self:
                self.blame(name, "is there twice: join the two lists")
            self[name] = tuple(values)

    def blame(self, name: str, advice: str) -> None:
        before, found, _ = self._text.partition(f'"{name}"')
        self._page.blame(before.count("\n") + 1 if found else 1, "name", advice)

    def _pairs(self) -> list[tuple[str, list[str]]]:
        try:
            pairs = json.loads(self._text, object_pairs_hook=_Pairs)
        except (json.JSONDecodeError, RecursionError) as error:
            line = getattr(error, "lineno", 1)
            self._page.blame(line, "file", "is no JSON here: look for a missing comma or quote")
            return []
        if isinstance(pairs, _Pairs) and all(_is_texts(values) for _, values in pairs):
            return pairs
        self._page.blame(1, "file", 'must map names to lists of names: {"a": ["b", "c"]}')
        return []


class _Pairs(list[tuple[str, list[str]]]):
    """An object of JSON as it was written, names given twice included."""


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, list)
        and not isinstance(value, _Pairs)
        and all(isinstance(one, str) for one in value)
    )
