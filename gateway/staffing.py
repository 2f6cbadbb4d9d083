"""Registering staff from the command line: one person, or a file of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from sqlalchemy.orm import Session

from gateway import audit, database, phones, roster
from gateway.errors import OperatorError
from gateway.roster import AlreadyRegistered, NewStaff, NoSuchCentre, Role
from gateway.wiring import House

COLUMNS: Final = ("phone", "role", "centre", "language", "pin")
PIN_DIGITS: Final = 4


class BadEntry(OperatorError):
    """A person who cannot be registered as written; never quotes the number or the PIN."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A person as somebody typed her."""

    phone: str = field(repr=False)
    role: str
    centre: str
    language: str | None
    pin: str = field(repr=False)


def add(house: House, entry: Entry) -> None:
    """Register one person. Raises BadEntry."""
    with database.writing(house.database, "staff.add") as session:
        _add(session, house, entry)


def import_file(house: House, file: Path) -> int:
    """Register everybody in a CSV file, or nobody; how many. Raises BadEntry with the line."""
    with database.writing(house.database, "staff.import") as session:
        count = 0
        for line, entry in _entries(file):
            try:
                _add(session, house, entry)
            except BadEntry as error:
                raise BadEntry(f"{file.name}, line {line}: {error}") from None
            count += 1
    return count


def _entries(file: Path) -> Iterator[tuple[int, Entry]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise BadEntry(f"{file.name}: the first line lacks {', '.join(sorted(missing))}")
        for row in reader:
            values = {name: (row[name] or "").strip() for name in COLUMNS}
            yield reader.line_num, Entry(**values)


def _add(session: Session, house: House, entry: Entry) -> None:
    language = entry.language or house.pack.staff_language
    if language not in house.pack.languages:
        raise BadEntry(f"the language must be one of {', '.join(house.pack.languages)}")
    try:
        person = roster.add(
            session,
            house.vault,
            NewStaff(
                phone=phones.parse(entry.phone, house.pack.region),
                role=_role(entry.role),
                centre=entry.centre,
                language=language,
                pin=_pin(entry.pin),
            ),
        )
    except phones.NotANumber:
        raise BadEntry("the phone is no telephone number") from None
    except (AlreadyRegistered, NoSuchCentre) as error:
        raise BadEntry(str(error)) from None
    session.flush()
    audit.record(session, database.now(session), audit.OPERATOR, "registered", detail=person.id)


def _role(text: str) -> Role:
    if text not in roster.ROLES:
        raise BadEntry(f"the role must be one of {', '.join(roster.ROLES)}")
    return cast(Role, text)


def _pin(text: str) -> str:
    if len(text) != PIN_DIGITS or not (text.isascii() and text.isdecimal()):
        raise BadEntry(f"the PIN must be {PIN_DIGITS} digits")
    return text
