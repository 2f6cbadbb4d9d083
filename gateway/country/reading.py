"""Reading what an operator wrote: every fault of a file in one go, each with what to do.

A pack of facts is edited by people in ministries with a spreadsheet, so a fault names file, line
and field and says how to mend it. It never quotes what the file holds: someone will one day give
us the list of staff, telephone numbers and all, in place of the list of centres.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.runtime.errors import OperatorError
from menus.gsm7 import BASIC
from menus.ports import Name

LONGEST_NAME = 20
"""Septets of a name that a caller sees: two of them, sample marks and all, share a screen."""

Blame = Callable[[str, str], None]
"""Takes a field and what to do about it."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: where it is, and what to do."""

    file: str
    line: int
    field: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.advice}"


class BadFile(OperatorError):
    """Files of facts that cannot be used as they stand; `problems` is every fault found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Form:
    """What a field must look like, for the machine and for the person who mends it."""

    pattern: re.Pattern[str]
    advice: str


SLUG = Form(
    re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"),
    "must be lower-case letters a-z and digits, joined by single hyphens",
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact that goes stale comes from, and who last looked whether it is still true."""

    source: str = ""
    licence: str = ""
    verified_on: date | None = None
    verified_by: str = ""

    @property
    def verified(self) -> bool:
        return self.verified_on is not None


class Page:
    """One file under the eye, with the problems found in it so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def blame(self, line: int, field: str, advice: str) -> None:
        self.problems.append(Problem(self.path.name, line, field, advice))

    def at(self, line: int) -> Blame:
        return lambda field, advice: self.blame(line, field, advice)

    def text(self) -> str:
        """The file, without a spreadsheet's byte order mark; "" and a problem if unreadable."""
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            self.blame(1, "file", "is missing: put it there")
            return ""
        except OSError as error:
            self.blame(1, "file", f"cannot be read ({error.strerror}): check its permissions")
            return ""
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.blame(line, "file", "is not UTF-8 here: save it as text or CSV in UTF-8")
            return ""


def refuse(*pages: Page) -> None:
    """Raise BadFile if anything is wrong with any of these files."""
    if problems := sorted(problem for page in pages for problem in page.problems):
        raise BadFile(problems)


class Row:
    """Fields of one record, asked for by name; a bad one is blamed and read as empty.

    `values` come from a line of CSV (all text) or from a table of TOML (any type).
    """

    def __init__(self, values: Mapping[str, object], blame: Blame) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.blame = blame

    def take(self, field: str) -> object:
        """The value as it stands, None when there is none; the field now counts as known."""
        self._asked.add(field)
        return self._values.get(field)

    def text(self, field: str, *, optional: bool = False, form: Form | None = None) -> str:
        """A text in one line."""
        value = self.take(field)
        if value is None or value == "":
            if not optional:
                self.blame(field, "is empty: fill it in")
        elif not isinstance(value, str):
            self.blame(field, "must be text: put it in quotes")
        elif not value.isprintable():
            self.blame(field, "has a line break or an invisible character: remove it")
        elif form and not form.pattern.fullmatch(value):
            self.blame(field, form.advice)
        else:
            return value
        return ""

    def name(self, field: str, *, longest: int = LONGEST_NAME) -> Name:
        """A text that a phone shows: the basic alphabet of GSM-7, at most `longest` septets."""
        return self.shown(field, self.text(field), longest)

    def shown(self, field: str, text: str, longest: int) -> Name:
        """`text` as a name, blamed when a basic phone cannot show it or it is too long."""
        if not BASIC.issuperset(text):
            self.blame(field, "has a letter outside GSM-7: write it with plain letters and '")
        elif len(text) > longest:
            self.blame(field, f"takes {len(text)} septets: shorten it to {longest}")
        return Name(text)

    def yes(self, field: str) -> bool:
        value = self.text(field).lower()
        if value not in ("yes", "no", ""):
            self.blame(field, "must be yes or no")
        return value == "yes"

    def degrees(self, field: str, limit: int) -> float | None:
        """A decimal number from -limit to limit; None when the field is empty."""
        value = self.text(field, optional=True)
        if not value:
            return None
        if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,9})?", value) and abs(float(value)) <= limit:
            return float(value)
        self.blame(field, f"must be a decimal number of degrees from -{limit} to {limit}")
        return None

    def provenance(self) -> Provenance:
        """Reads source, licence, verified_on and verified_by; the last two come together."""
        on, by = self._day("verified_on"), self.text("verified_by", optional=True)
        if (on is None) == bool(by):
            self.blame("verified_by", "fill in both verified_on and verified_by, or neither")
        return Provenance(self.text("source"), self.text("licence", optional=True), on, by)

    def _day(self, field: str) -> date | None:
        value = self.take(field)
        if type(value) is date:
            return value
        if value is None or value == "":
            return None
        try:
            return date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            self.blame(field, "must be a day written YYYY-MM-DD")
            return None


def csv_rows(page: Page, needed: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """The lines below the heading, spaces around fields removed; empty lines are skipped.

    A fault in the shape of the file itself is blamed and ends the reading.
    """
    reader = csv.reader(io.StringIO(page.text(), newline=""), strict=True)
    try:
        heading = [] if page.problems else _heading(page, next(reader, []), needed, optional)
        for cells in reader if heading else ():
            line = reader.line_num
            values = [cell.strip() for cell in cells]
            if len(values) == len(heading) and any(values):
                yield Row(dict(zip(heading, values, strict=True)), page.at(line))
            elif any(values):
                page.blame(line, "line", f"has {len(values)} fields: give it {len(heading)}")
    except csv.Error:
        page.blame(reader.line_num, "line", "is no CSV: look for a quote that is never closed")


def _heading(
    page: Page, found: Sequence[str], needed: Sequence[str], optional: Sequence[str]
) -> list[str]:
    heading = [field.strip() for field in found]
    if set(needed) <= set(heading) <= {*needed, *optional} and len(set(heading)) == len(heading):
        return heading
    also = f", perhaps with {','.join(optional)}" if optional else ""
    page.blame(1, "heading", f"must be {','.join(needed)}{also}: name these, with commas between")
    return []
