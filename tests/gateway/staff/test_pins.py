"""Wrong PINs: what they lock, for how long, and who hears of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from gateway.cases.staff_line import StaffLine
from gateway.conversation.contract import Occasion
from gateway.staff import roster
from gateway.staff.pins import LOCKED_FOR, MANY, MOST_EVER, MOST_PIN_TRIES
from gateway.store import database
from gateway.store.models import Outbox, PinTry, Staff
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import ChangePin, Intent, SignIn
from tests.samples import OTHER_CENTRE
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite

PIN = "no PIN"
"""That of everybody."""

Does = Callable[[Person, Intent], dict[str, str]]


@pytest.fixture
def does(records: StaffAndReports, vaults: Callable[[Role], Vault]) -> Does:
    """What somebody is told who does something, each time in a call of its own."""
    line = StaffLine(records.engine, vaults("staff"), records.policy, records.pack)

    def do(person: Person, intent: Intent) -> dict[str, str]:
        call = secrets.token_bytes(16)
        return line.do(intent, Occasion(call, call, person.msisdn, "en", None)).facts

    return do


@pytest.fixture
def nurse(records: StaffAndReports) -> Person:
    return records.staff()


def types_wrong_pins(records: StaffAndReports, does: Does, person: Person, count: int) -> None:
    """So many, with a pause after each five so that every one of them is looked at."""
    for number in range(count):
        if number % MOST_PIN_TRIES == 0:
            half_an_hour_passes(records)
        does(person, SignIn("0000"))


def half_an_hour_passes(records: StaffAndReports) -> None:
    for row in records.all(PinTry):
        records.change(PinTry, PinTry.request == row.request, tried_at=row.tried_at - LOCKED_FOR)
    for one in records.all(Staff):
        records.change(Staff, Staff.id == one.id, pin_set_at=one.pin_set_at - LOCKED_FOR)


def told(records: StaffAndReports) -> list[tuple[str | None, str]]:
    """Who was told something beside alerts, and what."""
    rows = records.all(Outbox, Outbox.template != "alert")
    return sorted((row.staff_id, row.values.get("kind", row.template)) for row in rows)


@on_sqlite
def test_fifteen_wrong_pins_lock_until_there_is_another_one(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    types_wrong_pins(records, does, nurse, MOST_EVER - 1)
    half_an_hour_passes(records)
    assert does(nurse, SignIn(PIN)), "and a right one has them counted anew"
    types_wrong_pins(records, does, nurse, MOST_EVER)
    half_an_hour_passes(records)
    assert does(nurse, SignIn(PIN)) == {"pin": "locked"}
    assert does(nurse, ChangePin(PIN, "9076")) == {"pin": "locked"}
    with database.writing(records.engine, "test") as session:
        row = session.get_one(Staff, nurse.id)
        roster.set_pin(records.staff_vault.hash_pin, row, "9076", database.now(session))
    assert does(nurse, SignIn("9076"))["staff"] == nurse.id


@on_sqlite
def test_operator_and_lead_hear_of_many_wrong_pins_once_for_each_threshold(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    lead, operator = records.staff(role="lead"), records.staff("national", "operator")
    elsewhere = records.staff(OTHER_CENTRE, "lead")
    types_wrong_pins(records, does, nurse, MANY - 1)
    assert told(records) == []
    types_wrong_pins(records, does, nurse, MOST_EVER + 3 - MANY + 1)
    assert told(records) == sorted(
        (one.id, kind) for one in (lead, operator) for kind in ("pin_guessed", "pin_locked")
    )
    assert elsewhere.id not in {staff_id for staff_id, _ in told(records)}


@on_sqlite
def test_what_is_typed_while_the_line_is_locked_is_not_looked_at_and_does_not_count(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    """She who mistypes five times and goes on with the right one must not lose her PIN by it."""
    types_wrong_pins(records, does, nurse, MOST_PIN_TRIES)
    for _ in range(MOST_EVER):
        assert does(nurse, SignIn(PIN)) == {}
    assert len(records.all(PinTry)) == MOST_PIN_TRIES
    half_an_hour_passes(records)
    assert does(nurse, SignIn(PIN))["staff"] == nurse.id


def test_many_wrong_pins_at_the_same_time_are_counted_one_after_another(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    lead = records.staff(role="lead")
    for looked_at in (5, 10, 15, 15):
        half_an_hour_passes(records)
        records.together(*(lambda: does(nurse, SignIn("0000")) for _ in range(8)))
        assert len(records.all(PinTry)) == looked_at
    assert told(records) == [(lead.id, "pin_guessed"), (lead.id, "pin_locked")]
