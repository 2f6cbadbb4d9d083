"""Who may do what with a report: its holder, whoever was asked about it, and nobody else."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from gateway.cases import casework
from gateway.sms import to_staff
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import (
    Alert,
    AlertState,
    Audit,
    Base,
    CallAttempt,
    Outbox,
    Report,
    ReportState,
    Staff,
)
from menus.intents import CallOutcome
from tests.moments import as_of
from tests.samples import OTHER_CENTRE
from tests.staff_and_reports import SMS_NOW, Person, StaffAndReports

Act = Callable[[StaffAndReports, Session, Person, str], object]
"""An act of somebody on a report, in a transaction."""

TABLES: Sequence[type[Base]] = (Alert, CallAttempt, Outbox, Report)


def found(session: Session, person: Person, report: str) -> tuple[Alert, Report, Staff]:
    """What she was alerted about, or what there would be if somebody asked for her in error."""
    alerts = session.query(Alert).where(Alert.report_id == report)
    alert = alerts.where(Alert.staff_id == person.id).first() or alerts.first()
    assert alert is not None
    return alert, session.get_one(Report, report), session.get_one(Staff, person.id)


def accept(records: StaffAndReports, session: Session, person: Person, report: str) -> bool:
    return casework.accept(session, *found(session, person, report))


def pass_on(records: StaffAndReports, session: Session, person: Person, report: str) -> bool:
    return casework.pass_on(session, *found(session, person, report))


def hand_over(records: StaffAndReports, session: Session, person: Person, report: str) -> bool:
    case = found(session, person, report)
    return casework.hand_over(session, records.policy, *case)


def close(records: StaffAndReports, session: Session, person: Person, report: str) -> bool:
    _, case, staff = found(session, person, report)
    return casework.close(session, case, staff)


def note_call(
    records: StaffAndReports,
    session: Session,
    person: Person,
    report: str,
    outcome: CallOutcome = "no_answer",
    call: bytes | None = None,
) -> bool:
    _, case, staff = found(session, person, report)
    occasion = call or secrets.token_bytes(16)
    return casework.note_call(session, case, staff, outcome, occasion)


def done(
    records: StaffAndReports, act: Callable[..., bool], person: Person, report: str, *of: object
) -> bool:
    with database.writing(records.engine, "test") as session:
        return act(records, session, person, report, *of)


def rows_of(records: StaffAndReports, report: str) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """All that an act may change of a report, by table."""
    kept: dict[str, Sequence[Mapping[str, object]]] = {}
    for table in TABLES:
        column = Report.id if table is Report else table.report_id  # type: ignore[attr-defined]
        rows = sorted(records.all(table, column == report), key=lambda row: str(row.id))  # type: ignore[attr-defined]
        kept[table.__tablename__] = [
            {one.key: getattr(row, one.key) for one in inspect(table).column_attrs} for row in rows
        ]
    return kept


OF_ITS_HOLDER = {"hand over": hand_over, "close": close, "note a call": note_call}
OF_WHOEVER_WAS_ASKED = {"accept": accept, "pass on": pass_on}
ACTS = {**OF_ITS_HOLDER, **OF_WHOEVER_WAS_ASKED}


@pytest.fixture
def nurse(records: StaffAndReports) -> Person:
    return records.staff()


@pytest.fixture
def colleague(records: StaffAndReports, nurse: Person) -> Person:
    return records.staff(role="counsellor")


@pytest.fixture
def report(records: StaffAndReports, nurse: Person, colleague: Person) -> str:
    """A report about which both were alerted, and an SMS to its caller that has not left."""
    return records.report(contact=SMS_NOW)


@pytest.mark.parametrize("act", OF_ITS_HOLDER)
@pytest.mark.parametrize("who", ["nobody", "her colleague", "she, who closed it"])
def test_what_is_not_hers_she_can_do_nothing_with(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str, act: str, who: str
) -> None:
    if who != "nobody":
        assert done(records, accept, colleague if "colleague" in who else nurse, report)
    if "closed" in who:
        assert done(records, close, nurse, report)
    before, acts = rows_of(records, report), len(records.all(Audit))
    assert not done(records, OF_ITS_HOLDER[act], nurse, report)
    assert rows_of(records, report) == before
    assert len(records.all(Audit)) == acts


@pytest.mark.parametrize("act", OF_WHOEVER_WAS_ASKED)
@pytest.mark.parametrize("state", [ReportState.ACCEPTED, ReportState.CLOSED, ReportState.DELETED])
def test_what_waits_no_more_can_neither_be_taken_nor_passed_on(
    records: StaffAndReports, nurse: Person, report: str, act: str, state: str
) -> None:
    records.change(Report, state=state)
    before, acts = rows_of(records, report), len(records.all(Audit))
    assert not done(records, OF_WHOEVER_WAS_ASKED[act], nurse, report)
    assert rows_of(records, report) == before
    assert len(records.all(Audit)) == acts


@pytest.mark.parametrize("act", ACTS)
def test_what_is_done_with_one_report_changes_nothing_of_another(
    records: StaffAndReports, nurse: Person, report: str, act: str
) -> None:
    another = records.report(contact=SMS_NOW, number="+250788123457")
    if act in OF_ITS_HOLDER:
        assert done(records, accept, nurse, report)
        assert done(records, accept, nurse, another)
        assert done(records, note_call, nurse, another)
    before = rows_of(records, another)
    assert done(records, ACTS[act], nurse, report)
    assert rows_of(records, another) == before


@pytest.mark.parametrize(
    ("act", "word"),
    [
        ("accept", "accepted"),
        ("pass on", "passed on"),
        ("hand over", "handed over"),
        ("close", "closed"),
        ("note a call", "called"),
    ],
)
def test_who_did_it_to_which_report_is_in_the_audit_log(
    records: StaffAndReports, nurse: Person, report: str, act: str, word: str
) -> None:
    if act in OF_ITS_HOLDER:
        done(records, accept, nurse, report)
    assert done(records, ACTS[act], nurse, report)
    last = max(records.all(Audit), key=lambda row: row.id)
    assert (last.actor, last.act, last.report_id) == (f"staff:{nurse.id}", word, report)


def test_a_report_is_found_for_who_was_alerted_about_it_and_nobody_else(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    strangers = records.staff(), records.staff(OTHER_CENTRE)
    with database.writing(records.engine, "test") as session:
        for person in (nurse, colleague):
            hers = casework.find(session, session.get_one(Staff, person.id), Report.id == report)
            assert hers is not None
            assert (hers[0].staff_id, hers[0].report_id, hers[1].id) == (person.id, report, report)
        for person in strangers:
            staff = session.get_one(Staff, person.id)
            assert casework.find(session, staff, Report.id == report) is None
        nobodys = Report.code == "000000"
        assert casework.find(session, session.get_one(Staff, nurse.id), nobodys) is None


@pytest.mark.parametrize(
    ("state", "holder", "answer", "standing"),
    [
        (ReportState.RECEIVED, "nobody", AlertState.OPEN, "new"),
        (ReportState.RECEIVED, "nobody", AlertState.UNREACHABLE, "new"),
        (ReportState.RECEIVED, "nobody", AlertState.DECLINED, "passed"),
        (ReportState.ACCEPTED, "she", AlertState.ACCEPTED, "yours"),
        (ReportState.ACCEPTED, "another", AlertState.SETTLED, "taken"),
        (ReportState.ACCEPTED, "another", AlertState.DECLINED, "taken"),
        (ReportState.CLOSED, "she", AlertState.ACCEPTED, "closed"),
        (ReportState.DELETED, "nobody", AlertState.OPEN, "closed"),
    ],
)
def test_where_a_report_stands_for_her(
    state: ReportState, holder: str, answer: AlertState, standing: str
) -> None:
    report = Report(state=state, accepted_by=None if holder == "nobody" else holder)
    assert casework.standing(report, Alert(staff_id="she", state=answer)) == standing
    hers = state == ReportState.ACCEPTED and holder == "she"
    assert casework.is_hers(report, Staff(id="she")) == hers


def test_who_accepts_holds_it_from_that_moment_and_the_others_need_not_answer(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    third = records.staff()
    assert done(records, accept, nurse, report)
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.due_at) == (ReportState.ACCEPTED, nurse.id, None)
    assert (row.remind_at, row.reminders) == (row.accepted_at, 0)
    alerts = {alert.staff_id: alert for alert in records.all(Alert)}
    assert alerts[nurse.id].state == AlertState.ACCEPTED
    assert alerts[colleague.id].state == AlertState.SETTLED
    assert {alert.answered_at for alert in alerts.values()} == {row.accepted_at}
    assert third.id not in alerts
    told = {sms.staff_id: sms for sms in records.all(Outbox, Outbox.template == "accepted_by")}
    assert set(told) == {colleague.id}
    news = told[colleague.id]
    assert (news.values, news.report_id) == ({"role": "health"}, report)
    assert news.expires_at == news.created_at + to_staff.LIVES
    alerts_left = records.all(Outbox, Outbox.template == "alert", Outbox.state != "dropped")
    assert alerts_left == [], "an alert that has not left says nothing any more"


def test_who_declined_before_stays_as_she_answered_and_is_told_too(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    assert done(records, pass_on, colleague, report)
    declined = records.one(Alert, Alert.staff_id == colleague.id)
    assert done(records, accept, nurse, report)
    after = records.one(Alert, Alert.staff_id == colleague.id)
    assert (after.state, after.answered_at) == (AlertState.DECLINED, declined.answered_at)
    assert records.one(Outbox, Outbox.template == "accepted_by").staff_id == colleague.id


def test_what_is_handed_over_is_nobodys_and_asks_the_others_again(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    done(records, accept, nurse, report)
    records.change(Outbox, Outbox.audience == "caller", template="appointment_today")
    assert done(records, hand_over, nurse, report)
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.accepted_at) == (ReportState.RECEIVED, None, None)
    assert row.remind_at is None
    own = records.one(Alert, Alert.staff_id == nurse.id)
    assert own.state == AlertState.DECLINED
    assert own.answered_at is not None
    assert records.one(Alert, Alert.staff_id == colleague.id).state == AlertState.OPEN
    again = records.all(Outbox, Outbox.template == "alert", Outbox.state == "pending")
    assert [sms.staff_id for sms in again] == [colleague.id]
    assert records.outcomes(Outbox.audience == "caller") == {"dropped": 1}


def test_what_is_taken_back_is_told_to_who_had_it(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    done(records, accept, nurse, report)
    with database.writing(records.engine, "test") as session:
        now = database.now(session)
        casework.take_back(as_of(session, now), records.policy, session.get_one(Report, report))
    row = records.report_now(report)
    assert (row.state, row.accepted_by) == (ReportState.RECEIVED, None)
    told = records.one(Outbox, Outbox.template == "passed_on")
    assert (told.staff_id, told.report_id, told.audience) == (nurse.id, report, "staff")
    assert (told.created_at, told.expires_at) == (now, now + to_staff.LIVES)
    last = max(records.all(Audit), key=lambda one: one.id)
    assert (last.actor, last.act, last.report_id) == ("service", "taken back", report)


def test_what_is_closed_writes_to_its_caller_no_more_and_reminds_nobody(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    done(records, accept, nurse, report)
    assert done(records, close, nurse, report)
    row = records.report_now(report)
    assert row.state == ReportState.CLOSED
    assert row.closed_at is not None
    assert (row.remind_at, row.accepted_by) == (None, nurse.id)
    (sms,) = records.all(Outbox, Outbox.audience == "caller")
    assert (sms.state, sms.finished_at) == ("dropped", row.closed_at)


@pytest.mark.parametrize(
    ("outcome", "goes_on"), [("reached", False), ("no_answer", True), ("somebody_else", True)]
)
def test_a_call_that_reached_her_ends_the_reminders_and_any_other_begins_them_anew(
    records: StaffAndReports, nurse: Person, report: str, outcome: CallOutcome, *, goes_on: bool
) -> None:
    done(records, accept, nurse, report)
    before = records.now() - timedelta(hours=1)
    records.change(Report, remind_at=before, reminders=2)
    assert done(records, note_call, nurse, report, outcome)
    row, call = records.report_now(report), records.one(CallAttempt)
    assert (row.remind_at, row.reminders) == (call.at if goes_on else None, 0)
    assert (call.report_id, call.staff_id, call.outcome) == (report, nurse.id, outcome)
    assert records.one(Audit, Audit.act == "called").detail == outcome


def test_a_call_is_noted_once_on_its_occasion(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    done(records, accept, nurse, report)
    occasions = [b"one", b"one", b"other"]
    noted = [done(records, note_call, nurse, report, "no_answer", call) for call in occasions]
    assert noted == [True, False, True]
    assert len(records.all(Audit, Audit.act == "called")) == 2


def test_of_several_calls_the_last_one_comes_first_whoever_made_it(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    done(records, accept, nurse, report)
    outcomes: list[CallOutcome] = ["no_answer", "somebody_else", "reached"]
    for ago, outcome in enumerate(reversed(outcomes)):
        call = bytes([ago])
        done(records, note_call, nurse, report, outcome, call)
        then = records.now() - timedelta(hours=ago)
        records.change(CallAttempt, CallAttempt.id == call.hex(), at=then)
    records.change(CallAttempt, CallAttempt.outcome == "somebody_else", staff_id=colleague.id)
    with database.reading(records.engine) as session:
        made = casework.calls(session, session.get_one(Report, report))
        assert [call.outcome for call in made] == ["reached", "somebody_else", "no_answer"]
