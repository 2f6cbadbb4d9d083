"""Time passes at will, in a demo and nowhere else; what it does to reports is what minutes do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.cases import casework, escalation, stalled
from gateway.cases.contacts import CallHours
from gateway.store import database
from gateway.store.models import Alert, AlertState, CallAttempt, Report, ReportState, Staff
from menus.intents import Contact
from sandbox.handsets import timers
from tests.staff_and_reports import Office, Person, on_sqlite

SOON = timedelta(seconds=5)


def climb_all(office: Office) -> int:
    """What the clock does at its next tick; how many reports climbed."""
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        due = escalation.due(session, at)
        return sum(escalation.climb(session, office.ladder, report, at) for report in due)


def accept(office: Office, report: str, person: Person) -> None:
    with database.writing(office.engine, "test") as session:
        staff = session.get_one(Staff, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff, database.now(session))


def remind(office: Office) -> None:
    """What the clock does with reports that somebody has."""
    hours = CallHours(office.worker, office.pack.hours, office.pack.timezone)
    rules = stalled.Rules(office.ladder, office.pack.reminders, hours)
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        for report in stalled.due(session, at):
            stalled.look(session, rules, report, at)


@on_sqlite
def test_until_the_next_one_is_called(office: Office) -> None:
    office.staff()
    lead = office.staff(role="lead")
    report = office.report()
    assert climb_all(office) == 0

    passed = timers.skip(office.engine)

    assert passed is not None
    assert timedelta(minutes=5) - SOON < passed <= timedelta(minutes=5)
    assert climb_all(office) == 1
    assert lead.id in office.asked(report)


@on_sqlite
def test_it_is_as_if_all_had_happened_earlier(office: Office) -> None:
    office.staff()
    report = office.report()
    created, asked = office.report_now(report).created_at, office.one(Alert).created_at

    passed = timers.skip(office.engine)

    assert office.report_now(report).created_at == created - (passed or timedelta())
    assert office.one(Alert).created_at == asked - (passed or timedelta())


@on_sqlite
def test_all_open_reports_grow_older_together(office: Office) -> None:
    office.staff()
    office.staff(role="lead")
    urgent, later = office.report(), office.report(answers={"age": "12_15"})
    before = office.report_now(later).climb_at

    passed = timers.skip(office.engine)

    assert passed is not None
    assert before is not None
    assert passed < timedelta(minutes=6)
    assert office.report_now(later).climb_at == before - passed
    assert climb_all(office) == 1
    assert office.report_now(urgent).rung != office.report_now(later).rung


@on_sqlite
def test_until_the_timer_of_one_report(office: Office) -> None:
    office.staff()
    office.report()
    code = office.code(office.report(answers={"age": "12_15"}))

    passed = timers.skip(office.engine, code)

    assert passed is not None
    assert passed > timedelta(minutes=29)


@on_sqlite
def test_what_somebody_has_waits_for_nothing(office: Office) -> None:
    office.staff()
    report = office.report()
    office.change(Report, state=ReportState.ACCEPTED)
    office.change(Alert, state=AlertState.ACCEPTED)
    created = office.report_now(report).created_at

    assert timers.skip(office.engine) is None
    assert office.report_now(report).created_at == created


@on_sqlite
def test_a_timer_that_is_due_is_left_to_the_clock(office: Office) -> None:
    office.staff()
    report = office.report()
    timers.skip(office.engine)
    due = office.report_now(report).climb_at

    assert timers.skip(office.engine) is None
    assert office.report_now(report).climb_at == due


@on_sqlite
def test_until_the_one_who_has_it_is_reminded(office: Office) -> None:
    """Whatever her hours are: the real clock sees at its next tick that it is time."""
    nurse, contact = office.staff(), Contact(by="call", window="now")
    report = office.report(contact=contact)
    accept(office, report, nurse)
    remind(office)
    called = office.now() - timedelta(minutes=1)
    attempt = {"id": "1", "report_id": report, "staff_id": nurse.id, "outcome": "no_answer"}
    with database.writing(office.engine, "test") as session:
        session.add(CallAttempt(**attempt, at=called))

    passed = timers.skip(office.engine, office.code(report))

    assert passed is not None
    assert timedelta(minutes=10) - SOON < passed <= timedelta(minutes=10)
    assert office.one(CallAttempt).at == called - passed
    office.change(CallAttempt, at=called - timedelta(hours=1))
    remind(office)
    assert office.report_now(report).reminders == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_database_of_production_has_this_door(office: Office) -> None:
    office.staff()
    report = office.report()
    created = office.report_now(report).created_at

    with pytest.raises(timers.NotADemo):
        timers.skip(office.engine)

    assert office.report_now(report).created_at == created
