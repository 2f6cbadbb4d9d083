"""Accepted, and then nothing: who hears of it, when, and that a P1 goes to somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from gateway.audit import log as audit
from gateway.cases import casework, contacts, stalled
from gateway.cases.contacts import CallHours
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import (
    Alert,
    AlertState,
    Audit,
    CallAttempt,
    ContactRow,
    Outbox,
    OutboxState,
    Report,
)
from gateway.store.models import Staff as StaffRow
from menus.intents import About, CallOutcome, Contact
from tests.moments import as_of
from tests.samples import CALLER
from tests.staff_and_reports import CALL_NOW, P1, SMS_NOW, Person, StaffAndReports, on_sqlite
from workers.compose import Drop, Sms

TIMES: Mapping[str, Sequence[int]] = {"P1": (10, 20, 30), "P2": (120, 240, 480), "P3": (1, 2, 3)}
P2 = {"age": "adult", "need": "physical", "when": "within_72h"}
EVENING = Contact(by="call", window="evening")


def taken(
    records: StaffAndReports, answers: Mapping[str, str] = P1, *, contact: Contact | None = CALL_NOW
) -> tuple[str, Person]:
    """A report, and the nurse who accepted it just now."""
    nurse = records.staff()
    report = records.report(answers=answers, contact=contact)
    accept(records, report, nurse)
    ticks(records)
    return report, nurse


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff)


def note(records: StaffAndReports, report: str, person: Person, outcome: CallOutcome) -> None:
    with database.writing(records.engine, "test") as session:
        at, staff = database.now(session), session.get_one(StaffRow, person.id)
        row = session.get_one(Report, report)
        casework.note_call(as_of(session, at), row, staff, outcome, at.isoformat().encode())


def look(session: Session, records: StaffAndReports, at: datetime | None = None) -> None:
    hours = CallHours(records.worker, records.pack.hours, records.pack.timezone)
    rules, at = stalled.Rules(records.policy, TIMES, hours), at or database.now(session)
    for report_id in stalled.due(as_of(session, at)):
        stalled.look(as_of(session, at), rules, report_id)


def ticks(records: StaffAndReports) -> None:
    """A clock looks."""
    with database.writing(records.engine, "test") as session:
        look(session, records)


def pass_(records: StaffAndReports, minutes: float) -> None:
    """So many minutes are over, and a clock looks."""
    by = timedelta(minutes=minutes)
    for report in records.all(Report, Report.remind_at.is_not(None)):
        assert report.accepted_at is not None
        assert report.remind_at is not None
        moved = {"accepted_at": report.accepted_at - by, "remind_at": report.remind_at - by}
        records.change(Report, Report.id == report.id, **moved)
    for attempt in records.all(CallAttempt):
        records.change(CallAttempt, CallAttempt.id == attempt.id, at=attempt.at - by)
    ticks(records)


def told(records: StaffAndReports, person: Person) -> list[str]:
    """What somebody was told beside alerts, in the order in which it was queued."""
    rows = records.all(Outbox, Outbox.staff_id == person.id)
    mine = [row for row in rows if not row.template.startswith("alert")]
    return [row.template for row in sorted(mine, key=lambda row: row.created_at)]


def test_she_is_reminded_then_the_lead_hears_then_the_operator_and_others_are_asked(
    records: StaffAndReports,
) -> None:
    lead, operator = records.staff(role="lead"), records.staff(role="operator")
    report, nurse = taken(records)
    other = records.staff()
    records.change(Alert, Alert.staff_id == other.id, state=AlertState.SETTLED)

    pass_(records, 9)
    assert told(records, nurse) == []
    pass_(records, 1)
    assert (told(records, nurse), told(records, lead)) == (["still_open"], [])
    pass_(records, 10)
    assert told(records, nurse) == ["still_open", "still_open"]
    assert told(records, lead) == ["not_handled"]
    assert told(records, operator) == []
    pass_(records, 10)
    assert "alarm" in told(records, operator)
    assert told(records, nurse) == ["still_open", "still_open", "passed_on"]
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.remind_at) == ("received", None, None)
    assert row.due_at is not None
    assert records.asked(report) > {nurse.id}, "nobody else was asked"


@on_sqlite
def test_what_is_less_urgent_stays_with_the_one_who_has_it(records: StaffAndReports) -> None:
    operator = records.staff(role="operator")
    report, nurse = taken(records, P2)
    for minutes in (120, 120, 240):
        pass_(records, minutes)
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.remind_at) == ("accepted", nurse.id, None)
    assert told(records, nurse) == ["still_open"] * 3
    assert told(records, operator) == ["alarm"]


@on_sqlite
def test_once_she_was_reached_nobody_is_reminded(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    pass_(records, 10)
    note(records, report, nurse, "reached")
    assert records.report_now(report).remind_at is None
    pass_(records, 60)
    assert told(records, nurse) == ["still_open"]


@on_sqlite
@pytest.mark.parametrize("outcome", ["no_answer", "somebody_else", "not_reachable"])
def test_after_a_call_in_vain_she_has_the_whole_time_again(
    records: StaffAndReports, outcome: CallOutcome
) -> None:
    report, nurse = taken(records)
    pass_(records, 10)
    pass_(records, 9)
    note(records, report, nurse, outcome)
    ticks(records)
    pass_(records, 9)
    assert told(records, nurse) == ["still_open"]
    pass_(records, 1)
    assert told(records, nurse) == ["still_open"] * 2
    assert records.report_now(report).reminders == 1


@on_sqlite
def test_a_reminder_about_what_is_done_by_now_does_not_leave(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    pass_(records, 10)
    (row,) = records.all(Outbox, Outbox.template == "still_open")

    def sms() -> Sms | Drop:
        with database.reading(records.engine) as session:
            fresh = session.get_one(Outbox, row.id)
            return records.composer.write(session, fresh)

    assert isinstance(sms(), Sms)
    note(records, report, nurse, "no_answer")
    assert sms() == Drop("settled")


@on_sqlite
def test_without_a_lead_the_national_duty_hears_of_it(records: StaffAndReports) -> None:
    national = records.staff(records.pack.duty_desk.id, "national")
    taken(records, P2)
    pass_(records, 120)
    pass_(records, 120)
    assert told(records, national) == ["not_handled"]


@on_sqlite
def test_the_lead_who_has_it_herself_is_not_told_of_herself(records: StaffAndReports) -> None:
    lead = records.staff(role="lead", on_duty=False)
    report = records.report(answers=P2)
    with database.writing(records.engine, "test") as session:
        session.get_one(Report, report).escalate_at = database.now(session)
    accept(records, report, lead)
    ticks(records)
    pass_(records, 120)
    pass_(records, 120)
    assert told(records, lead) == ["still_open"] * 2


@on_sqlite
def test_who_may_not_be_called_is_not_asked_to_be(records: StaffAndReports) -> None:
    """Where she allowed no contact, reading her answers is what there is to do."""
    report, nurse = taken(records, contact=None)
    pass_(records, 10)
    assert told(records, nurse) == ["still_open"]
    with database.writing(records.engine, "test") as session:
        casework.handled(session.get_one(Report, report))
    pass_(records, 60)
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_a_clock_that_was_away_leaves_her_the_time_between_two_reminders(
    records: StaffAndReports,
) -> None:
    """Hours late, she is reminded once and then has ten minutes, and the operator hears of it."""
    operator = records.staff(role="operator")
    _, nurse = taken(records)
    pass_(records, 300)
    ticks(records)
    assert told(records, nurse) == ["still_open"]
    pass_(records, 9)
    assert told(records, nurse) == ["still_open"]
    assert told(records, operator) == ["alarm"]
    pass_(records, 1)
    assert told(records, nurse) == ["still_open"] * 2


def test_two_clocks_at_once_remind_once(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    past = records.now() - timedelta(minutes=10)
    records.change(Report, accepted_at=past, remind_at=records.now())
    records.at_once(lambda session: look(session, records), lambda session: look(session, records))
    assert told(records, nurse) == ["still_open"]
    assert records.report_now(report).reminders == 1


def test_a_clock_that_dies_on_the_way_leaves_it_to_the_next(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    past = records.now() - timedelta(minutes=10)
    records.change(Report, accepted_at=past, remind_at=records.now())
    for _ in range(2):
        records.at_once(
            lambda session: look(session, records), lambda session: None, first_commits=False
        )
    assert told(records, nurse) == []
    ticks(records)
    assert told(records, nurse) == ["still_open"]
    assert [row.act for row in records.all(Audit, Audit.report_id == report)][-1] == "reminded"


def test_closed_while_a_clock_looks_it_reminds_nobody(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    past = records.now() - timedelta(minutes=10)
    records.change(Report, accepted_at=past, remind_at=records.now())

    def closes(session: Session) -> None:
        staff = session.get_one(StaffRow, nurse.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.close(session, found[1], staff)

    records.at_once(closes, lambda session: look(session, records))
    ticks(records)
    assert told(records, nurse) == []


@on_sqlite
def test_noted_twice_on_one_occasion_it_is_one_call(records: StaffAndReports) -> None:
    report, nurse = taken(records)
    for _ in range(2):
        with database.writing(records.engine, "test") as session:
            at, staff = database.now(session), session.get_one(StaffRow, nurse.id)
            row = session.get_one(Report, report)
            casework.note_call(as_of(session, at), row, staff, "no_answer", b"the same keys")
    assert len(records.all(CallAttempt)) == 1
    assert [row.act for row in records.all(Audit)].count("called") == 1


@on_sqlite
def test_only_the_one_who_has_it_notes_a_call(records: StaffAndReports) -> None:
    report, _ = taken(records)
    note(records, report, records.staff(), "reached")
    assert records.all(CallAttempt) == []


@on_sqlite
def test_taken_back_it_is_accepted_by_whoever_comes_first_even_her(
    records: StaffAndReports,
) -> None:
    report, nurse = taken(records)
    for _ in range(3):
        pass_(records, 10)
    accept(records, report, nurse)
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.reminders) == ("accepted", nurse.id, 0)
    assert row.remind_at is not None
    assert (
        records.all(Outbox, Outbox.staff_id == nurse.id, Outbox.state == OutboxState.SENDING) == []
    )


# Her hours


CHILD = {"age": "6_11", "worry": "physical"}


def moment(records: StaffAndReports, clock: str) -> datetime:
    """By the clock of the country: "9 22:31" is in the night of a ninth of March."""
    day, _, time = clock.partition(" ")
    return datetime.fromisoformat(f"2026-03-{day:0>2} {time}").replace(tzinfo=records.pack.timezone)


def accepted_at(
    records: StaffAndReports,
    clock: str,
    contact: Contact | None = EVENING,
    *,
    answers: Mapping[str, str] = P1,
    about: About = "myself",
) -> tuple[str, Person]:
    """A report that a nurse accepts as soon as it is there, long ago."""
    nurse, at = records.staff(), moment(records, clock)
    report = records.report(about, answers=answers, contact=contact)
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, nurse.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        if contact:
            contacts.replace(as_of(session, at), records.web, report, Msisdn(CALLER), contact)
        assert casework.accept(as_of(session, at), *found, staff)
    looks(records, clock)
    return report, nurse


def looks(records: StaffAndReports, *clocks: str) -> None:
    """A clock looks at each of these moments."""
    for clock in clocks:
        with database.writing(records.engine, "test") as session:
            look(session, records, moment(records, clock))


def reads(records: StaffAndReports, report: str, nurse: Person, clock: str) -> None:
    with database.writing(records.engine, "test") as session:
        at, who = moment(records, clock), audit.staff(nurse.id)
        audit.record(as_of(session, at), who, casework.READ, report)


@on_sqlite
def test_the_time_that_she_has_begins_with_the_hours_of_the_caller(
    records: StaffAndReports,
) -> None:
    """A P1 that may be called tomorrow at 17:00 is not taken back tonight."""
    lead, operator = records.staff(role="lead"), records.staff(role="operator")
    report, nurse = accepted_at(records, "9 22:31")
    looks(records, "9 22:41", "9 22:51", "9 23:01", "10 16:59", "10 17:00", "10 17:09")
    assert told(records, nurse) == told(records, lead) == told(records, operator) == []

    looks(records, "10 17:10")
    assert (told(records, nurse), told(records, lead)) == (["still_open"], [])
    looks(records, "10 17:20")
    assert (told(records, lead), told(records, operator)) == (["not_handled"], [])
    looks(records, "10 17:30")
    assert "alarm" in told(records, operator)
    assert records.report_now(report).state == "received"


@on_sqlite
def test_what_her_hours_leave_no_time_for_is_due_when_they_come_again(
    records: StaffAndReports,
) -> None:
    """Accepted five minutes before they end, it waits for the next day, and then as long again."""
    _, nurse = accepted_at(records, "9 19:55")
    looks(records, "9 20:05", "10 17:09")
    assert told(records, nurse) == []
    looks(records, "10 17:10")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_reminders_go_on_in_her_hours_of_the_next_day(records: StaffAndReports) -> None:
    lead = records.staff(role="lead")
    _, nurse = accepted_at(records, "9 19:45")
    looks(records, "9 19:55", "9 20:05", "10 17:09")
    assert (told(records, nurse), told(records, lead)) == (["still_open"], [])
    looks(records, "10 17:10")
    assert told(records, lead) == ["not_handled"]


@on_sqlite
def test_where_her_hours_are_shorter_than_the_wait_it_ends_when_they_begin(
    records: StaffAndReports,
) -> None:
    """Two hours do not fit in between: it is due in her hours all the same, and some day."""
    hour = replace(records.pack.hours.evening, end=time(18))
    records.pack = replace(records.pack, hours=replace(records.pack.hours, evening=hour))
    _, nurse = accepted_at(records, "9 22:31", answers=P2)
    looks(records, "10 16:59")
    assert told(records, nurse) == []
    looks(records, "10 17:00")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_a_call_in_vain_at_the_end_of_her_hours_leaves_time_until_they_come_again(
    records: StaffAndReports,
) -> None:
    report, nurse = accepted_at(records, "9 17:00")
    with database.writing(records.engine, "test") as session:
        at, staff = moment(records, "9 19:58"), session.get_one(StaffRow, nurse.id)
        row = session.get_one(Report, report)
        casework.note_call(as_of(session, at), row, staff, "no_answer", b"some keys")
    looks(records, "9 19:59", "9 20:08", "10 17:09")
    assert told(records, nurse) == []
    looks(records, "10 17:10")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
@pytest.mark.parametrize("contact", [SMS_NOW, None])
def test_where_no_call_is_allowed_reading_is_all_there_is_to_do(
    records: StaffAndReports, contact: Contact | None
) -> None:
    report, nurse = accepted_at(records, "9 22:31", contact)
    looks(records, "9 22:41")
    assert told(records, nurse) == ["still_open"]
    reads(records, report, nurse, "9 22:45")
    looks(records, "9 22:51")
    assert told(records, nurse) == ["still_open"]
    assert records.report_now(report).remind_at is None


@on_sqlite
def test_once_the_hour_of_now_is_over_nobody_is_asked_to_call(records: StaffAndReports) -> None:
    """It had been read: there is nothing left that could be done."""
    report, nurse = accepted_at(records, "9 22:31", CALL_NOW)
    with database.writing(records.engine, "test") as session:
        at, staff = moment(records, "9 23:30"), session.get_one(StaffRow, nurse.id)
        row = session.get_one(Report, report)
        casework.note_call(as_of(session, at), row, staff, "no_answer", b"some keys")
    reads(records, report, nurse, "9 22:32")
    looks(records, "9 23:30", "9 23:40", "10 00:20")
    row = records.report_now(report)
    assert (row.state, row.remind_at, told(records, nurse)) == ("accepted", None, [])


@on_sqlite
def test_what_another_read_before_she_had_it_is_not_read(records: StaffAndReports) -> None:
    report, nurse = accepted_at(records, "9 22:31", None)
    reads(records, report, records.staff(), "9 22:32")
    reads(records, report, nurse, "9 22:30")
    looks(records, "9 22:41")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_a_report_about_a_child_is_read_at_any_hour(records: StaffAndReports) -> None:
    """A worker must find the child: what whoever reported it may be called about comes after."""
    report, nurse = accepted_at(records, "9 22:31", answers=CHILD, about="child")
    looks(records, "9 22:40")
    assert told(records, nurse) == []
    looks(records, "9 22:41")
    assert told(records, nurse) == ["still_open"]
    reads(records, report, nurse, "9 22:45")
    looks(records, "9 22:51", "10 17:09")
    assert told(records, nurse) == ["still_open"]
    looks(records, "10 17:10")
    assert told(records, nurse) == ["still_open", "still_open"]


def changes(records: StaffAndReports, report: str, clock: str, contact: Contact | None) -> None:
    """What her own code does: she allows it otherwise, or not at all."""
    with database.writing(records.engine, "test") as session:
        at, row = moment(records, clock), session.get_one(Report, report)
        if contact:
            contacts.replace(as_of(session, at), records.web, report, Msisdn(CALLER), contact)
        else:
            contacts.forget(session, report)
        casework.contact_changed(as_of(session, at), row)


@on_sqlite
def test_other_hours_count_from_when_she_said_so(records: StaffAndReports) -> None:
    report, nurse = accepted_at(records, "9 22:31")
    changes(records, report, "10 07:00", Contact(by="call", window="morning"))
    looks(records, "10 07:00", "10 08:09")
    assert told(records, nurse) == []
    looks(records, "10 08:10")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_a_report_nobody_has_read_is_not_left_until_hours_that_are_no_more(
    records: StaffAndReports,
) -> None:
    report, nurse = accepted_at(records, "9 22:31")
    changes(records, report, "9 23:00", None)
    looks(records, "9 23:00")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
def test_whom_she_has_spoken_with_may_change_her_hours_in_peace(records: StaffAndReports) -> None:
    report, nurse = accepted_at(records, "9 17:00")
    note(records, report, nurse, "reached")
    changes(records, report, "9 18:00", Contact(by="call", window="morning"))
    assert records.report_now(report).remind_at is None


@on_sqlite
def test_a_contact_that_opens_no_more_stops_no_reminder(records: StaffAndReports) -> None:
    _, nurse = accepted_at(records, "9 22:31")
    records.change(ContactRow, sealed=b"\x01" + b"0" * 284)
    looks(records, "10 17:10")
    assert told(records, nurse) == ["still_open"]


@on_sqlite
@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("10 16:59", "Read it, hand over or close"),
        ("10 17:10", "Note your call, hand over or close"),
        ("10 20:00", "Read it, hand over or close"),
    ],
)
def test_what_a_reminder_asks_for_is_allowed_when_it_leaves(
    records: StaffAndReports, clock: str, words: str
) -> None:
    accepted_at(records, "9 22:31")
    looks(records, "10 17:10")
    (row,) = records.all(Outbox, Outbox.template == "still_open")
    with database.reading(records.engine) as session:
        fresh = session.get_one(Outbox, row.id)
        fresh.expires_at = moment(records, "11 00:00")
        sms = records.composer.write(as_of(session, moment(records, clock)), fresh)
        session.expunge_all()
    assert isinstance(sms, Sms)
    assert words in sms.text
