"""Accepted, and then nothing: who hears of it, when, and that a P1 goes to somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from gateway import casework, database, idle
from gateway.letters import Drop, Letter
from gateway.models import Alert, AlertState, Audit, CallAttempt, Outbox, OutboxState, Report
from gateway.models import Staff as StaffRow
from menus.intents import CallOutcome, Contact
from tests.office import P1, Office, Person, on_sqlite

TIMES: Mapping[str, Sequence[int]] = {"P1": (10, 20, 30), "P2": (120, 240, 480), "P3": (1, 2, 3)}
P2 = {"age": "adult", "need": "physical", "when": "within_72h"}
BY_CALL = Contact(by="call", window="evening")


def taken(
    office: Office, answers: Mapping[str, str] = P1, *, contact: Contact | None = BY_CALL
) -> tuple[str, Person]:
    """A report, and the nurse who accepted it just now."""
    nurse = office.staff()
    report = office.report(answers=answers, contact=contact)
    accept(office, report, nurse)
    ticks(office)
    return report, nurse


def accept(office: Office, report: str, person: Person) -> None:
    with database.writing(office.engine, "test") as session:
        staff = session.get_one(StaffRow, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff, database.now(session))


def note(office: Office, report: str, person: Person, outcome: CallOutcome) -> None:
    with database.writing(office.engine, "test") as session:
        at, staff = database.now(session), session.get_one(StaffRow, person.id)
        row = session.get_one(Report, report)
        casework.note_call(session, row, staff, outcome, at.isoformat().encode(), at)


def look(session: Session, office: Office) -> None:
    at = database.now(session)
    for report_id in idle.due(session, at):
        idle.look(session, office.ladder, TIMES, report_id, at)


def ticks(office: Office) -> None:
    """A clock looks."""
    with database.writing(office.engine, "test") as session:
        look(session, office)


def pass_(office: Office, minutes: float) -> None:
    """So many minutes are over, and a clock looks."""
    by = timedelta(minutes=minutes)
    for report in office.all(Report, Report.remind_at.is_not(None)):
        assert report.accepted_at is not None
        assert report.remind_at is not None
        moved = {"accepted_at": report.accepted_at - by, "remind_at": report.remind_at - by}
        office.change(Report, Report.id == report.id, **moved)
    for attempt in office.all(CallAttempt):
        office.change(CallAttempt, CallAttempt.id == attempt.id, at=attempt.at - by)
    ticks(office)


def told(office: Office, person: Person) -> list[str]:
    """What somebody was told beside alerts, in the order in which it was queued."""
    rows = office.all(Outbox, Outbox.staff_id == person.id)
    mine = [row for row in rows if not row.template.startswith("alert")]
    return [row.template for row in sorted(mine, key=lambda row: row.created_at)]


def test_she_is_reminded_then_the_lead_hears_then_the_operator_and_others_are_asked(
    office: Office,
) -> None:
    lead, operator = office.staff(role="lead"), office.staff(role="operator")
    report, nurse = taken(office)
    other = office.staff()
    office.change(Alert, Alert.staff_id == other.id, state=AlertState.SETTLED)

    pass_(office, 9)
    assert told(office, nurse) == []
    pass_(office, 1)
    assert (told(office, nurse), told(office, lead)) == (["still_open"], [])
    pass_(office, 10)
    assert told(office, nurse) == ["still_open", "still_open"]
    assert told(office, lead) == ["not_handled"]
    assert told(office, operator) == []
    pass_(office, 10)
    assert "alarm" in told(office, operator)
    assert told(office, nurse) == ["still_open", "still_open", "passed_on"]
    row = office.report_now(report)
    assert (row.state, row.accepted_by, row.remind_at) == ("received", None, None)
    assert row.climb_at is not None
    assert office.asked(report) > {nurse.id}, "nobody else was asked"


@on_sqlite
def test_what_is_less_urgent_stays_with_the_one_who_has_it(office: Office) -> None:
    operator = office.staff(role="operator")
    report, nurse = taken(office, P2)
    for minutes in (120, 120, 240):
        pass_(office, minutes)
    row = office.report_now(report)
    assert (row.state, row.accepted_by, row.remind_at) == ("accepted", nurse.id, None)
    assert told(office, nurse) == ["still_open"] * 3
    assert told(office, operator) == ["alarm"]


@on_sqlite
def test_once_she_was_reached_nobody_is_reminded(office: Office) -> None:
    report, nurse = taken(office)
    pass_(office, 10)
    note(office, report, nurse, "reached")
    assert office.report_now(report).remind_at is None
    pass_(office, 60)
    assert told(office, nurse) == ["still_open"]


@on_sqlite
@pytest.mark.parametrize("outcome", ["no_answer", "somebody_else", "not_reachable"])
def test_after_a_call_in_vain_she_has_the_whole_time_again(
    office: Office, outcome: CallOutcome
) -> None:
    report, nurse = taken(office)
    pass_(office, 10)
    pass_(office, 9)
    note(office, report, nurse, outcome)
    ticks(office)
    pass_(office, 9)
    assert told(office, nurse) == ["still_open"]
    pass_(office, 1)
    assert told(office, nurse) == ["still_open"] * 2
    assert office.report_now(report).reminders == 1


@on_sqlite
def test_a_reminder_about_what_is_done_by_now_does_not_leave(office: Office) -> None:
    report, nurse = taken(office)
    pass_(office, 10)
    (row,) = office.all(Outbox, Outbox.template == "still_open")

    def letter() -> Letter | Drop:
        with database.reading(office.engine) as session:
            fresh = session.get_one(Outbox, row.id)
            return office.letters.write(session, fresh, database.now(session))

    assert isinstance(letter(), Letter)
    note(office, report, nurse, "no_answer")
    assert letter() == Drop("settled")


@on_sqlite
def test_without_a_lead_the_national_duty_hears_of_it(office: Office) -> None:
    national = office.staff(office.pack.duty_desk.id, "national")
    taken(office, P2)
    pass_(office, 120)
    pass_(office, 120)
    assert told(office, national) == ["not_handled"]


@on_sqlite
def test_the_lead_who_has_it_herself_is_not_told_of_herself(office: Office) -> None:
    lead = office.staff(role="lead", on_duty=False)
    report = office.report(answers=P2)
    with database.writing(office.engine, "test") as session:
        session.get_one(Report, report).climb_at = database.now(session)
    accept(office, report, lead)
    ticks(office)
    pass_(office, 120)
    pass_(office, 120)
    assert told(office, lead) == ["still_open"] * 2


@on_sqlite
def test_who_may_not_be_called_is_not_asked_to_be(office: Office) -> None:
    """Where she allowed no contact, reading her answers is what there is to do."""
    report, nurse = taken(office, contact=None)
    pass_(office, 10)
    assert told(office, nurse) == ["still_open"]
    with database.writing(office.engine, "test") as session:
        casework.handled(session.get_one(Report, report))
    pass_(office, 60)
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_a_clock_that_was_away_leaves_her_the_time_between_two_reminders(office: Office) -> None:
    """Hours late, she is reminded once and then has ten minutes, and the operator hears of it."""
    operator = office.staff(role="operator")
    _, nurse = taken(office)
    pass_(office, 300)
    ticks(office)
    assert told(office, nurse) == ["still_open"]
    pass_(office, 9)
    assert told(office, nurse) == ["still_open"]
    assert told(office, operator) == ["alarm"]
    pass_(office, 1)
    assert told(office, nurse) == ["still_open"] * 2


def test_two_clocks_at_once_remind_once(office: Office) -> None:
    report, nurse = taken(office)
    past = office.now() - timedelta(minutes=10)
    office.change(Report, accepted_at=past, remind_at=office.now())
    office.at_once(lambda session: look(session, office), lambda session: look(session, office))
    assert told(office, nurse) == ["still_open"]
    assert office.report_now(report).reminders == 1


def test_a_clock_that_dies_on_the_way_leaves_it_to_the_next(office: Office) -> None:
    report, nurse = taken(office)
    past = office.now() - timedelta(minutes=10)
    office.change(Report, accepted_at=past, remind_at=office.now())
    for _ in range(2):
        office.at_once(
            lambda session: look(session, office), lambda session: None, first_commits=False
        )
    assert told(office, nurse) == []
    ticks(office)
    assert told(office, nurse) == ["still_open"]
    assert [row.act for row in office.all(Audit, Audit.report_id == report)][-1] == "reminded"


def test_closed_while_a_clock_looks_it_reminds_nobody(office: Office) -> None:
    report, nurse = taken(office)
    past = office.now() - timedelta(minutes=10)
    office.change(Report, accepted_at=past, remind_at=office.now())

    def closes(session: Session) -> None:
        staff = session.get_one(StaffRow, nurse.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.close(session, found[1], staff, database.now(session))

    office.at_once(closes, lambda session: look(session, office))
    ticks(office)
    assert told(office, nurse) == []


@on_sqlite
def test_noted_twice_on_one_occasion_it_is_one_call(office: Office) -> None:
    report, nurse = taken(office)
    for _ in range(2):
        with database.writing(office.engine, "test") as session:
            at, staff = database.now(session), session.get_one(StaffRow, nurse.id)
            row = session.get_one(Report, report)
            casework.note_call(session, row, staff, "no_answer", b"the same keys", at)
    assert len(office.all(CallAttempt)) == 1
    assert [row.act for row in office.all(Audit)].count("called") == 1


@on_sqlite
def test_only_the_one_who_has_it_notes_a_call(office: Office) -> None:
    report, _ = taken(office)
    note(office, report, office.staff(), "reached")
    assert office.all(CallAttempt) == []


@on_sqlite
def test_taken_back_it_is_accepted_by_whoever_comes_first_even_her(office: Office) -> None:
    report, nurse = taken(office)
    for _ in range(3):
        pass_(office, 10)
    accept(office, report, nurse)
    row = office.report_now(report)
    assert (row.state, row.accepted_by, row.reminders) == ("accepted", nurse.id, 0)
    assert row.remind_at is not None
    assert (
        office.all(Outbox, Outbox.staff_id == nurse.id, Outbox.state == OutboxState.SENDING) == []
    )
