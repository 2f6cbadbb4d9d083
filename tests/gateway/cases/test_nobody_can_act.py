"""A report without number, place and centre is kept, and wakes nobody: nobody could act on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.cases import casework, drafts, escalation, muting
from gateway.conversation.contract import Occasion
from gateway.country.centres import DESK
from gateway.operations import status
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import Alert, Report, ReportState, Staff
from menus.intents import Contact, KeepDraft, Send
from tests.samples import CALLER, CENTRE
from tests.staff_and_reports import Person, StaffAndReports

NOW = Contact(by="call", window="now")
MYSELF = Send("myself", {"age": "adult", "need": "sexual"})
IN_DANGER = Send("child_danger", {"danger": "now"})
CALL = b"one call"


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(Staff, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff)


def step(history: str = "1") -> Occasion:
    return Occasion(CALL, history.encode(), Msisdn(CALLER), "en", None)


@pytest.mark.parametrize(
    ("send", "alerts"),
    [
        (MYSELF, 0),
        (replace(MYSELF, centre="closed-long-ago"), 1),
        (replace(MYSELF, centre=CENTRE), 1),
        (replace(MYSELF, area="south/huye"), 1),
        (replace(MYSELF, contact=NOW), 1),
    ],
)
def test_a_number_a_place_or_a_centre_is_enough(
    records: StaffAndReports, send: Send, alerts: int
) -> None:
    records.staff(DESK, "national")
    records.reports.do(send, step())
    assert len(records.all(Alert)) == alerts


@pytest.mark.parametrize("overdue", [True, False])
def test_nor_does_a_draft_when_the_line_cuts(records: StaffAndReports, *, overdue: bool) -> None:
    records.staff(DESK, "national")
    records.reports.do(KeepDraft(MYSELF), step())
    if overdue:
        with database.writing(records.engine, "test") as session:
            report = records.one(Report).id
            assert drafts.send_overdue(session, records.reports, report)
    else:
        assert records.reports.line_cut(CALL)
    kept = records.one(Report)
    assert (kept.state, kept.partial, kept.due_at) == (ReportState.RECEIVED, True, None)
    assert kept.answers is not None
    assert records.all(Alert) == []


def test_a_draft_that_has_learnt_of_a_place_does(records: StaffAndReports) -> None:
    records.staff(DESK, "national")
    records.reports.do(KeepDraft(MYSELF), step())
    records.reports.do(KeepDraft(replace(MYSELF, area="south/huye")), step("2"))
    records.reports.line_cut(CALL)
    assert len(records.all(Alert)) == 1


def test_the_alert_leaves_once_the_place_is_known(records: StaffAndReports) -> None:
    duty = records.staff(DESK, "national")
    code = records.reports.do(IN_DANGER, step()).facts["ref"]
    assert records.all(Alert) == []
    known = replace(IN_DANGER, area="south/huye/ngoma")
    assert records.reports.do(known, step("2")).facts["ref"] == code
    assert records.asked(records.one(Report).id) == {duty.id}


def test_a_step_that_comes_late_empties_nothing(records: StaffAndReports) -> None:
    """The report was sent in full; a copy of the first alert was slow on its way."""
    records.staff(DESK, "national")
    code = records.reports.do(replace(IN_DANGER, contact=NOW), step()).facts["ref"]
    full = Send("child", {"danger": "now", "age": "0_5"}, contact=NOW, completes=code)
    records.reports.do(full, step("2"))
    before = records.one(Report).answers
    records.reports.do(replace(IN_DANGER, contact=NOW), step())
    assert records.one(Report).answers == before


def test_the_end_of_a_mute_wakes_nobody_for_it(records: StaffAndReports) -> None:
    records.staff(DESK, "national")
    code = records.reports.do(MYSELF, step()).facts["ref"]
    with database.writing(records.engine, "test") as session:
        muting.mute(session, code)
        muting.lift(session, code)
    assert records.one(Report).due_at is None


def test_nobody_is_late_in_accepting_it(records: StaffAndReports) -> None:
    records.reports.do(MYSELF, step())
    assert status.read(records.engine, DESK).oldest_unaccepted is None


def test_what_is_folded_into_one_that_nobody_can_act_on_is_asked_about_itself(
    records: StaffAndReports,
) -> None:
    records.fold(timedelta(minutes=15))
    duty = records.staff(DESK, "national")
    records.reports.do(replace(IN_DANGER, contact=NOW), step())
    again = replace(step("2"), session=b"another call")
    records.reports.do(replace(IN_DANGER, area="south/huye"), again)
    records.reports.do(IN_DANGER, step("3"))
    first, second = sorted(records.all(Report), key=lambda one: one.created_at)
    assert (first.due_at, second.folded_into) == (None, first.id)

    with database.writing(records.engine, "test") as session:
        assert escalation.escalate(session, records.policy, second.id), "it waits for nothing"
    assert records.asked(second.id) == {duty.id}


def test_who_accepted_it_all_the_same_keeps_it_when_a_place_is_named(
    records: StaffAndReports,
) -> None:
    records.fold(timedelta(minutes=15))
    duty = records.staff(DESK, "national")
    first, second, third = (replace(step(key), session=b"an earlier call") for key in "123")
    records.reports.do(replace(IN_DANGER, contact=NOW), first)
    records.reports.do(IN_DANGER, second)
    (stopped,) = records.all(Report)
    accept(records, stopped.id, duty)
    records.reports.do(replace(IN_DANGER, contact=NOW), step())
    before = len(records.all(Alert))

    named = records.reports.do(replace(IN_DANGER, area="south/huye"), third)
    assert named.facts["asked"] == "somebody"
    found = records.report_now(stopped.id)
    assert (found.state, found.accepted_by) == (ReportState.ACCEPTED, duty.id)
    assert (found.folded_into, found.waiting) == (None, None)
    assert len(records.all(Alert)) == before, "she has it: nobody is asked anew"
