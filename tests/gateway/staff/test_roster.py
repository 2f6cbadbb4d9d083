"""Who is asked, in which order, and that a member's number is read by the worker alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from gateway.country.pack import Pack
from gateway.runtime import phones
from gateway.runtime.phones import Msisdn
from gateway.staff import roster
from gateway.staff.roster import AlreadyRegistered, NewStaff, NoSuchCentre
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Staff
from gateway.vault.errors import CannotOpen
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from sandbox.demo import sample
from tests.samples import CENTRE, OTHER_CENTRE
from tests.staff_and_reports import Person, StaffAndReports

DESK = "national"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


def ids(records: StaffAndReports, ask: Callable[[Session], Sequence[Staff]]) -> set[str]:
    with database.reading(records.engine) as session:
        return {person.id for person in ask(session)}


def add(records: StaffAndReports, number: str, centre: str = CENTRE) -> None:
    new = NewStaff(phones.parse(number), "health", centre, "en", "no PIN")
    with database.writing(records.engine, "test") as session:
        roster.add(session, records.staff_vault, new)


def test_a_number_is_sealed_for_the_worker(
    records: StaffAndReports, vaults: Callable[[Role], Vault]
) -> None:
    person = records.staff()
    row = records.one(Staff)
    assert row.number is not None
    assert row.number_hash is not None
    where = roster.number_of(row.id)
    assert records.worker.open_sealed("sender", row.number, where).decode() == person.number
    for role in ("web", "staff"):
        with pytest.raises(CannotOpen):
            vaults(role).open_sealed("sender", row.number, where)
    assert person.number[1:].encode() not in row.number + row.number_hash


def test_a_number_that_was_moved_to_another_member_does_not_open(records: StaffAndReports) -> None:
    first, second = records.staff(), records.staff()
    stolen = records.one(Staff, Staff.id == first.id)
    records.change(Staff, Staff.id == second.id, number=stolen.number)
    moved = records.one(Staff, Staff.id == second.id)
    assert moved.number is not None
    with pytest.raises(CannotOpen):
        records.worker.open_sealed("sender", moved.number, roster.number_of(second.id))


def test_she_is_found_by_her_number_however_it_is_written(records: StaffAndReports) -> None:
    person = records.staff()
    national = "0" + person.number.removeprefix("+250")
    with database.reading(records.engine) as session:
        for written in (person.number, national, f" {person.number} "):
            found = roster.by_number(session, records.web, phones.parse(written, "RW"))
            assert found is not None
            assert found.id == person.id
        assert roster.by_number(session, records.web, Msisdn("+250788777666")) is None


def test_a_number_belongs_to_one_member(records: StaffAndReports) -> None:
    person = records.staff()
    with pytest.raises(AlreadyRegistered) as refused:
        add(records, person.number, OTHER_CENTRE)
    assert person.number[4:] not in str(refused.value)


def test_a_member_belongs_to_a_centre_that_there_is(records: StaffAndReports) -> None:
    with pytest.raises(NoSuchCentre, match="no centre nowhere"):
        add(records, "+250788000001", "nowhere")


@pytest.fixture
def people(records: StaffAndReports) -> dict[str, Person]:
    return {
        "nurse": records.staff(),
        "nurse at home": records.staff(on_duty=False),
        "counsellor": records.staff(role="counsellor"),
        "investigator": records.staff(role="investigator"),
        "lead": records.staff(role="lead"),
        "lead at home": records.staff(role="lead", on_duty=False),
        "elsewhere": records.staff(OTHER_CENTRE),
        "lead elsewhere": records.staff(OTHER_CENTRE, "lead"),
        "national": records.staff(DESK, "national"),
        "national at home": records.staff(DESK, "national", on_duty=False),
        "nurse at the desk": records.staff(DESK, "health"),
    }


Ask = Callable[[Session], Sequence[Staff]]
ASKED: list[tuple[Ask, set[str]]] = [
    (lambda session: roster.on_duty(session, CENTRE), {"nurse", "counsellor", "investigator"}),
    (lambda session: roster.leads(session, CENTRE), {"lead", "lead at home"}),
    (lambda session: roster.national_duty(session, DESK), {"national", "nurse at the desk"}),
    (
        lambda session: roster.everybody(session, OTHER_CENTRE, DESK),
        {
            *("elsewhere", "lead elsewhere"),
            *("national", "national at home", "nurse at the desk"),
        },
    ),
    (lambda session: roster.on_duty(session, "nowhere"), set()),
]


@pytest.mark.parametrize(("ask", "names"), ASKED)
def test_who_stands_where(
    records: StaffAndReports, people: dict[str, Person], ask: Ask, names: set[str]
) -> None:
    assert ids(records, ask) == {people[name].id for name in names}


@pytest.mark.parametrize(("ask", "names"), ASKED)
def test_who_blocked_our_sms_stands_nowhere(
    records: StaffAndReports, people: dict[str, Person], ask: Ask, names: set[str]
) -> None:
    records.change(Staff, opted_out_at=records.now())
    assert ids(records, ask) == set()


def test_the_demo_has_an_operator_and_nobodys_number_depends_on_her(pack: Pack) -> None:
    roles = [person.role for person in sample.staff(pack)]
    assert roles.count("operator") == 1
    assert roles[2 + 4 * len(pack.centres)] == "operator", "after everybody who is alerted"


def test_who_may_stand_in_is_asked_as_early(
    records: StaffAndReports, people: dict[str, Person]
) -> None:
    people["national elsewhere"] = records.staff(CENTRE, "national", on_duty=False)
    with database.reading(records.engine) as session:
        rows = {name: session.get_one(Staff, one.id) for name, one in people.items()}
        able = {
            (name, other)
            for name, row in rows.items()
            for other in ("nurse", "lead", "national")
            if roster.may_stand_in(session, row, rows[other])
        }
    assert able == {
        *((name, "nurse") for name in ("nurse at home", "counsellor")),
        *((name, "lead") for name in ("nurse", "nurse at home", "counsellor")),
        *((name, "lead") for name in ("investigator", "lead at home", "national elsewhere")),
        *((name, "national") for name in ("national at home", "nurse at the desk")),
    }


def test_a_centre_is_covered_by_who_is_asked_first(
    records: StaffAndReports, people: dict[str, Person]
) -> None:
    def covered() -> set[str]:
        with database.reading(records.engine) as session:
            empty = set(roster.uncovered(session))
            places = (CENTRE, OTHER_CENTRE, DESK)
            found = {place for place in places if roster.is_covered(session, place)}
        assert found - {DESK} == {CENTRE, OTHER_CENTRE} - empty
        assert DESK not in empty
        return found

    assert covered() == {CENTRE, OTHER_CENTRE, DESK}
    records.change(Staff, Staff.role.in_(["health", "counsellor"]), on_duty=False)
    assert covered() == {DESK}, "neither lead nor investigator is asked first"
    records.change(Staff, Staff.role == "national", on_duty=False)
    assert covered() == set()
