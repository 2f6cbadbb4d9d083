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
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite

SOON = timedelta(seconds=5)


def escalate_all(records: StaffAndReports) -> int:
    """What the clock does at its next tick; how many reports escalated."""
    with database.writing(records.engine, "test") as session:
        due = escalation.due(session)
        return sum(escalation.escalate(session, records.policy, report) for report in due)


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(Staff, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff)


def remind(records: StaffAndReports) -> None:
    """What the clock does with reports that somebody has."""
    hours = CallHours(records.worker, records.pack.hours, records.pack.timezone)
    rules = stalled.Rules(records.policy, records.pack.reminders, hours)
    with database.writing(records.engine, "test") as session:
        for report in stalled.due(session):
            stalled.look(session, rules, report)


@on_sqlite
def test_until_the_next_one_is_called(records: StaffAndReports) -> None:
    records.staff()
    lead = records.staff(role="lead")
    report = records.report()
    assert escalate_all(records) == 0

    passed = timers.skip(records.engine)

    assert passed is not None
    assert timedelta(minutes=5) - SOON < passed <= timedelta(minutes=5)
    assert escalate_all(records) == 1
    assert lead.id in records.asked(report)


@on_sqlite
def test_it_is_as_if_all_had_happened_earlier(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    created, asked = records.report_now(report).created_at, records.one(Alert).created_at

    passed = timers.skip(records.engine)

    assert records.report_now(report).created_at == created - (passed or timedelta())
    assert records.one(Alert).created_at == asked - (passed or timedelta())


@on_sqlite
def test_all_open_reports_grow_older_together(records: StaffAndReports) -> None:
    records.staff()
    records.staff(role="lead")
    urgent, later = records.report(), records.report(answers={"age": "12_15"})
    before = records.report_now(later).due_at

    passed = timers.skip(records.engine)

    assert passed is not None
    assert before is not None
    assert passed < timedelta(minutes=6)
    assert records.report_now(later).due_at == before - passed
    assert escalate_all(records) == 1
    assert records.report_now(urgent).level != records.report_now(later).level


@on_sqlite
def test_until_the_timer_of_one_report(records: StaffAndReports) -> None:
    records.staff()
    records.report()
    code = records.code(records.report(answers={"age": "12_15"}))

    passed = timers.skip(records.engine, code)

    assert passed is not None
    assert passed > timedelta(minutes=29)


@on_sqlite
def test_what_somebody_has_waits_for_nothing(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    records.change(Report, state=ReportState.ACCEPTED)
    records.change(Alert, state=AlertState.ACCEPTED)
    created = records.report_now(report).created_at

    assert timers.skip(records.engine) is None
    assert records.report_now(report).created_at == created


@on_sqlite
def test_a_timer_that_is_due_is_left_to_the_clock(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    timers.skip(records.engine)
    due = records.report_now(report).due_at

    assert timers.skip(records.engine) is None
    assert records.report_now(report).due_at == due


@on_sqlite
def test_until_the_one_who_has_it_is_reminded(records: StaffAndReports) -> None:
    """Whatever her hours are: the real clock sees at its next tick that it is time."""
    nurse, contact = records.staff(), Contact(by="call", window="now")
    report = records.report(contact=contact)
    accept(records, report, nurse)
    remind(records)
    called = records.now() - timedelta(minutes=1)
    attempt = {"id": "1", "report_id": report, "staff_id": nurse.id, "outcome": "no_answer"}
    with database.writing(records.engine, "test") as session:
        session.add(CallAttempt(**attempt, at=called))

    passed = timers.skip(records.engine, records.code(report))

    assert passed is not None
    assert timedelta(minutes=10) - SOON < passed <= timedelta(minutes=10)
    assert records.one(CallAttempt).at == called - passed
    records.change(CallAttempt, at=called - timedelta(hours=1))
    remind(records)
    assert records.report_now(report).reminders == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_database_of_production_has_this_door(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    created = records.report_now(report).created_at

    with pytest.raises(timers.NotADemo):
        timers.skip(records.engine)

    assert records.report_now(report).created_at == created
