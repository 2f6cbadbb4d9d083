"""A number that a person has muted: kept, quiet for a day, heard in danger, and never lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.cases import escalation, muting
from gateway.cases.muting import CannotMute, Mute
from gateway.conversation.contract import Occasion
from gateway.operations import doctor, status
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.store import database
from gateway.store.models import Audit, NumberUse, Outbox, Report, ReportState, Staff
from gateway.wiring import Parts
from menus.intents import About, KeepDraft, Send
from tests.moments import as_of
from tests.samples import CALLER, OTHER_CENTRE
from tests.staff_and_reports import SMS_NOW, StaffAndReports

OTHER = "+250788999888"


def mute(records: StaffAndReports, report: str) -> Mute:
    with database.writing(records.engine, "test") as session:
        return muting.mute(session, records.code(report))


def lift(records: StaffAndReports, report: str) -> None:
    with database.writing(records.engine, "test") as session:
        muting.lift(session, records.code(report))


def escalate(records: StaffAndReports, report: str) -> None:
    """Its time is up."""
    with database.writing(records.engine, "test") as session:
        at = records.report_now(report).due_at
        assert at is not None
        escalation.escalate(as_of(session, at + timedelta(seconds=1)), records.policy, report)


def alerted(records: StaffAndReports) -> int:
    return len(records.all(Outbox, Outbox.template == "alert"))


@pytest.fixture
def muted(records: StaffAndReports) -> str:
    """The report for which its number was muted; one nurse was alerted to it."""
    records.staff()
    report = records.report()
    mute(records, report)
    return report


def test_what_a_muted_number_reports_is_kept_and_wakes_nobody_for_a_day(
    records: StaffAndReports, muted: str
) -> None:
    began = records.now()
    report = records.report_now(records.report(contact=SMS_NOW))
    assert alerted(records) == 1
    assert (report.state, report.answers is None) == (ReportState.RECEIVED, False)
    assert report.due_at is not None
    assert timedelta(hours=23) < report.due_at - began <= timedelta(days=1)
    assert records.all(Outbox, Outbox.audience == "caller") == []
    assert records.one(Audit, Audit.report_id == report.id).detail == "muted"


def test_another_number_is_heard(records: StaffAndReports, muted: str) -> None:
    records.report(number=OTHER)
    assert alerted(records) == 2


@pytest.mark.parametrize("about", ["danger", "child_danger"])
def test_danger_is_never_muted(records: StaffAndReports, muted: str, about: About) -> None:
    duty = records.staff("national", "national")
    records.report()
    report = records.report(about, answers={}, centre=None)
    assert records.asked(report) == {duty.id}


def test_when_the_day_is_over_one_alert_stands_for_all_that_may_share_it(
    records: StaffAndReports, muted: str
) -> None:
    first, *others = [records.report() for _ in range(4)]
    escalate(records, first)
    assert alerted(records) == 2
    for one in others:
        escalate(records, one)
    assert alerted(records) == 2
    assert {records.report_now(one).folded_into for one in others} == {first}


def test_what_shuts_out_other_eyes_is_alerted_by_itself(
    records: StaffAndReports, muted: str
) -> None:
    first, second = records.report(), records.report(avoid=(OTHER_CENTRE,))
    for one in (first, second):
        escalate(records, one)
    assert alerted(records) == 3


def test_lifted_it_is_alerted_at_once(records: StaffAndReports, muted: str) -> None:
    quiet = records.report()
    lift(records, quiet)
    due = records.report_now(quiet).due_at
    assert due is not None
    assert due <= records.now()
    escalate(records, quiet)
    assert alerted(records) == 2
    records.report(avoid=(OTHER_CENTRE,))
    assert alerted(records) == 3


def test_after_a_day_it_is_over_by_itself(records: StaffAndReports, muted: str) -> None:
    records.change(NumberUse, NumberUse.what == "muted", at=records.now() - timedelta(days=1))
    records.report()
    assert alerted(records) == 2


def test_a_draft_whose_line_cuts_is_quiet_as_well(records: StaffAndReports, muted: str) -> None:
    call = secrets.token_bytes(16)
    step = Occasion(call, call, Msisdn(CALLER), "en", None)
    records.reports.do(KeepDraft(Send("myself", {"age": "adult"}, contact=SMS_NOW)), step)
    records.reports.line_cut(call)
    assert alerted(records) == 1
    assert records.one(Report, Report.partial.is_(True)).waiting == "muted"


def test_a_draft_that_is_discarded_leaves_no_trace_of_its_number(records: StaffAndReports) -> None:
    call = secrets.token_bytes(16)
    step = Occasion(call, call, Msisdn(CALLER), "en", None)
    records.reports.do(KeepDraft(Send("myself", {"age": "adult"}, contact=SMS_NOW)), step)
    records.reports.forget_draft(call)
    assert records.all(NumberUse) == []


def test_muted_twice_it_lasts_from_the_second_time(records: StaffAndReports, muted: str) -> None:
    records.change(NumberUse, NumberUse.what == "muted", at=records.now() - timedelta(hours=20))
    until = mute(records, muted).until
    assert until - records.now() > timedelta(hours=23)
    assert len(records.all(NumberUse, NumberUse.what == "muted")) == 1


def test_both_are_in_the_audit_log(records: StaffAndReports, muted: str) -> None:
    lift(records, muted)
    acts = [(one.actor, one.act) for one in records.all(Audit, Audit.report_id == muted)]
    assert acts[-2:] == [("operator", "muted"), ("operator", "unmuted")]


@pytest.mark.parametrize("code", ["123455", "", "x", CALLER])
def test_a_code_that_nobody_has_mutes_nobody(records: StaffAndReports, code: str) -> None:
    with (
        pytest.raises(CannotMute, match="has this code"),
        database.writing(records.engine, "test") as session,
    ):
        muting.mute(session, code)


def test_two_days_later_its_number_is_not_known_any_more(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    with database.writing(records.engine, "test") as session:
        for use in session.scalars(select(NumberUse)):
            session.delete(use)
    with pytest.raises(CannotMute):
        mute(records, report)


def test_what_is_muted_is_not_reported_as_forgotten(records: StaffAndReports, muted: str) -> None:
    desk = records.pack.duty_desk.id
    assert status.read(records.engine, desk).oldest_unaccepted is not None
    records.change(Report, Report.id == muted, state=ReportState.CLOSED)
    records.report()
    records.report()
    assert status.read(records.engine, desk).oldest_unaccepted is None


def test_when_it_is_over_and_nobody_is_there_to_ask_that_is_seen(
    records: StaffAndReports, muted: str
) -> None:
    report = records.report(answers={"age": "adult", "need": "psychological"})
    records.change(Report, Report.id == muted, state=ReportState.CLOSED)
    records.change(Staff, on_duty=False)
    escalate(records, report)
    assert records.asked(report) == set()
    assert status.read(records.engine, records.pack.duty_desk.id).oldest_unaccepted is not None


def test_doctor_lists_them(
    records: StaffAndReports, muted: str, settings: Callable[..., Settings]
) -> None:
    parts = Parts(
        settings("staff", DATABASE_URL=records.engine.url.render_as_string(False)), "staff"
    )
    told = "\n".join(doctor.faults(parts))
    parts.database.dispose()
    parts.redis.close()
    assert f"1 numbers are muted, by {records.code(muted)}" in told
