"""Several reports from one number within minutes: one alert, and none of them is lost."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.cases import casework, escalation
from gateway.cases.folding import TOLD_AGAIN
from gateway.store import database
from gateway.store.models import Alert, Audit, CallAttempt, NumberUse, Outbox, Report, ReportState
from gateway.store.models import Staff as StaffRow
from menus.intents import About
from tests.moments import as_of
from tests.samples import CENTRE, OTHER_CENTRE
from tests.staff_and_reports import SMS_NOW, Person, StaffAndReports

P3 = {"age": "adult", "need": "psychological"}


@pytest.fixture
def folds(records: StaffAndReports) -> StaffAndReports:
    """Records in which reports within a quarter of an hour share an alert."""
    records.fold(timedelta(minutes=15))
    return records


def alerted(records: StaffAndReports) -> int:
    return len(records.all(Outbox, Outbox.template == "alert"))


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        casework.accept(session, *found, staff)


def give_back(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.hand_over(session, records.policy, *found, staff)


def escalate(records: StaffAndReports, report: str) -> None:
    """Its time is up."""
    with database.writing(records.engine, "test") as session:
        at = records.report_now(report).due_at
        assert at is not None
        escalation.escalate(as_of(session, at + timedelta(seconds=1)), records.policy, report)


def test_the_second_report_of_a_number_wakes_nobody_again_and_is_kept_in_full(
    folds: StaffAndReports,
) -> None:
    folds.staff()
    first, second = folds.report(), folds.report()
    assert alerted(folds) == 1
    kept = folds.report_now(second)
    assert (kept.state, kept.folded_into) == (ReportState.RECEIVED, first)
    assert kept.answers is not None
    assert kept.code != folds.code(first)


def test_another_number_is_another_alert(folds: StaffAndReports) -> None:
    folds.staff()
    folds.report()
    folds.report(number="+250788999888")
    assert alerted(folds) == 2


def test_a_quarter_of_an_hour_later_it_is_another_alert(folds: StaffAndReports) -> None:
    folds.staff()
    folds.report()
    folds.change(NumberUse, at=folds.now() - timedelta(minutes=15, seconds=1))
    folds.report()
    assert alerted(folds) == 2


def test_what_was_folded_carries_nothing_on(folds: StaffAndReports) -> None:
    """Whoever calls every ten minutes is heard again after a quarter of an hour, not never."""
    folds.staff()
    first, second = folds.report(), folds.report()
    earlier = folds.now() - timedelta(minutes=15, seconds=1)
    folds.change(NumberUse, NumberUse.report_id == first, at=earlier)
    third = folds.report()
    assert [folds.report_now(one).folded_into for one in (second, third)] == [first, None]
    assert alerted(folds) == 2


def test_who_accepts_has_both(folds: StaffAndReports) -> None:
    nurse = folds.staff()
    first, second = folds.report(), folds.report()
    accept(folds, first, nurse)
    assert {folds.report_now(one).accepted_by for one in (first, second)} == {nurse.id}
    assert {folds.report_now(one).state for one in (first, second)} == {ReportState.ACCEPTED}
    assert {alert.report_id for alert in folds.all(Alert, Alert.staff_id == nurse.id)} == {
        first,
        second,
    }
    assert len(folds.all(Audit, Audit.act == "accepted")) == 2


def test_who_has_accepted_is_told_once_of_what_follows(folds: StaffAndReports) -> None:
    nurse = folds.staff()
    first = folds.report()
    accept(folds, first, nurse)
    later = [folds.report() for _ in range(3)]
    assert {folds.report_now(one).accepted_by for one in later} == {nurse.id}
    assert len(folds.all(Outbox, Outbox.template == "yours")) == 1


def in_danger(records: StaffAndReports, about: About = "danger") -> str:
    return records.report(about, answers={}, centre=None)


def minutes_pass(records: StaffAndReports, minutes: float) -> None:
    """For what was reported, told, and noted so far."""
    by = timedelta(minutes=minutes)
    with database.writing(records.engine, "test") as session:
        for table, columns in (
            (Report, ("created_at", "escalate_at", "check_fold_at", "accepted_at")),
            (NumberUse, ("at",)),
            (Outbox, ("created_at", "due_at", "expires_at")),
            (CallAttempt, ("at",)),
        ):
            for row in session.scalars(select(table)):
                for name in columns:
                    if at := getattr(row, name):
                        setattr(row, name, at - by)


def notes_call(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff, row = session.get_one(StaffRow, person.id), session.get_one(Report, report)
        call = secrets.token_bytes(16)
        assert casework.note_call(session, row, staff, "no_answer", call)


def told_again(records: StaffAndReports, person: Person) -> list[str]:
    """The SMS of hers that speak of danger again, in order."""
    hers = records.all(Outbox, Outbox.staff_id == person.id, Outbox.template.in_(TOLD_AGAIN))
    return [row.template for row in sorted(hers, key=lambda row: row.due_at)]


KINDS = pytest.mark.parametrize("about", ["danger", "child_danger"])


@KINDS
def test_danger_again_is_told_to_the_holder_and_the_next_level(
    folds: StaffAndReports, about: About
) -> None:
    holder, lead = folds.staff("national", "national"), folds.staff("national", "lead")
    first = in_danger(folds, about)
    accept(folds, first, holder)
    again = in_danger(folds, about)
    assert told_again(folds, holder) == told_again(folds, lead) == ["alert_again"]
    assert folds.report_now(again).state == ReportState.RECEIVED
    accept(folds, again, lead)
    assert folds.report_now(first).accepted_by == holder.id


@KINDS
def test_who_has_called_since_is_told_each_time_and_nobody_else(
    folds: StaffAndReports, about: About
) -> None:
    holder, lead = folds.staff("national", "national"), folds.staff("national", "lead")
    first = in_danger(folds, about)
    accept(folds, first, holder)
    notes_call(folds, first, holder)
    second = in_danger(folds, about)
    assert folds.report_now(second).accepted_by == holder.id
    minutes_pass(folds, 3)
    notes_call(folds, second, holder)
    in_danger(folds, about)
    assert told_again(folds, holder) == ["again", "again"]
    assert told_again(folds, lead) == []


def test_a_call_before_the_last_danger_is_no_answer_to_it(folds: StaffAndReports) -> None:
    holder, lead = folds.staff("national", "national"), folds.staff("national", "lead")
    first = in_danger(folds)
    accept(folds, first, holder)
    notes_call(folds, first, holder)
    in_danger(folds)
    minutes_pass(folds, 3)
    in_danger(folds)
    assert told_again(folds, holder) == ["again", "alert_again"]
    assert told_again(folds, lead) == ["alert_again"]


def test_danger_again_is_told_no_closer_than_two_minutes_and_never_swallowed(
    folds: StaffAndReports,
) -> None:
    """Ten within moments: the first is told at once, and one for all others after the pause."""
    holder = folds.staff("national", "national")
    first = in_danger(folds)
    accept(folds, first, holder)
    for _ in range(10):
        notes_call(folds, first, holder)
        in_danger(folds)
    one, other = folds.all(Outbox, Outbox.template == "again")
    assert abs(one.due_at - other.due_at) == timedelta(minutes=2)


def test_who_has_given_it_back_is_not_told_that_it_is_hers(folds: StaffAndReports) -> None:
    holder = folds.staff("national", "national")
    first = in_danger(folds)
    accept(folds, first, holder)
    notes_call(folds, first, holder)
    again = in_danger(folds)
    folds.change(Report, Report.id == again, state=ReportState.CLOSED)
    folds.deliver()
    assert folds.one(Outbox, Outbox.template == "again").outcome == "settled"


def test_danger_again_that_nobody_has_is_told_again_and_the_next_level_is_asked(
    folds: StaffAndReports,
) -> None:
    duty, lead = folds.staff("national", "national"), folds.staff("national", "lead")
    first = in_danger(folds)
    in_danger(folds)
    assert told_again(folds, duty) == [], "she was told a moment ago"
    due = folds.report_now(first).due_at
    assert due is not None
    assert due - folds.report_now(first).created_at <= timedelta(minutes=2, seconds=30)
    minutes_pass(folds, 1.5)
    in_danger(folds)
    minutes_pass(folds, 1)
    folds.deliver()
    in_danger(folds)
    assert told_again(folds, duty) == ["alert_again"]
    escalate(folds, first)
    assert lead.id in folds.asked(first)


def test_danger_again_that_nobody_accepts_escalates_as_any_other(
    folds: StaffAndReports,
) -> None:
    holder = folds.staff("national", "national")
    at_home = folds.staff("national", "national", on_duty=False)
    first = in_danger(folds)
    accept(folds, first, holder)
    again = in_danger(folds)
    assert folds.asked(again) == {holder.id, at_home.id}


@pytest.mark.parametrize(
    ("earlier", "later", "folded"),
    [
        ("danger", "danger", True),
        ("call_me", "danger", False),
        ("myself", "danger", False),
        ("danger", "myself", False),
        ("danger", "child_danger", False),
        ("danger", "call_me", False),
        ("call_me", "call_me", True),
        ("message", "call_me", True),
    ],
)
def test_danger_is_folded_into_danger_alone(
    folds: StaffAndReports, earlier: About, later: About, *, folded: bool
) -> None:
    folds.staff()
    folds.report(earlier, answers={})
    folds.report(later, answers={})
    assert alerted(folds) == (1 if folded else 2)


def test_what_is_more_urgent_has_its_own_alert(folds: StaffAndReports) -> None:
    folds.staff()
    folds.report(answers=P3)
    folds.report()
    assert alerted(folds) == 2
    folds.report(answers=P3)
    assert alerted(folds) == 2


def test_another_centre_or_another_consent_has_its_own_alert(folds: StaffAndReports) -> None:
    for centre in (CENTRE, OTHER_CENTRE):
        folds.staff(centre)
    folds.report()
    folds.report(centre=OTHER_CENTRE)
    folds.report(investigator=True)
    assert alerted(folds) == 3


def test_a_report_is_not_put_before_eyes_that_it_shuts_out(folds: StaffAndReports) -> None:
    """The first report may have gone to the neighbour; the second must not."""
    folds.staff()
    folds.report()
    folds.report(avoid=(OTHER_CENTRE,))
    assert alerted(folds) == 2
    folds.report(avoid=(OTHER_CENTRE,))
    assert alerted(folds) == 2


def test_what_was_folded_into_a_report_that_is_deleted_waits_no_longer(
    folds: StaffAndReports,
) -> None:
    nurse = folds.staff()
    first, second = folds.report(), folds.report()
    with database.writing(folds.engine, "test") as session:
        folds.reports.cases.delete(session, first)
    with database.writing(folds.engine, "test") as session:
        assert escalation.escalate(session, folds.policy, second)
    assert folds.asked(second) == {nurse.id}


@pytest.mark.parametrize("ends", [ReportState.CLOSED, ReportState.DELETED])
def test_what_no_longer_has_a_carrier_is_alerted_by_itself(
    folds: StaffAndReports, ends: str
) -> None:
    folds.staff()
    first, second = folds.report(), folds.report()
    folds.change(Report, Report.id == first, state=ends, escalate_at=None)
    escalate(folds, second)
    assert alerted(folds) == 2
    assert folds.asked(second)
    assert folds.report_now(second).folded_into is None


def test_as_long_as_the_other_waits_it_waits_with_it(folds: StaffAndReports) -> None:
    nurse = folds.staff()
    first, second = folds.report(), folds.report()
    escalate(folds, second)
    assert alerted(folds) == 1
    folds.change(
        Report,
        Report.id == first,
        state=ReportState.ACCEPTED,
        accepted_by=nurse.id,
        escalate_at=None,
    )
    escalate(folds, second)
    assert folds.report_now(second).accepted_by == nurse.id
    assert folds.report_now(second).due_at is None


def test_who_gives_one_back_gives_back_both(folds: StaffAndReports) -> None:
    """And may take both again."""
    nurse, lead = folds.staff(), folds.staff(role="lead")
    first, second = folds.report(), folds.report()
    accept(folds, first, nurse)
    give_back(folds, first, nurse)
    assert {folds.report_now(one).state for one in (first, second)} == {ReportState.RECEIVED}
    assert folds.report_now(second).due_at is not None
    assert lead.id in folds.asked(first)
    accept(folds, first, lead)
    assert {folds.report_now(one).accepted_by for one in (first, second)} == {lead.id}
    give_back(folds, first, lead)
    accept(folds, first, nurse)
    assert {folds.report_now(one).accepted_by for one in (first, second)} == {nurse.id}


def test_what_stands_alone_again_goes_to_somebody_or_is_looked_at_again(
    folds: StaffAndReports,
) -> None:
    """Whoever had it has given it back, and the other report is closed."""
    nurse = folds.staff()
    first, second = folds.report(), folds.report()
    accept(folds, first, nurse)
    give_back(folds, first, nurse)
    folds.change(Report, Report.id == first, state=ReportState.CLOSED, escalate_at=None)
    due = folds.report_now(second).due_at
    escalate(folds, second)
    again = folds.report_now(second).due_at
    assert due is not None
    assert again is not None
    assert again > due


def test_who_came_on_duty_since_hears_of_it_at_once(folds: StaffAndReports) -> None:
    """The first found nobody: the second has the service look again now, not in five minutes."""
    first = folds.report()
    nurse = folds.staff()
    folds.report()
    due = folds.report_now(first).due_at
    assert due is not None
    assert due <= folds.now()
    escalate(folds, first)
    assert folds.asked(first) == {nurse.id}


def test_she_gets_one_sms_for_all_of_them(folds: StaffAndReports) -> None:
    """A second SMS can expose her."""
    folds.staff()
    for _ in range(3):
        folds.report(contact=SMS_NOW)
    assert len(folds.all(Outbox, Outbox.audience == "caller")) == 1


def test_two_at_the_same_moment(folds: StaffAndReports) -> None:
    folds.staff()
    folds.together(lambda: folds.report(), lambda: folds.report())
    assert alerted(folds) == 1
    assert len([one for one in folds.all(Report) if one.folded_into]) == 1


def test_what_shares_an_alert_holds_up_nobody_else_who_waits(folds: StaffAndReports) -> None:
    """A flood makes thousands of them, and the clock looks at a hundred at a time."""
    folds.staff()
    _, *shared = [folds.report() for _ in range(3)]
    alone = folds.report(number="+250788999888")
    now = folds.now()
    folds.change(Report, escalate_at=now - timedelta(minutes=3))
    folds.change(Report, Report.id == alone, escalate_at=now - timedelta(minutes=1))
    with database.reading(folds.engine) as session:
        due = escalation.due(as_of(session, now))
    assert due.index(alone) < min(map(due.index, shared))
