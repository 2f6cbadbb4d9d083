"""Staff from the command line: registering one person or a file of them, a new PIN, an end.

A person is named by her telephone number, or by the id under which `isange staff list` shows her.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from sqlalchemy import select

from gateway.audit import log as audit
from gateway.country.reading import Page, csv_rows, refuse
from gateway.runtime import phones
from gateway.runtime.errors import OperatorError
from gateway.staff import roster, rota
from gateway.staff.parts import StaffParts
from gateway.staff.roster import AlreadyRegistered, NewStaff, NoSuchCentre, Role
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Staff
from menus import checks
from menus.script import Refused

COLUMNS: Final = ("phone", "role", "centre", "language", "pin")


class BadEntry(OperatorError):
    """A person who cannot be registered as written; never quotes the number or the PIN."""


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """A person as somebody typed her."""

    phone: str = field(repr=False)
    role: str
    centre: str
    language: str | None
    pin: str = field(repr=False)


def add(parts: StaffParts, entry: StaffEntry) -> None:
    """Register one person. Raises BadEntry."""
    with database.writing(parts.database, "staff.add") as session:
        _add(session, parts, entry)


def import_file(parts: StaffParts, file: Path) -> int:
    """Register everybody in a CSV file, or nobody; how many. Raises BadFile with every fault."""
    page, count = Page(file), 0
    with database.writing(parts.database, "staff.import") as session:
        for row in csv_rows(page, COLUMNS):
            count += 1
            try:
                _add(session, parts, StaffEntry(*(str(row.take(name)) for name in COLUMNS)))
            except BadEntry as error:
                row.blame("line", str(error))
        refuse(page)
    return count


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the list shows her: no name, no number. `troubles` keep alerts from her."""

    id: str
    centre: str
    role: str
    language: str
    on_duty: bool
    troubles: tuple[str, ...]


def everybody(parts: StaffParts, centre: str | None = None) -> Sequence[Listed]:
    """Who is registered, at one centre or at all, by centre and role."""
    here = () if centre is None else (Staff.centre_id == centre,)
    query = select(Staff, rota.on_duty_now()).where(Staff.left_at.is_(None), *here)
    with database.reading(parts.database) as session:
        return [
            Listed(one.id, one.centre_id, one.role, one.language, on, tuple(_troubles(one)))
            for one, on in session.execute(query.order_by(Staff.centre_id, Staff.role, Staff.id))
        ]


def _troubles(person: Staff) -> Iterator[str]:
    if person.opted_out_at is not None:
        yield "blocks our SMS"
    missed, answered = person.test_missed_at, person.test_answered_at
    if missed is not None and (answered is None or answered < missed):
        yield "did not answer the test"


def change_pin(parts: StaffParts, who: str, pin: str) -> None:
    """Give a person a new PIN; the old one ends at once. Raises BadEntry, HasLeft."""
    with database.writing(parts.database, "staff.pin") as session:
        person = named(session, parts, who)
        if not roster.is_still_here(session, person):
            raise roster.HasLeft("she has left")
        roster.set_pin(parts.vault.hash_pin, person, _pin(pin), session.at)
        audit.record(session, audit.OPERATOR, "PIN set", detail=person.id)


def named(session: Session, parts: StaffParts, who: str) -> Staff:
    """Whoever has this number or this id. Raises BadEntry."""
    by_id = session.get(Staff, who)
    if by_id is not None:
        return by_id
    try:
        person = roster.by_number(session, parts.vault, phones.parse(who, parts.pack.region))
    except phones.NotANumber:
        person = None
    if person is None:
        raise BadEntry("nobody is registered so: name her number, or her id in `isange staff list`")
    return person


def _add(session: Session, parts: StaffParts, entry: StaffEntry) -> None:
    language = entry.language or parts.pack.staff_language
    if language not in parts.pack.languages:
        raise BadEntry(f"the language must be one of {', '.join(parts.pack.languages)}")
    try:
        person = roster.add(
            session,
            parts.vault,
            NewStaff(
                phone=phones.parse(entry.phone, parts.pack.region),
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
    audit.record(session, audit.OPERATOR, "registered", detail=person.id)


def _role(text: str) -> Role:
    if text not in roster.ROLES:
        raise BadEntry(f"the role must be one of {', '.join(roster.ROLES)}")
    return cast(Role, text)


def _pin(text: str) -> str:
    """Four digits, and none of those that callers may not choose either."""
    try:
        return checks.new_secret(text)
    except Refused:
        raise BadEntry("the PIN must be 4 digits, and not one that is easy to guess") from None
