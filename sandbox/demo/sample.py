"""The sample country of the demo: every centre has staff on duty, with made-up numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Engine, select

from gateway.country import centres
from gateway.country.pack import Pack
from gateway.runtime import phones
from gateway.staff import roster
from gateway.staff.roster import NewStaff, Role
from gateway.store import database
from gateway.store.models import Staff
from gateway.vault.vault import Vault

AT_A_CENTRE: Final[tuple[Role, ...]] = ("health", "counsellor", "investigator", "lead")
AT_THE_DESK: Final[tuple[Role, ...]] = ("national", "national")

PINS: Final[dict[Role, str]] = {
    "health": "2580",
    "counsellor": "3691",
    "investigator": "1470",
    "lead": "8520",
    "national": "9630",
    "operator": "7410",
}
"""By role, so that a visitor can remember them. Real staff have one each."""

ANY_NUMBER: Final = 700_000_000
"""Stands for a mobile number of a country whose numbering plan nobody knows."""


@dataclass(frozen=True, slots=True)
class Person:
    """A sample member of staff, as `demo.json` lists her."""

    phone: str
    role: Role
    centre: str
    pin: str


def staff(pack: Pack) -> Iterator[Person]:
    """Two people at the national desk, four at each centre, and the operator."""
    desks = [(pack.duty_desk.id, AT_THE_DESK), *((row.id, AT_A_CENTRE) for row in pack.centres)]
    posts = [(centre, role) for centre, roles in desks for role in roles]
    posts.append((pack.duty_desk.id, "operator"))  # Last, so that nobody's number depends on her.
    for number, (centre, role) in enumerate(posts, _first_number(pack)):
        yield Person(f"+{number}", role, centre, PINS[role])


def _first_number(pack: Pack) -> int:
    """A mobile number in the plan of the country, from which those of the staff count up."""
    example = phones.example(pack.region)
    return int(example.reveal() if example else f"{pack.dialling_code}{ANY_NUMBER}")


def load(engine: Engine, vault: Vault, pack: Pack) -> list[dict[str, str]]:
    """Put the sample country into a database that has no staff; its staff as plain records.

    A start that was killed may have done it already, and its notes are lost: they are made anew.
    """
    people = list(staff(pack))
    with database.writing(engine, "sample.load") as session:
        centres.replace_all(session, pack, pack.centres)
        loaded = session.scalars(select(Staff.id).limit(1)).first() is not None
        for person in [] if loaded else people:
            new = NewStaff(
                phone=phones.parse(person.phone),
                role=person.role,
                centre=person.centre,
                language=pack.staff_language,
                pin=person.pin,
            )
            roster.add(session, vault, new)
    return [asdict(person) for person in people]
