"""The staff's line behind its screens: who is let in, what she is shown, and what is kept of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from gateway.cases.staff_line import LISTED, MAY, NotSignedIn, StaffLine
from gateway.conversation.contract import NotDone, Occasion
from gateway.runtime.phones import Msisdn
from gateway.staff.pins import LOCKED_FOR, MOST_PIN_TRIES
from gateway.store.models import Alert, Audit, PinTry, Report, ReportState, Staff
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import (
    AcceptCase,
    ChangePin,
    CheckSecret,
    CloseCase,
    DropReminder,
    HandOver,
    Intent,
    ListCases,
    NoteCall,
    OpenForStaff,
    PassOn,
    ReadAnswers,
    RevealNumber,
    SetDuty,
    SetReminder,
    SignIn,
    StaffCaseIntent,
)
from tests.samples import OTHER_CENTRE
from tests.staff_and_reports import CALL_NOW, Person, StaffAndReports, on_sqlite

pytestmark = on_sqlite

PIN = "no PIN"
"""That of everybody."""

STRANGER = Person("nobody", "+250788999999")

Does = Callable[..., dict[str, str]]


@pytest.fixture
def does(records: StaffAndReports, vaults: Callable[[Role], Vault]) -> Does:
    """What somebody is told who does something; `on`: another occasion than a new one."""
    line = StaffLine(records.engine, vaults("staff"), records.policy, records.pack)

    def do(person: Person, intent: Intent, on: Occasion | None = None) -> dict[str, str]:
        return line.do(intent, replace(on or step(), msisdn=person.msisdn)).facts

    return do


def step() -> Occasion:
    session = secrets.token_bytes(16)
    return Occasion(session, session, Msisdn("+250788000000"), "en", None)


@pytest.fixture
def nurse(records: StaffAndReports) -> Person:
    return records.staff(language="fr")


@pytest.fixture
def report(records: StaffAndReports, nurse: Person) -> str:
    return records.report(contact=CALL_NOW)


def acts(records: StaffAndReports, person: Person) -> list[str]:
    rows = records.all(Audit, Audit.actor == f"staff:{person.id}")
    return [row.act for row in sorted(rows, key=lambda row: row.id)]


# Signing in


def test_her_own_pin_from_her_own_number_lets_her_in(
    records: StaffAndReports, does: Does, nurse: Person, report: str
) -> None:
    told = does(nurse, SignIn(PIN))
    assert (told["staff"], told["language"], told["duty"]) == (nurse.id, "fr", "on")
    assert told["cases"] == f"{records.code(report)} P1 new"
    assert acts(records, nurse) == ["signed in"]


def test_a_wrong_pin_lets_nobody_in_and_a_stranger_leaves_no_mark(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    assert does(nurse, SignIn("0000")) == {}
    assert does(STRANGER, SignIn(PIN)) == {}
    assert acts(records, nurse) == ["wrong PIN"]
    tries = records.one(PinTry)
    assert (tries.staff_id, tries.right) == (nurse.id, False)


def test_five_wrong_pins_lock_the_line_of_one_person_for_half_an_hour(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    colleague = records.staff()
    records.change(Staff, pin_set_at=records.now() - timedelta(days=1))
    for _ in range(MOST_PIN_TRIES - 1):
        does(nurse, SignIn("0000"))
        assert does(nurse, SignIn(PIN)), "so few lock nothing, and right ones do not count"
    does(nurse, SignIn("0000"))
    assert does(nurse, SignIn(PIN)) == {}
    assert does(colleague, SignIn(PIN))
    since = PinTry.staff_id == nurse.id
    records.change(PinTry, since, tried_at=records.now() - LOCKED_FOR + timedelta(seconds=30))
    assert does(nurse, SignIn(PIN)) == {}
    records.change(PinTry, since, tried_at=records.now() - LOCKED_FOR)
    assert does(nurse, SignIn(PIN))


@pytest.mark.parametrize(("pin", "let_in"), [(PIN, True), ("0000", False)])
def test_a_try_that_comes_twice_is_one_try_with_one_answer(
    records: StaffAndReports, does: Does, nurse: Person, pin: str, *, let_in: bool
) -> None:
    once = step()
    first = does(nurse, SignIn(pin), once)
    assert bool(first) == let_in
    for again in (False, True):
        assert does(nurse, SignIn("whatever"), replace(once, again=again)) == first
    assert len(records.all(PinTry)) == 1
    assert len(acts(records, nurse)) == 1


def test_a_try_that_never_was_is_not_made_up_for_a_lost_session(does: Does, nurse: Person) -> None:
    with pytest.raises(NotDone):
        does(nurse, SignIn(PIN), replace(step(), again=True))


@pytest.mark.parametrize(
    "intent", [ListCases(), SetDuty(on=False), OpenForStaff("000000"), AcceptCase("x")]
)
def test_nobody_else_gets_behind_the_pin(does: Does, intent: Intent) -> None:
    with pytest.raises(NotSignedIn):
        does(STRANGER, intent)


def test_another_pin_takes_the_place_of_the_old_one(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    assert does(nurse, ChangePin("0000", "8642")) == {"pin": "wrong"}
    assert does(nurse, SignIn("8642")) == {}
    assert does(nurse, ChangePin(PIN, "8642")) == {"pin": "changed"}
    assert does(nurse, SignIn(PIN)) == {}
    assert does(nurse, SignIn("8642"))
    assert acts(records, nurse).count("PIN changed") == 1


# What she is shown


def test_the_list_has_what_is_open_of_what_she_was_asked_the_newest_first(
    records: StaffAndReports, does: Does, nurse: Person
) -> None:
    codes = [records.code(records.report()) for _ in range(LISTED + 2)]
    for age, code in enumerate(reversed(codes)):
        about = records.one(Report, Report.code == code).id
        made = records.now() - timedelta(minutes=age)
        records.change(Alert, Alert.report_id == about, created_at=made)
    records.change(Report, Report.code == codes[-1], state=ReportState.CLOSED)
    newcomer = records.staff()
    told = does(nurse, ListCases())["cases"].split("\n")
    assert told == [f"{code} P1 new" for code in reversed(codes[:-1])][:LISTED]
    assert does(newcomer, ListCases())["cases"] == ""
    assert acts(records, nurse) == ["listed"]


def test_a_report_is_shown_to_whoever_was_alerted_and_as_gone_to_anybody_else(
    records: StaffAndReports, does: Does, nurse: Person, report: str
) -> None:
    stranger = records.staff(OTHER_CENTRE)
    opens = OpenForStaff(records.code(report))
    assert does(nurse, opens) == {
        "case": report,
        "code": records.code(report),
        "priority": "P1",
        "standing": "new",
    }
    assert does(stranger, opens) == does(nurse, OpenForStaff("000000")) == {"standing": "gone"}
    assert acts(records, nurse)[0] == "opened"


LOOKS = (ReadAnswers, lambda case: RevealNumber(case, "first call"), lambda c: CheckSecret(c, "1"))
CHANGES: tuple[Callable[[str], Intent], ...] = (
    AcceptCase,
    PassOn,
    HandOver,
    CloseCase,
    lambda case: NoteCall(case, "reached"),
    lambda case: SetReminder(case, 2, "morning"),
    DropReminder,
)


@pytest.mark.parametrize("look", LOOKS)
def test_nobody_looks_into_what_she_does_not_hold(
    records: StaffAndReports, does: Does, nurse: Person, report: str, look: Callable[[str], Intent]
) -> None:
    """Neither before she accepts, nor when a colleague has it, nor when it is closed."""
    told = does(nurse, look(report))
    assert told["standing"] == "new"
    assert not {"number", "secret", "limit"} & set(told)
    assert not [name for name in told if name.startswith("answer.")]
    records.change(Report, state=ReportState.ACCEPTED, accepted_by=records.staff().id)
    assert does(nurse, look(report))["standing"] == "taken"
    assert not set(acts(records, nurse)) & {"revealed", "read answers", "secret wrong"}
    does(nurse, AcceptCase(report))
    records.change(Report, state=ReportState.CLOSED, accepted_by=nurse.id)
    assert does(nurse, look(report))["standing"] == "closed"


@pytest.mark.parametrize("intent", [*LOOKS, *CHANGES])
def test_a_report_she_was_not_alerted_about_is_gone_for_her(
    records: StaffAndReports, does: Does, report: str, intent: Callable[[str], Intent]
) -> None:
    stranger = records.staff(OTHER_CENTRE)
    before = records.report_now(report).state
    assert does(stranger, intent(report)) == {"standing": "gone"}
    assert records.report_now(report).state == before
    assert len(acts(records, stranger)) == 1, "that she tried is in the log"


def test_the_one_who_accepted_sees_and_does_it_all(
    records: StaffAndReports, does: Does, nurse: Person, report: str
) -> None:
    assert set(get_args(StaffCaseIntent)) == MAY.keys(), "say in MAY who may do it"
    assert does(nurse, AcceptCase(report))["standing"] == "yours"
    assert does(nurse, ReadAnswers(report))["answer.need"] == "sexual"
    assert does(nurse, RevealNumber(report, "first call"))["number"] == "+250788123456"
    assert does(nurse, CheckSecret(report, "2580")) == {"secret": "none"}
    assert does(nurse, NoteCall(report, "reached"))["calls"].startswith("1 reached")
    assert "standing" in does(nurse, SetReminder(report, 2, "morning"))
    assert does(nurse, DropReminder(report))["reminder"] == ""
    assert does(nurse, HandOver(report))["standing"] == "passed"
    assert does(nurse, AcceptCase(report))["standing"] == "yours"
    assert does(nurse, CloseCase(report))["standing"] == "closed"
    assert acts(records, nurse) == [
        "accepted",
        "read answers",
        "revealed",
        "no secret",
        "called",
        "no reminder possible",
        "reminder dropped",
        "handed over",
        "accepted",
        "closed",
    ]


def test_a_step_that_is_told_again_after_a_lost_session_is_no_second_act(
    records: StaffAndReports, does: Does, nurse: Person, report: str
) -> None:
    again = replace(step(), again=True)
    assert does(nurse, AcceptCase(report), again)["standing"] == "new"
    assert does(nurse, SetDuty(on=False), again)["duty"] == "on"
    assert acts(records, nurse) == []


def test_going_off_duty_and_coming_on_is_told(does: Does, nurse: Person) -> None:
    assert does(nurse, SetDuty(on=False))["duty"] == "off"
    assert does(nurse, SetDuty(on=True))["duty"] == "on"
