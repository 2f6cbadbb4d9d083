"""A report without number, place and centre is kept, and wakes nobody: nobody could act on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway import database, drafts, escalation, muting, vitals
from gateway.centres import DESK
from gateway.conversation import Step
from gateway.models import Alert, Report, ReportState
from gateway.phones import Msisdn
from menus.intents import Contact, KeepDraft, Send
from tests.office import CENTRE, Office

NOW = Contact(by="call", window="now")
MYSELF = Send("myself", {"age": "adult", "need": "sexual"})
IN_DANGER = Send("child_danger", {"danger": "now"})
CALL = b"one call"


def step(history: str = "1") -> Step:
    return Step(CALL, history.encode(), Msisdn("+250788123456"), "en", None)


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
def test_a_number_a_place_or_a_centre_is_enough(office: Office, send: Send, alerts: int) -> None:
    office.staff(DESK, "national")
    office.reports.do(send, step())
    assert len(office.all(Alert)) == alerts


@pytest.mark.parametrize("overdue", [True, False])
def test_nor_does_a_draft_when_the_line_cuts(office: Office, *, overdue: bool) -> None:
    office.staff(DESK, "national")
    office.reports.do(KeepDraft(MYSELF), step())
    if overdue:
        with database.writing(office.engine, "test") as session:
            report = office.one(Report).id
            assert drafts.send_overdue(session, office.reports, report, database.now(session))
    else:
        assert office.reports.line_cut(CALL)
    kept = office.one(Report)
    assert (kept.state, kept.partial, kept.climb_at) == (ReportState.RECEIVED, True, None)
    assert kept.answers is not None
    assert office.all(Alert) == []


def test_a_draft_that_has_learnt_of_a_place_does(office: Office) -> None:
    office.staff(DESK, "national")
    office.reports.do(KeepDraft(MYSELF), step())
    office.reports.do(KeepDraft(replace(MYSELF, area="south/huye")), step("2"))
    office.reports.line_cut(CALL)
    assert len(office.all(Alert)) == 1


def test_the_alert_leaves_once_the_place_is_known(office: Office) -> None:
    duty = office.staff(DESK, "national")
    code = office.reports.do(IN_DANGER, step()).facts["ref"]
    assert office.all(Alert) == []
    known = replace(IN_DANGER, area="south/huye/ngoma")
    assert office.reports.do(known, step("2")).facts["ref"] == code
    assert office.asked(office.one(Report).id) == {duty.id}


def test_a_step_that_comes_late_empties_nothing(office: Office) -> None:
    """The report was sent in full; a copy of the first alert was slow on its way."""
    office.staff(DESK, "national")
    code = office.reports.do(replace(IN_DANGER, contact=NOW), step()).facts["ref"]
    full = Send("child", {"danger": "now", "age": "0_5"}, contact=NOW, completes=code)
    office.reports.do(full, step("2"))
    before = office.one(Report).answers
    office.reports.do(replace(IN_DANGER, contact=NOW), step())
    assert office.one(Report).answers == before


def test_the_end_of_a_mute_wakes_nobody_for_it(office: Office) -> None:
    office.staff(DESK, "national")
    code = office.reports.do(MYSELF, step()).facts["ref"]
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        muting.mute(session, code, at)
        muting.lift(session, code, at)
    assert office.one(Report).climb_at is None


def test_nobody_is_late_in_accepting_it(office: Office) -> None:
    office.reports.do(MYSELF, step())
    assert vitals.read(office.engine, DESK).oldest_unaccepted is None


def test_what_is_folded_into_one_that_nobody_can_act_on_is_asked_about_itself(
    office: Office,
) -> None:
    office.fold(timedelta(minutes=15))
    duty = office.staff(DESK, "national")
    office.reports.do(replace(IN_DANGER, contact=NOW), step())
    again = replace(step("2"), session=b"another call")
    office.reports.do(replace(IN_DANGER, area="south/huye"), again)
    office.reports.do(IN_DANGER, step("3"))
    first, second = sorted(office.all(Report), key=lambda one: one.created_at)
    assert (first.climb_at, second.folded_into) == (None, first.id)

    with database.writing(office.engine, "test") as session:
        later = database.now(session) + timedelta(minutes=20)
        assert escalation.climb(session, office.ladder, second.id, later)
    assert office.asked(second.id) == {duty.id}
