"""Accepted, and then nothing: who hears of it, when, and that a P1 goes to somebody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from gateway.audit import log as audit
from gateway.cases import casework, contacts, stalled
from gateway.cases.contacts import CallHours
from gateway.runtime.phones import Msisdn
from gateway.store import database
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
from tests.staff_and_reports import CALL_NOW, CALLER, P1, SMS_NOW, Office, Person, on_sqlite
from workers.compose import Drop, Letter

TIMES: Mapping[str, Sequence[int]] = {"P1": (10, 20, 30), "P2": (120, 240, 480), "P3": (1, 2, 3)}
P2 = {"age": "adult", "need": "physical", "when": "within_72h"}
EVENING = Contact(by="call", window="evening")


def taken(
    office: Office, answers: Mapping[str, str] = P1, *, contact: Contact | None = CALL_NOW
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


def look(session: Session, office: Office, at: datetime | None = None) -> None:
    hours = CallHours(office.worker, office.pack.hours, office.pack.timezone)
    rules, at = stalled.Rules(office.ladder, TIMES, hours), at or database.now(session)
    for report_id in stalled.due(session, at):
        stalled.look(session, rules, report_id, at)


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


# Her hours


CHILD = {"age": "6_11", "worry": "physical"}


def moment(office: Office, clock: str) -> datetime:
    """By the clock of the country: "9 22:31" is in the night of a ninth of March."""
    day, _, time = clock.partition(" ")
    return datetime.fromisoformat(f"2026-03-{day:0>2} {time}").replace(tzinfo=office.pack.timezone)


def accepted_at(
    office: Office,
    clock: str,
    contact: Contact | None = EVENING,
    *,
    answers: Mapping[str, str] = P1,
    about: About = "myself",
) -> tuple[str, Person]:
    """A report that a nurse accepts as soon as it is there, long ago."""
    nurse, at = office.staff(), moment(office, clock)
    report = office.report(about, answers=answers, contact=contact)
    with database.writing(office.engine, "test") as session:
        staff = session.get_one(StaffRow, nurse.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        if contact:
            contacts.replace(session, office.web, report, Msisdn(CALLER), contact, at)
        assert casework.accept(session, *found, staff, at)
    looks(office, clock)
    return report, nurse


def looks(office: Office, *clocks: str) -> None:
    """A clock looks at each of these moments."""
    for clock in clocks:
        with database.writing(office.engine, "test") as session:
            look(session, office, moment(office, clock))


def reads(office: Office, report: str, nurse: Person, clock: str) -> None:
    with database.writing(office.engine, "test") as session:
        at, who = moment(office, clock), audit.staff(nurse.id)
        audit.record(session, at, who, casework.READ, report)


@on_sqlite
def test_the_time_that_she_has_begins_with_the_hours_of_the_caller(office: Office) -> None:
    """A P1 that may be called tomorrow at 17:00 is not taken back tonight."""
    lead, operator = office.staff(role="lead"), office.staff(role="operator")
    report, nurse = accepted_at(office, "9 22:31")
    looks(office, "9 22:41", "9 22:51", "9 23:01", "10 16:59", "10 17:00", "10 17:09")
    assert told(office, nurse) == told(office, lead) == told(office, operator) == []

    looks(office, "10 17:10")
    assert (told(office, nurse), told(office, lead)) == (["still_open"], [])
    looks(office, "10 17:20")
    assert (told(office, lead), told(office, operator)) == (["not_handled"], [])
    looks(office, "10 17:30")
    assert "alarm" in told(office, operator)
    assert office.report_now(report).state == "received"


@on_sqlite
def test_what_her_hours_leave_no_time_for_is_due_when_they_come_again(office: Office) -> None:
    """Accepted five minutes before they end, it waits for the next day, and then as long again."""
    _, nurse = accepted_at(office, "9 19:55")
    looks(office, "9 20:05", "10 17:09")
    assert told(office, nurse) == []
    looks(office, "10 17:10")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_reminders_go_on_in_her_hours_of_the_next_day(office: Office) -> None:
    lead = office.staff(role="lead")
    _, nurse = accepted_at(office, "9 19:45")
    looks(office, "9 19:55", "9 20:05", "10 17:09")
    assert (told(office, nurse), told(office, lead)) == (["still_open"], [])
    looks(office, "10 17:10")
    assert told(office, lead) == ["not_handled"]


@on_sqlite
def test_where_her_hours_are_shorter_than_the_wait_it_ends_when_they_begin(office: Office) -> None:
    """Two hours do not fit in between: it is due in her hours all the same, and some day."""
    hour = replace(office.pack.hours.evening, end=time(18))
    office.pack = replace(office.pack, hours=replace(office.pack.hours, evening=hour))
    _, nurse = accepted_at(office, "9 22:31", answers=P2)
    looks(office, "10 16:59")
    assert told(office, nurse) == []
    looks(office, "10 17:00")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_a_call_in_vain_at_the_end_of_her_hours_leaves_time_until_they_come_again(
    office: Office,
) -> None:
    report, nurse = accepted_at(office, "9 17:00")
    with database.writing(office.engine, "test") as session:
        at, staff = moment(office, "9 19:58"), session.get_one(StaffRow, nurse.id)
        row = session.get_one(Report, report)
        casework.note_call(session, row, staff, "no_answer", b"some keys", at)
    looks(office, "9 19:59", "9 20:08", "10 17:09")
    assert told(office, nurse) == []
    looks(office, "10 17:10")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
@pytest.mark.parametrize("contact", [SMS_NOW, None])
def test_where_no_call_is_allowed_reading_is_all_there_is_to_do(
    office: Office, contact: Contact | None
) -> None:
    report, nurse = accepted_at(office, "9 22:31", contact)
    looks(office, "9 22:41")
    assert told(office, nurse) == ["still_open"]
    reads(office, report, nurse, "9 22:45")
    looks(office, "9 22:51")
    assert told(office, nurse) == ["still_open"]
    assert office.report_now(report).remind_at is None


@on_sqlite
def test_once_the_hour_of_now_is_over_nobody_is_asked_to_call(office: Office) -> None:
    """It had been read: there is nothing left that could be done."""
    report, nurse = accepted_at(office, "9 22:31", CALL_NOW)
    with database.writing(office.engine, "test") as session:
        at, staff = moment(office, "9 23:30"), session.get_one(StaffRow, nurse.id)
        row = session.get_one(Report, report)
        casework.note_call(session, row, staff, "no_answer", b"some keys", at)
    reads(office, report, nurse, "9 22:32")
    looks(office, "9 23:30", "9 23:40", "10 00:20")
    row = office.report_now(report)
    assert (row.state, row.remind_at, told(office, nurse)) == ("accepted", None, [])


@on_sqlite
def test_what_another_read_before_she_had_it_is_not_read(office: Office) -> None:
    report, nurse = accepted_at(office, "9 22:31", None)
    reads(office, report, office.staff(), "9 22:32")
    reads(office, report, nurse, "9 22:30")
    looks(office, "9 22:41")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_a_report_about_a_child_is_read_at_any_hour(office: Office) -> None:
    """A worker must find the child: what whoever reported it may be called about comes after."""
    report, nurse = accepted_at(office, "9 22:31", answers=CHILD, about="child")
    looks(office, "9 22:40")
    assert told(office, nurse) == []
    looks(office, "9 22:41")
    assert told(office, nurse) == ["still_open"]
    reads(office, report, nurse, "9 22:45")
    looks(office, "9 22:51", "10 17:09")
    assert told(office, nurse) == ["still_open"]
    looks(office, "10 17:10")
    assert told(office, nurse) == ["still_open", "still_open"]


def changes(office: Office, report: str, clock: str, contact: Contact | None) -> None:
    """What her own code does: she allows it otherwise, or not at all."""
    with database.writing(office.engine, "test") as session:
        at, row = moment(office, clock), session.get_one(Report, report)
        if contact:
            contacts.replace(session, office.web, report, Msisdn(CALLER), contact, at)
        else:
            contacts.forget(session, report)
        casework.contact_changed(session, row, at)


@on_sqlite
def test_other_hours_count_from_when_she_said_so(office: Office) -> None:
    report, nurse = accepted_at(office, "9 22:31")
    changes(office, report, "10 07:00", Contact(by="call", window="morning"))
    looks(office, "10 07:00", "10 08:09")
    assert told(office, nurse) == []
    looks(office, "10 08:10")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_a_report_nobody_has_read_is_not_left_until_hours_that_are_no_more(office: Office) -> None:
    report, nurse = accepted_at(office, "9 22:31")
    changes(office, report, "9 23:00", None)
    looks(office, "9 23:00")
    assert told(office, nurse) == ["still_open"]


@on_sqlite
def test_whom_she_has_spoken_with_may_change_her_hours_in_peace(office: Office) -> None:
    report, nurse = accepted_at(office, "9 17:00")
    note(office, report, nurse, "reached")
    changes(office, report, "9 18:00", Contact(by="call", window="morning"))
    assert office.report_now(report).remind_at is None


@on_sqlite
def test_a_contact_that_opens_no_more_stops_no_reminder(office: Office) -> None:
    _, nurse = accepted_at(office, "9 22:31")
    office.change(ContactRow, sealed=b"\x01" + b"0" * 284)
    looks(office, "10 17:10")
    assert told(office, nurse) == ["still_open"]


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
    office: Office, clock: str, words: str
) -> None:
    accepted_at(office, "9 22:31")
    looks(office, "10 17:10")
    (row,) = office.all(Outbox, Outbox.template == "still_open")
    with database.reading(office.engine) as session:
        fresh = session.get_one(Outbox, row.id)
        fresh.expires_at = moment(office, "11 00:00")
        letter = office.letters.write(session, fresh, moment(office, clock))
        session.expunge_all()
    assert isinstance(letter, Letter)
    assert words in letter.text
