"""Who is alerted, when the next one is, and that a report which nobody has is never left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest

from gateway.cases import casework, escalation
from gateway.cases.escalation import EscalationPolicy
from gateway.runtime.alarms import Kind
from gateway.staff.roster import Role
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, AlertState, Audit, Outbox, OutboxState, Report, ReportState
from gateway.store.models import Staff as StaffRow
from menus.intents import About
from tests.alarm_counts import alarms
from tests.moments import as_of
from tests.samples import CENTRE, OTHER_CENTRE
from tests.staff_and_reports import SMS_NOW, Person, StaffAndReports, on_sqlite

DESK = "national"
POLICY = EscalationPolicy({"P1": (5, 10, 15), "P2": (30, 60), "P3": (240,)}, DESK)

PRIORITIES: list[tuple[About, Mapping[str, str], str]] = [
    ("danger", {}, "P1"),
    ("child_danger", {"danger": "now"}, "P1"),
    ("child", {"danger": "now"}, "P1"),
    ("child", {"age": "0_5", "worry": "neglect"}, "P1"),
    ("child", {"age": "6_11", "worry": "other", "when": "older"}, "P1"),
    ("child", {"age": "12_15", "worry": "sexual", "when": "within_72h"}, "P1"),
    ("child", {"age": "16_17", "worry": "sexual", "when": "ongoing"}, "P1"),
    ("child", {"age": "16_17", "worry": "sexual"}, "P1"),
    ("child", {"age": "12_15", "worry": "sexual", "when": "older"}, "P2"),
    ("child", {"age": "16_17", "worry": "labour"}, "P2"),
    ("child", {}, "P2"),
    ("myself", {"age": "under_12"}, "P1"),
    ("myself", {"age": "adult", "need": "sexual", "when": "within_72h"}, "P1"),
    ("myself", {"age": "adult", "need": "sexual", "when": "ongoing"}, "P1"),
    ("myself", {"age": "adult", "need": "sexual"}, "P1"),
    ("myself", {"age": "12_15", "need": "sexual", "when": "within_72h"}, "P1"),
    ("myself", {"need": "sexual", "when": "within_72h"}, "P1"),
    ("myself", {"age": "adult", "need": "sexual", "when": "within_120h"}, "P2"),
    ("myself", {"age": "adult", "need": "physical", "when": "within_72h"}, "P2"),
    ("myself", {"age": "adult", "need": "physical", "when": "ongoing"}, "P2"),
    ("myself", {"age": "16_17", "need": "physical", "when": "older"}, "P2"),
    ("myself", {"need": "physical", "when": "older"}, "P2"),
    ("myself", {}, "P2"),
    ("myself", {"age": "adult", "need": "sexual", "when": "older"}, "P3"),
    ("myself", {"age": "adult", "need": "psychological"}, "P3"),
    ("myself", {"age": "adult"}, "P3"),
    ("call_me", {}, "P2"),
    ("message", {"message": "please call"}, "P2"),
]


@pytest.mark.parametrize(("about", "answers", "priority"), PRIORITIES)
def test_priorities(about: About, answers: Mapping[str, str], priority: str) -> None:
    assert escalation.priority(about, answers) == priority


def test_the_policy_gives_each_rung_its_own_time() -> None:
    """Settings count from the first alert; a level counts from when it was asked."""
    times = {
        priority: [POLICY.accept_within(priority, level) for level in range(4)]
        for priority in ("P1", "P2", "P3")
    }
    assert times == {
        "P1": [5, 5, 5, 5],
        "P2": [30, 30, 30, 30],
        "P3": [240, 240, 240, 240],
    }
    uneven = EscalationPolicy({"P1": (5, 20)}, DESK)
    assert [uneven.accept_within("P1", level) for level in range(3)] == [5, 15, 5]


def escalate(records: StaffAndReports, report: str, minutes: float) -> bool:
    """What a clock does when so many minutes have passed."""
    with database.writing(records.engine, "test") as session:
        at = records.report_now(report).created_at + timedelta(minutes=minutes, seconds=1)
        due = report in escalation.due(as_of(session, at))
        return escalation.escalate(as_of(session, at), records.policy, report) and due


def names(records: StaffAndReports, report: str, **people: Person) -> set[str]:
    """Who was asked, by the name that a test gave her."""
    known = {person.id: name for name, person in people.items()}
    return {known[staff_id] for staff_id in records.asked(report)}


def test_the_first_rung_is_everybody_on_duty_at_the_centre(records: StaffAndReports) -> None:
    people = {
        "nurse": records.staff(),
        "counsellor": records.staff(role="counsellor"),
        "at_home": records.staff(on_duty=False),
        "investigator": records.staff(role="investigator"),
        "lead": records.staff(role="lead"),
        "elsewhere": records.staff(OTHER_CENTRE),
        "national": records.staff(DESK, "national"),
    }
    assert names(records, records.report(), **people) == {"nurse", "counsellor"}


@pytest.mark.parametrize(
    ("about", "consent", "called"),
    [
        ("myself", False, False),
        ("myself", True, True),
        ("danger", False, True),
        ("child_danger", False, True),
    ],
)
def test_the_investigator_hears_of_it_only_with_consent_or_in_danger(
    records: StaffAndReports, about: About, *, consent: bool, called: bool
) -> None:
    investigator = records.staff(role="investigator")
    records.staff()
    report = records.report(about, investigator=consent)
    assert (investigator.id in records.asked(report)) is called


@pytest.mark.parametrize(
    ("answers", "minutes"),
    [
        ({"age": "under_12"}, [5, 10]),
        ({"age": "12_15"}, [30, 60]),
        ({"age": "adult"}, [240, 480]),
    ],
    ids=["P1", "P2", "P3"],
)
def test_the_rungs_of_the_policy(
    records: StaffAndReports, answers: Mapping[str, str], minutes: list[int]
) -> None:
    people = {
        "nurse": records.staff(),
        "lead": records.staff(role="lead", on_duty=False),
        "national": records.staff(DESK, "national"),
    }
    report = records.report(answers=answers)
    first, second = minutes
    assert names(records, report, **people) == {"nurse"}
    assert not escalate(records, report, first - 0.1)
    assert escalate(records, report, first)
    assert names(records, report, **people) == {"nurse", "lead"}
    assert not escalate(records, report, second - 0.1)
    assert escalate(records, report, second + 0.1)
    assert names(records, report, **people) == {"nurse", "lead", "national"}


def test_what_the_next_one_is_told(records: StaffAndReports) -> None:
    records.staff()
    lead = records.staff(role="lead")
    report = records.report()
    escalate(records, report, 5)
    row = records.one(Outbox, Outbox.staff_id == lead.id)
    assert (row.template, row.values) == ("alert_not_accepted", {"minutes": 5})


@pytest.mark.parametrize(("minutes", "said"), [(0.2, 1), (100_000, 999)])
def test_the_minutes_said_fit_into_the_sms(
    records: StaffAndReports, minutes: float, said: int
) -> None:
    records.staff()
    lead = records.staff(role="lead")
    report = records.report()
    records.change(Report, Report.id == report, escalate_at=records.now())
    escalate(records, report, minutes)
    assert records.one(Outbox, Outbox.staff_id == lead.id).values == {"minutes": said}


@pytest.mark.parametrize("first", ["lead", "national"])
def test_a_rung_on_which_nobody_stands_is_passed_at_once(
    records: StaffAndReports, first: str
) -> None:
    before = alarms("nobody_on_rung")
    people = {"national": records.staff(DESK, "national")}
    if first == "lead":
        people["lead"] = records.staff(role="lead")
    report = records.report()
    assert names(records, report, **people) == {first}
    assert records.one(Outbox).template == "alert"
    assert alarms("nobody_on_rung") == before + {"lead": 1, "national": 2}[first]
    within = records.report_now(report).due_at
    assert within is not None
    assert within == records.report_now(report).created_at + timedelta(minutes=5)


def test_a_report_without_a_centre_goes_to_the_national_duty(records: StaffAndReports) -> None:
    people = {"nurse": records.staff(), "national": records.staff(DESK, "national")}
    assert names(records, records.report(centre=None), **people) == {"national"}
    assert names(records, records.report(centre="no such centre"), **people) == {"national"}


def test_nobody_on_duty_is_an_alarm_and_is_not_the_end(records: StaffAndReports) -> None:
    """A report of the night reaches whoever comes on duty in the morning."""
    before = alarms("nobody_to_alert")
    nurse = records.staff(on_duty=False)
    report = records.report("call_me", answers={})
    assert records.asked(report) == set()
    assert alarms("nobody_to_alert") == before + 1
    assert escalate(records, report, 5)
    assert alarms("nobody_to_alert") == before + 2

    records.change(StaffRow, StaffRow.id == nurse.id, on_duty=True)
    assert not escalate(records, report, 9.9)
    assert escalate(records, report, 10.1)
    assert records.asked(report) == {nurse.id}


def test_when_everybody_was_asked_the_alarm_repeats_and_newcomers_are_asked(
    records: StaffAndReports,
) -> None:
    first, later = records.staff(), records.staff(on_duty=False)
    report = records.report("call_me", answers={})
    before = alarms("nobody_accepts")
    for minutes in (30, 35.1, 40.2):
        assert escalate(records, report, minutes)
    assert alarms("nobody_accepts") == before + 3
    assert records.asked(report) == {first.id}
    records.change(StaffRow, StaffRow.id == later.id, on_duty=True)
    assert escalate(records, report, 45.3)
    assert records.asked(report) == {first.id, later.id}
    assert records.report_now(report).level == 0


def at_home(records: StaffAndReports) -> dict[str, Person]:
    """Somebody of each role at the centre and at the desk, and none of them on duty."""
    roles: tuple[Role, ...] = ("health", "counsellor", "investigator", "lead")
    here = {role: records.staff(role=role, on_duty=False) for role in roles}
    desk: tuple[Role, ...] = ("national", "lead", "operator", "witness")
    return here | {f"desk {role}": records.staff(DESK, role, on_duty=False) for role in desk}


EVERYBODY = {"health", "counsellor", "lead", "desk national", "desk lead"}


@pytest.mark.parametrize("consent", [False, True])
def test_a_p1_for_which_nobody_is_on_duty_wakes_everybody_at_once(
    records: StaffAndReports, *, consent: bool
) -> None:
    people, elsewhere = at_home(records), records.staff(OTHER_CENTRE)
    report = records.report(investigator=consent)
    assert names(records, report, elsewhere=elsewhere, **people) == (
        EVERYBODY | ({"investigator"} if consent else set())
    )
    assert not escalate(records, report, 4.9)


def test_two_who_were_switched_off_at_the_desk_hear_of_a_danger_all_the_same(
    records: StaffAndReports,
) -> None:
    """A sender's number can be forged, and a danger without a place goes to the desk alone."""
    people = {name: records.staff(DESK, "national", on_duty=False) for name in ("one", "two")}
    assert names(records, records.report("danger", centre=None, answers={}), **people) == set(
        people
    )


def test_where_the_desk_is_awake_the_lead_is_asked_before_everybody(
    records: StaffAndReports,
) -> None:
    people = at_home(records) | {"awake": records.staff(DESK, "national")}
    report = records.report()
    assert names(records, report, **people) == {"lead"}
    escalate(records, report, 5)
    assert names(records, report, **people) == EVERYBODY | {"awake"}


def test_the_last_rung_of_a_p1_is_everybody_and_of_others_who_is_on_duty(
    records: StaffAndReports,
) -> None:
    awake = {"nurse": records.staff(), "night": records.staff(DESK, "national")}
    people = at_home(records) | awake
    report, later = records.report(), records.report(answers={"age": "12_15"})
    escalate(records, report, 5)
    escalate(records, report, 10.1)
    assert names(records, report, **people) == EVERYBODY | set(awake)
    escalate(records, later, 30)
    escalate(records, later, 60.1)
    assert names(records, later, **people) == {"nurse", "lead", "night"}


def test_everybody_is_nobody_at_a_centre_that_must_not_hear_of_it(records: StaffAndReports) -> None:
    people = at_home(records)
    report = records.report(avoid=(CENTRE,))
    assert names(records, report, **people) == {"desk national", "desk lead"}


def test_who_has_left_or_blocked_our_sms_is_not_among_everybody(records: StaffAndReports) -> None:
    people = at_home(records)
    for name, column in (("health", "left_at"), ("desk national", "opted_out_at")):
        now = records.now()
        gone = {"opted_out_at": now, column: now}
        records.change(StaffRow, StaffRow.id == people[name].id, **gone)
    assert names(records, records.report(), **people) == EVERYBODY - {"health", "desk national"}


def test_the_investigator_of_the_desk_needs_the_consent_as_well(records: StaffAndReports) -> None:
    investigator = records.staff(DESK, "investigator")
    without, with_ = (records.report(centre=None, investigator=one) for one in (False, True))
    assert investigator.id not in records.asked(without)
    assert investigator.id in records.asked(with_)


def test_no_other_centre_hears_of_it(records: StaffAndReports) -> None:
    neighbour = records.staff(OTHER_CENTRE)
    report = records.report()
    for round_ in range(1, 6):
        escalate(records, report, 6 * round_)
    assert neighbour.id not in records.asked(report)


def test_who_comes_on_duty_is_asked_with_the_next_rung(records: StaffAndReports) -> None:
    people = {"nurse": records.staff(), "later": records.staff(on_duty=False)}
    people["lead"] = records.staff(role="lead")
    report = records.report()
    records.change(StaffRow, StaffRow.id == people["later"].id, on_duty=True)
    escalate(records, report, 5)
    assert names(records, report, **people) == {"nurse", "later", "lead"}


def test_nobody_hears_of_one_report_more_than_three_times(records: StaffAndReports) -> None:
    """After the last level those who did not answer are asked once more, and once more."""
    people = [records.staff(), records.staff(role="lead"), records.staff(DESK, "national")]
    report = records.report()
    sent: Counter[str] = Counter()
    for round_ in range(1, 20):
        records.make_due()
        sent += records.deliver().counted()
        records.change(Outbox, created_at=records.report_now(report).created_at)
        escalate(records, report, 6 * round_)
    assert sent == {person.number: 3 for person in people}
    assert len(records.all(Alert)) == 3


def test_who_said_that_she_cannot_is_not_asked_again(records: StaffAndReports) -> None:
    nurse = records.staff()
    report = records.report()
    records.change(Alert, Alert.staff_id == nurse.id, state=AlertState.DECLINED)
    for round_ in range(1, 6):
        escalate(records, report, 16 * round_)
    assert len(records.all(Outbox, Outbox.staff_id == nurse.id)) == 1


def test_who_could_not_be_reached_is_tried_again_when_nobody_else_is_left(
    records: StaffAndReports,
) -> None:
    """After an outage in which every SMS was lost, everybody hears of it."""
    nurse = records.staff()
    report = records.report()
    records.change(Outbox, state=OutboxState.UNKNOWN, maybe_sent=2)
    records.change(Alert, state=AlertState.UNREACHABLE)
    escalate(records, report, 12)
    again = records.one(Outbox, Outbox.state == OutboxState.PENDING)
    assert (again.staff_id, again.maybe_sent) == (nurse.id, 2)


def test_a_centre_to_be_avoided_never_hears_of_it(records: StaffAndReports) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    national = records.staff(DESK, "national")
    report = records.report(avoid=(CENTRE,))
    for round_ in range(1, 6):
        escalate(records, report, 6 * round_)
    assert records.asked(report) == {national.id}
    assert {nurse.id, lead.id}.isdisjoint(records.asked(report))


def test_one_who_blocked_our_sms_is_not_asked(records: StaffAndReports) -> None:
    nurse, other = records.staff(), records.staff()
    records.change(StaffRow, StaffRow.id == nurse.id, opted_out_at=records.now())
    assert records.asked(records.report()) == {other.id}


@pytest.mark.parametrize("state", ["accepted", "closed", "deleted", "draft"])
def test_a_report_that_is_not_waiting_never_escalates(records: StaffAndReports, state: str) -> None:
    records.staff()
    records.staff(role="lead")
    report = records.report()
    records.change(Report, Report.id == report, state=state)
    assert not escalate(records, report, 60)
    assert len(records.asked(report)) == 1


def test_two_clocks_escalate_once(records: StaffAndReports) -> None:
    """The second begins while the first has not committed."""
    records.staff()
    lead = records.staff(role="lead")
    report = records.report()
    at = records.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    escalated: list[bool] = []

    def escalates(session: Session) -> None:
        escalated.append(escalation.escalate(as_of(session, at), records.policy, report))

    records.at_once(escalates, escalates)

    assert escalated == [True, False]
    assert records.report_now(report).level == 1
    assert len(records.all(Outbox, Outbox.staff_id == lead.id)) == 1


def accepts(session: Session, records: StaffAndReports, report: str, person: Person) -> bool:
    staff = session.get_one(StaffRow, person.id)
    found = casework.find(session, staff, Report.id == report)
    assert found is not None
    return casework.accept(session, *found, staff)


def test_an_acceptance_that_comes_before_an_escalation_ends_it(
    records: StaffAndReports,
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()
    at = records.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    escalated: list[bool] = []

    def escalates(session: Session) -> None:
        escalated.append(escalation.escalate(as_of(session, at), records.policy, report))

    records.at_once(lambda session: accepts(session, records, report, nurse), escalates)

    assert escalated == [False]
    assert lead.id not in records.asked(report)
    assert records.report_now(report).due_at is None


def test_an_acceptance_that_comes_after_an_escalation_ends_it_for_the_next_one_too(
    records: StaffAndReports,
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()
    at = records.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    records.at_once(
        lambda session: escalation.escalate(as_of(session, at), records.policy, report),
        lambda session: accepts(session, records, report, nurse),
    )
    assert records.report_now(report).accepted_by == nurse.id
    states = {alert.staff_id: alert.state for alert in records.all(Alert)}
    assert states == {nurse.id: AlertState.ACCEPTED, lead.id: AlertState.SETTLED}
    assert not escalate(records, report, 60)
    told = records.one(Outbox, Outbox.staff_id == lead.id, Outbox.state == "pending")
    assert told.template == "accepted_by"


def test_a_child_in_danger_that_is_filled_in_later_wakes_only_new_people(
    records: StaffAndReports,
) -> None:
    """The first alert went to the national duty; then the caller names a place."""
    national = records.staff(DESK, "national")
    nurse, lead = records.staff(), records.staff(role="lead")
    call = b"one call"
    report = records.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    code = records.code(report)
    assert records.asked(report) == {national.id}

    records.report("child", answers={"danger": "now", "age": "6_11"}, completes=code, call=call)

    assert records.asked(report) == {national.id, nurse.id}
    assert len(records.all(Outbox, Outbox.staff_id == national.id)) == 1
    assert records.report_now(report).level == 0
    assert escalate(records, report, 5.1)
    assert records.asked(report) == {national.id, nurse.id, lead.id}


def test_filling_in_without_a_centre_wakes_nobody_again_and_keeps_the_time(
    records: StaffAndReports,
) -> None:
    national = records.staff(DESK, "national")
    call = b"one call"
    kinds: tuple[Kind, ...] = ("nobody_to_alert", "nobody_accepts")
    before = [alarms(kind) for kind in kinds]
    report = records.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    until = records.report_now(report).due_at

    records.report("child", centre=None, completes=records.code(report), call=call)

    assert records.asked(report) == {national.id}
    assert len(records.all(Outbox)) == 1
    assert records.report_now(report).due_at == until is not None
    assert [alarms(kind) for kind in kinds] == before


def test_filling_in_what_somebody_has_accepted_wakes_nobody(records: StaffAndReports) -> None:
    national, nurse = records.staff(DESK, "national"), records.staff()
    call = b"one call"
    report = records.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    with database.writing(records.engine, "test") as session:
        accepts(session, records, report, national)
    records.report("child", completes=records.code(report), call=call)
    assert nurse.id not in records.asked(report)
    assert records.report_now(report).state == ReportState.ACCEPTED
    assert records.report_now(report).due_at is None


def give_up(records: StaffAndReports, report: str, person: Person) -> None:
    alert = records.one(Alert, Alert.report_id == report, Alert.staff_id == person.id)
    with database.writing(records.engine, "test") as session:
        escalation.give_up(session, alert.id)


def test_giving_up_an_alert_calls_the_next_rung_when_nobody_else_is_asked(
    records: StaffAndReports,
) -> None:
    first, second, lead = records.staff(), records.staff(), records.staff(role="lead")
    report = records.report()
    give_up(records, report, first)
    assert not escalate(records, report, 1)
    give_up(records, report, second)
    assert escalate(records, report, 1)
    assert lead.id in records.asked(report)


@pytest.mark.parametrize("state", ["accepted", "closed", "deleted"])
def test_giving_up_an_alert_of_a_settled_report_changes_nothing(
    records: StaffAndReports, state: str
) -> None:
    nurse = records.staff()
    report = records.report()
    records.change(Report, Report.id == report, state=state, escalate_at=None)
    give_up(records, report, nurse)
    assert records.report_now(report).due_at is None
    assert records.one(Alert).state == AlertState.OPEN


def test_giving_up_on_one_who_has_said_that_she_cannot_changes_nothing(
    records: StaffAndReports,
) -> None:
    """The second copy of her alert is refused after she answered the first."""
    nurse, colleague = records.staff(), records.staff()
    report = records.report()
    for person, state in ((nurse, AlertState.DECLINED), (colleague, AlertState.UNREACHABLE)):
        records.change(Alert, Alert.staff_id == person.id, state=state)
    until = records.report_now(report).due_at
    give_up(records, report, nurse)
    assert records.one(Alert, Alert.staff_id == nurse.id).state == AlertState.DECLINED
    assert records.report_now(report).due_at == until


def test_giving_up_while_she_accepts(records: StaffAndReports) -> None:
    """The SMS is said to be refused, and she has answered it all the same."""
    nurse = records.staff()
    report = records.report()
    (alert,) = records.all(Alert)
    records.at_once(
        lambda session: accepts(session, records, report, nurse),
        lambda session: escalation.give_up(session, alert.id),
    )
    assert records.report_now(report).accepted_by == nurse.id
    assert records.report_now(report).due_at is None
    assert records.one(Alert).state == AlertState.ACCEPTED


def test_every_escalation_is_in_the_audit_log(records: StaffAndReports) -> None:
    records.staff()
    records.staff(role="lead")
    report = records.report(contact=SMS_NOW)
    escalate(records, report, 5)
    entry = records.one(Audit, Audit.act == "escalated")
    assert (entry.actor, entry.report_id, entry.detail) == ("service", report, "rung 1")


@on_sqlite
def test_the_country_has_the_times_that_were_agreed(records: StaffAndReports) -> None:
    assert records.pack.escalation == {"P1": (5, 10, 15), "P2": (30, 60), "P3": (240,)}
