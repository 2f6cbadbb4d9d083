"""A number that a person has muted: kept, quiet for a day, heard in danger, and never lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.cases import escalation, muting
from gateway.cases.muting import CannotMute, Mute
from gateway.conversation.contract import Step
from gateway.operations import doctor, status
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.store import database
from gateway.store.models import Audit, NumberUse, Outbox, Report, ReportState
from gateway.wiring import House
from menus.intents import About, KeepDraft, Send
from tests.one_process_line import CALLER
from tests.staff_and_reports import OTHER_CENTRE, SMS_NOW, Office

OTHER = "+250788999888"


def mute(office: Office, report: str) -> Mute:
    with database.writing(office.engine, "test") as session:
        return muting.mute(session, office.code(report), database.now(session))


def lift(office: Office, report: str) -> None:
    with database.writing(office.engine, "test") as session:
        muting.lift(session, office.code(report), database.now(session))


def climb(office: Office, report: str) -> None:
    """Its time is up."""
    with database.writing(office.engine, "test") as session:
        at = office.report_now(report).climb_at
        assert at is not None
        escalation.climb(session, office.ladder, report, at + timedelta(seconds=1))


def alerted(office: Office) -> int:
    return len(office.all(Outbox, Outbox.template == "alert"))


@pytest.fixture
def muted(office: Office) -> str:
    """The report for which its number was muted; one nurse was alerted to it."""
    office.staff()
    report = office.report()
    mute(office, report)
    return report


def test_what_a_muted_number_reports_is_kept_and_wakes_nobody_for_a_day(
    office: Office, muted: str
) -> None:
    began = office.now()
    report = office.report_now(office.report(contact=SMS_NOW))
    assert alerted(office) == 1
    assert (report.state, report.answers is None) == (ReportState.RECEIVED, False)
    assert report.climb_at is not None
    assert timedelta(hours=23) < report.climb_at - began <= timedelta(days=1)
    assert office.all(Outbox, Outbox.audience == "caller") == []
    assert office.one(Audit, Audit.report_id == report.id).detail == "muted"


def test_another_number_is_heard(office: Office, muted: str) -> None:
    office.report(number=OTHER)
    assert alerted(office) == 2


@pytest.mark.parametrize("about", ["danger", "child_danger"])
def test_danger_is_never_muted(office: Office, muted: str, about: About) -> None:
    duty = office.staff("national", "national")
    office.report()
    report = office.report(about, answers={}, centre=None)
    assert office.asked(report) == {duty.id}


def test_when_the_day_is_over_one_alert_stands_for_all_that_may_share_it(
    office: Office, muted: str
) -> None:
    first, *others = [office.report() for _ in range(4)]
    climb(office, first)
    assert alerted(office) == 2
    for one in others:
        climb(office, one)
    assert alerted(office) == 2
    assert {office.report_now(one).folded_into for one in others} == {first}


def test_what_shuts_out_other_eyes_is_alerted_by_itself(office: Office, muted: str) -> None:
    first, second = office.report(), office.report(avoid=(OTHER_CENTRE,))
    for one in (first, second):
        climb(office, one)
    assert alerted(office) == 3


def test_lifted_it_is_alerted_at_once(office: Office, muted: str) -> None:
    quiet = office.report()
    lift(office, quiet)
    due = office.report_now(quiet).climb_at
    assert due is not None
    assert due <= office.now()
    climb(office, quiet)
    assert alerted(office) == 2
    office.report(avoid=(OTHER_CENTRE,))
    assert alerted(office) == 3


def test_after_a_day_it_is_over_by_itself(office: Office, muted: str) -> None:
    office.change(NumberUse, NumberUse.what == "muted", at=office.now() - timedelta(days=1))
    office.report()
    assert alerted(office) == 2


def test_a_draft_whose_line_cuts_is_quiet_as_well(office: Office, muted: str) -> None:
    call = secrets.token_bytes(16)
    step = Step(call, call, Msisdn(CALLER), "en", None)
    office.reports.do(KeepDraft(Send("myself", {"age": "adult"}, contact=SMS_NOW)), step)
    office.reports.line_cut(call)
    assert alerted(office) == 1
    assert office.one(Report, Report.partial.is_(True)).rung == -1


def test_a_draft_that_is_discarded_leaves_no_trace_of_its_number(office: Office) -> None:
    call = secrets.token_bytes(16)
    step = Step(call, call, Msisdn(CALLER), "en", None)
    office.reports.do(KeepDraft(Send("myself", {"age": "adult"}, contact=SMS_NOW)), step)
    office.reports.forget_draft(call)
    assert office.all(NumberUse) == []


def test_muted_twice_it_lasts_from_the_second_time(office: Office, muted: str) -> None:
    office.change(NumberUse, NumberUse.what == "muted", at=office.now() - timedelta(hours=20))
    until = mute(office, muted).until
    assert until - office.now() > timedelta(hours=23)
    assert len(office.all(NumberUse, NumberUse.what == "muted")) == 1


def test_both_are_in_the_audit_log(office: Office, muted: str) -> None:
    lift(office, muted)
    acts = [(one.actor, one.act) for one in office.all(Audit, Audit.report_id == muted)]
    assert acts[-2:] == [("operator", "muted"), ("operator", "unmuted")]


@pytest.mark.parametrize("code", ["123455", "", "x", CALLER])
def test_a_code_that_nobody_has_mutes_nobody(office: Office, code: str) -> None:
    with (
        pytest.raises(CannotMute, match="has this code"),
        database.writing(office.engine, "test") as session,
    ):
        muting.mute(session, code, database.now(session))


def test_two_days_later_its_number_is_not_known_any_more(office: Office) -> None:
    office.staff()
    report = office.report()
    with database.writing(office.engine, "test") as session:
        for use in session.scalars(select(NumberUse)):
            session.delete(use)
    with pytest.raises(CannotMute):
        mute(office, report)


def test_what_is_muted_is_not_reported_as_forgotten(office: Office, muted: str) -> None:
    desk = office.pack.duty_desk.id
    assert status.read(office.engine, desk).oldest_unaccepted is not None
    office.change(Report, Report.id == muted, state=ReportState.CLOSED)
    office.report()
    office.report()
    assert status.read(office.engine, desk).oldest_unaccepted is None


def test_doctor_lists_them(office: Office, muted: str, settings: Callable[..., Settings]) -> None:
    house = House(
        settings("staff", DATABASE_URL=office.engine.url.render_as_string(False)), "staff"
    )
    told = "\n".join(doctor.faults(house))
    house.database.dispose()
    house.redis.close()
    assert f"1 numbers are muted, by {office.code(muted)}" in told
