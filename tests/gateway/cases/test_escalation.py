"""Who is alerted, when the next one is, and that a report which nobody has is never left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from gateway.cases import casework, escalation
from gateway.cases.escalation import Ladder
from gateway.runtime.metrics import ALARMS
from gateway.staff.roster import Role
from gateway.store import database
from gateway.store.models import Alert, AlertState, Audit, Outbox, OutboxState, Report, ReportState
from gateway.store.models import Staff as StaffRow
from menus.intents import About
from tests.staff_and_reports import CENTRE, OTHER_CENTRE, SMS_NOW, Office, Person, on_sqlite

DESK = "national"
LADDER = Ladder({"P1": (5, 10, 15), "P2": (30, 60), "P3": (240,)}, DESK)

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


def test_the_ladder_gives_each_rung_its_own_time() -> None:
    """Settings count from the first alert; a rung counts from when it was called."""
    times = {
        priority: [LADDER.accept_within(priority, rung) for rung in range(4)]
        for priority in ("P1", "P2", "P3")
    }
    assert times == {
        "P1": [5, 5, 5, 5],
        "P2": [30, 30, 30, 30],
        "P3": [240, 240, 240, 240],
    }
    uneven = Ladder({"P1": (5, 20)}, DESK)
    assert [uneven.accept_within("P1", rung) for rung in range(3)] == [5, 15, 5]


def climb(office: Office, report: str, minutes: float) -> bool:
    """What a clock does when so many minutes have passed."""
    with database.writing(office.engine, "test") as session:
        at = office.report_now(report).created_at + timedelta(minutes=minutes, seconds=1)
        due = report in escalation.due(session, at)
        return escalation.climb(session, office.ladder, report, at) and due


def names(office: Office, report: str, **people: Person) -> set[str]:
    """Who was asked, by the name that a test gave her."""
    known = {person.id: name for name, person in people.items()}
    return {known[staff_id] for staff_id in office.asked(report)}


def alarms(kind: str) -> float:
    return float(ALARMS.labels(kind)._value.get())


def test_the_first_rung_is_everybody_on_duty_at_the_centre(office: Office) -> None:
    people = {
        "nurse": office.staff(),
        "counsellor": office.staff(role="counsellor"),
        "at_home": office.staff(on_duty=False),
        "investigator": office.staff(role="investigator"),
        "lead": office.staff(role="lead"),
        "elsewhere": office.staff(OTHER_CENTRE),
        "national": office.staff(DESK, "national"),
    }
    assert names(office, office.report(), **people) == {"nurse", "counsellor"}


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
    office: Office, about: About, *, consent: bool, called: bool
) -> None:
    investigator = office.staff(role="investigator")
    office.staff()
    report = office.report(about, investigator=consent)
    assert (investigator.id in office.asked(report)) is called


@pytest.mark.parametrize(
    ("answers", "minutes"),
    [
        ({"age": "under_12"}, [5, 10]),
        ({"age": "12_15"}, [30, 60]),
        ({"age": "adult"}, [240, 480]),
    ],
    ids=["P1", "P2", "P3"],
)
def test_the_rungs_of_the_ladder(
    office: Office, answers: Mapping[str, str], minutes: list[int]
) -> None:
    people = {
        "nurse": office.staff(),
        "lead": office.staff(role="lead", on_duty=False),
        "national": office.staff(DESK, "national"),
    }
    report = office.report(answers=answers)
    first, second = minutes
    assert names(office, report, **people) == {"nurse"}
    assert not climb(office, report, first - 0.1)
    assert climb(office, report, first)
    assert names(office, report, **people) == {"nurse", "lead"}
    assert not climb(office, report, second - 0.1)
    assert climb(office, report, second + 0.1)
    assert names(office, report, **people) == {"nurse", "lead", "national"}


def test_what_the_next_one_is_told(office: Office) -> None:
    office.staff()
    lead = office.staff(role="lead")
    report = office.report()
    climb(office, report, 5)
    row = office.one(Outbox, Outbox.staff_id == lead.id)
    assert (row.template, row.values) == ("alert_not_accepted", {"minutes": 5})


@pytest.mark.parametrize(("minutes", "said"), [(0.2, 1), (100_000, 999)])
def test_the_minutes_said_fit_into_the_sms(office: Office, minutes: float, said: int) -> None:
    office.staff()
    lead = office.staff(role="lead")
    report = office.report()
    office.change(Report, Report.id == report, climb_at=office.now())
    climb(office, report, minutes)
    assert office.one(Outbox, Outbox.staff_id == lead.id).values == {"minutes": said}


@pytest.mark.parametrize("first", ["lead", "national"])
def test_a_rung_on_which_nobody_stands_is_passed_at_once(office: Office, first: str) -> None:
    before = alarms("nobody_on_rung")
    people = {"national": office.staff(DESK, "national")}
    if first == "lead":
        people["lead"] = office.staff(role="lead")
    report = office.report()
    assert names(office, report, **people) == {first}
    assert office.one(Outbox).template == "alert"
    assert alarms("nobody_on_rung") == before + {"lead": 1, "national": 2}[first]
    within = office.report_now(report).climb_at
    assert within is not None
    assert within == office.report_now(report).created_at + timedelta(minutes=5)


def test_a_report_without_a_centre_goes_to_the_national_duty(office: Office) -> None:
    people = {"nurse": office.staff(), "national": office.staff(DESK, "national")}
    assert names(office, office.report(centre=None), **people) == {"national"}
    assert names(office, office.report(centre="no such centre"), **people) == {"national"}


def test_nobody_on_duty_is_an_alarm_and_is_not_the_end(office: Office) -> None:
    """A report of the night reaches whoever comes on duty in the morning."""
    before = alarms("nobody_to_alert")
    nurse = office.staff(on_duty=False)
    report = office.report("call_me", answers={})
    assert office.asked(report) == set()
    assert alarms("nobody_to_alert") == before + 1
    assert climb(office, report, 5)
    assert alarms("nobody_to_alert") == before + 2

    office.change(StaffRow, StaffRow.id == nurse.id, on_duty=True)
    assert not climb(office, report, 9.9)
    assert climb(office, report, 10.1)
    assert office.asked(report) == {nurse.id}


def test_when_everybody_was_asked_the_alarm_repeats_and_newcomers_are_asked(
    office: Office,
) -> None:
    first, later = office.staff(), office.staff(on_duty=False)
    report = office.report("call_me", answers={})
    before = alarms("nobody_accepts")
    for minutes in (30, 35.1, 40.2):
        assert climb(office, report, minutes)
    assert alarms("nobody_accepts") == before + 3
    assert office.asked(report) == {first.id}
    office.change(StaffRow, StaffRow.id == later.id, on_duty=True)
    assert climb(office, report, 45.3)
    assert office.asked(report) == {first.id, later.id}
    assert office.report_now(report).rung == 0


def at_home(office: Office) -> dict[str, Person]:
    """Somebody of each role at the centre and at the desk, and none of them on duty."""
    roles: tuple[Role, ...] = ("health", "counsellor", "investigator", "lead")
    here = {role: office.staff(role=role, on_duty=False) for role in roles}
    desk: tuple[Role, ...] = ("national", "lead", "operator", "witness")
    return here | {f"desk {role}": office.staff(DESK, role, on_duty=False) for role in desk}


EVERYBODY = {"health", "counsellor", "lead", "desk national", "desk lead"}


@pytest.mark.parametrize("consent", [False, True])
def test_a_p1_for_which_nobody_is_on_duty_wakes_everybody_at_once(
    office: Office, *, consent: bool
) -> None:
    people, elsewhere = at_home(office), office.staff(OTHER_CENTRE)
    report = office.report(investigator=consent)
    assert names(office, report, elsewhere=elsewhere, **people) == (
        EVERYBODY | ({"investigator"} if consent else set())
    )
    assert not climb(office, report, 4.9)


def test_two_who_were_switched_off_at_the_desk_hear_of_a_danger_all_the_same(
    office: Office,
) -> None:
    """A sender's number can be forged, and a danger without a place goes to the desk alone."""
    people = {name: office.staff(DESK, "national", on_duty=False) for name in ("one", "two")}
    assert names(office, office.report("danger", centre=None, answers={}), **people) == set(people)


def test_where_the_desk_is_awake_the_lead_is_asked_before_everybody(office: Office) -> None:
    people = at_home(office) | {"awake": office.staff(DESK, "national")}
    report = office.report()
    assert names(office, report, **people) == {"lead"}
    climb(office, report, 5)
    assert names(office, report, **people) == EVERYBODY | {"awake"}


def test_the_last_rung_of_a_p1_is_everybody_and_of_others_who_is_on_duty(office: Office) -> None:
    awake = {"nurse": office.staff(), "night": office.staff(DESK, "national")}
    people = at_home(office) | awake
    report, later = office.report(), office.report(answers={"age": "12_15"})
    climb(office, report, 5)
    climb(office, report, 10.1)
    assert names(office, report, **people) == EVERYBODY | set(awake)
    climb(office, later, 30)
    climb(office, later, 60.1)
    assert names(office, later, **people) == {"nurse", "lead", "night"}


def test_everybody_is_nobody_at_a_centre_that_must_not_hear_of_it(office: Office) -> None:
    people = at_home(office)
    report = office.report(avoid=(CENTRE,))
    assert names(office, report, **people) == {"desk national", "desk lead"}


def test_who_has_left_or_blocked_our_sms_is_not_among_everybody(office: Office) -> None:
    people = at_home(office)
    for name, column in (("health", "left_at"), ("desk national", "opted_out_at")):
        now = office.now()
        gone = {"opted_out_at": now, column: now}
        office.change(StaffRow, StaffRow.id == people[name].id, **gone)
    assert names(office, office.report(), **people) == EVERYBODY - {"health", "desk national"}


def test_the_investigator_of_the_desk_needs_the_consent_as_well(office: Office) -> None:
    investigator = office.staff(DESK, "investigator")
    without, with_ = (office.report(centre=None, investigator=one) for one in (False, True))
    assert investigator.id not in office.asked(without)
    assert investigator.id in office.asked(with_)


def test_no_other_centre_hears_of_it(office: Office) -> None:
    neighbour = office.staff(OTHER_CENTRE)
    report = office.report()
    for round_ in range(1, 6):
        climb(office, report, 6 * round_)
    assert neighbour.id not in office.asked(report)


def test_who_comes_on_duty_is_asked_with_the_next_rung(office: Office) -> None:
    people = {"nurse": office.staff(), "later": office.staff(on_duty=False)}
    people["lead"] = office.staff(role="lead")
    report = office.report()
    office.change(StaffRow, StaffRow.id == people["later"].id, on_duty=True)
    climb(office, report, 5)
    assert names(office, report, **people) == {"nurse", "later", "lead"}


def test_nobody_hears_of_one_report_more_than_three_times(office: Office) -> None:
    """At the end of the ladder those who did not answer are asked once more, and once more."""
    people = [office.staff(), office.staff(role="lead"), office.staff(DESK, "national")]
    report = office.report()
    sent: Counter[str] = Counter()
    for round_ in range(1, 20):
        office.make_due()
        sent += office.deliver().counted()
        office.change(Outbox, created_at=office.report_now(report).created_at)
        climb(office, report, 6 * round_)
    assert sent == {person.number: 3 for person in people}
    assert len(office.all(Alert)) == 3


def test_who_said_that_she_cannot_is_not_asked_again(office: Office) -> None:
    nurse = office.staff()
    report = office.report()
    office.change(Alert, Alert.staff_id == nurse.id, state=AlertState.DECLINED)
    for round_ in range(1, 6):
        climb(office, report, 16 * round_)
    assert len(office.all(Outbox, Outbox.staff_id == nurse.id)) == 1


def test_who_could_not_be_reached_is_tried_again_when_nobody_else_is_left(office: Office) -> None:
    """After an outage in which every SMS was lost, everybody hears of it."""
    nurse = office.staff()
    report = office.report()
    office.change(Outbox, state=OutboxState.UNKNOWN, maybe_sent=2)
    office.change(Alert, state=AlertState.UNREACHABLE)
    climb(office, report, 12)
    again = office.one(Outbox, Outbox.state == OutboxState.PENDING)
    assert (again.staff_id, again.maybe_sent) == (nurse.id, 2)


def test_a_centre_to_be_avoided_never_hears_of_it(office: Office) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    national = office.staff(DESK, "national")
    report = office.report(avoid=(CENTRE,))
    for round_ in range(1, 6):
        climb(office, report, 6 * round_)
    assert office.asked(report) == {national.id}
    assert {nurse.id, lead.id}.isdisjoint(office.asked(report))


def test_one_who_blocked_our_sms_is_not_asked(office: Office) -> None:
    nurse, other = office.staff(), office.staff()
    office.change(StaffRow, StaffRow.id == nurse.id, opted_out_at=office.now())
    assert office.asked(office.report()) == {other.id}


@pytest.mark.parametrize("state", ["accepted", "closed", "deleted", "draft"])
def test_a_report_that_is_not_waiting_never_climbs(office: Office, state: str) -> None:
    office.staff()
    office.staff(role="lead")
    report = office.report()
    office.change(Report, Report.id == report, state=state)
    assert not climb(office, report, 60)
    assert len(office.asked(report)) == 1


def test_two_clocks_climb_once(office: Office) -> None:
    """The second begins while the first has not committed."""
    office.staff()
    lead = office.staff(role="lead")
    report = office.report()
    at = office.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    climbed: list[bool] = []

    def climbs(session: Session) -> None:
        climbed.append(escalation.climb(session, office.ladder, report, at))

    office.at_once(climbs, climbs)

    assert climbed == [True, False]
    assert office.report_now(report).rung == 1
    assert len(office.all(Outbox, Outbox.staff_id == lead.id)) == 1


def accepts(session: Session, office: Office, report: str, person: Person) -> bool:
    staff = session.get_one(StaffRow, person.id)
    found = casework.find(session, staff, Report.id == report)
    assert found is not None
    return casework.accept(session, *found, staff, database.now(session))


def test_an_acceptance_that_comes_before_a_climb_ends_the_climbing(office: Office) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    report = office.report()
    at = office.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    climbed: list[bool] = []

    def climbs(session: Session) -> None:
        climbed.append(escalation.climb(session, office.ladder, report, at))

    office.at_once(lambda session: accepts(session, office, report, nurse), climbs)

    assert climbed == [False]
    assert lead.id not in office.asked(report)
    assert office.report_now(report).climb_at is None


def test_an_acceptance_that_comes_after_a_climb_ends_it_for_the_next_one_too(
    office: Office,
) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    report = office.report()
    at = office.report_now(report).created_at + timedelta(minutes=5, seconds=1)
    office.at_once(
        lambda session: escalation.climb(session, office.ladder, report, at),
        lambda session: accepts(session, office, report, nurse),
    )
    assert office.report_now(report).accepted_by == nurse.id
    states = {alert.staff_id: alert.state for alert in office.all(Alert)}
    assert states == {nurse.id: AlertState.ACCEPTED, lead.id: AlertState.SETTLED}
    assert not climb(office, report, 60)
    told = office.one(Outbox, Outbox.staff_id == lead.id, Outbox.state == "pending")
    assert told.template == "accepted_by"


def test_a_child_in_danger_that_is_filled_in_later_wakes_only_new_people(office: Office) -> None:
    """The first alert went to the national duty; then the caller names a place."""
    national = office.staff(DESK, "national")
    nurse, lead = office.staff(), office.staff(role="lead")
    call = b"one call"
    report = office.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    code = office.code(report)
    assert office.asked(report) == {national.id}

    office.report("child", answers={"danger": "now", "age": "6_11"}, completes=code, call=call)

    assert office.asked(report) == {national.id, nurse.id}
    assert len(office.all(Outbox, Outbox.staff_id == national.id)) == 1
    assert office.report_now(report).rung == 0
    assert climb(office, report, 5.1)
    assert office.asked(report) == {national.id, nurse.id, lead.id}


def test_filling_in_without_a_centre_wakes_nobody_again_and_keeps_the_time(
    office: Office,
) -> None:
    national = office.staff(DESK, "national")
    call = b"one call"
    before = {kind: alarms(kind) for kind in ("nobody_to_alert", "nobody_accepts")}
    report = office.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    until = office.report_now(report).climb_at

    office.report("child", centre=None, completes=office.code(report), call=call)

    assert office.asked(report) == {national.id}
    assert len(office.all(Outbox)) == 1
    assert office.report_now(report).climb_at == until is not None
    assert {kind: alarms(kind) for kind in before} == before


def test_filling_in_what_somebody_has_accepted_wakes_nobody(office: Office) -> None:
    national, nurse = office.staff(DESK, "national"), office.staff()
    call = b"one call"
    report = office.report("child_danger", answers={"danger": "now"}, centre=None, call=call)
    with database.writing(office.engine, "test") as session:
        accepts(session, office, report, national)
    office.report("child", completes=office.code(report), call=call)
    assert nurse.id not in office.asked(report)
    assert office.report_now(report).state == ReportState.ACCEPTED
    assert office.report_now(report).climb_at is None


def give_up(office: Office, report: str, person: Person) -> None:
    alert = office.one(Alert, Alert.report_id == report, Alert.staff_id == person.id)
    with database.writing(office.engine, "test") as session:
        escalation.give_up(session, alert.id, database.now(session))


def test_giving_up_an_alert_calls_the_next_rung_when_nobody_else_is_asked(office: Office) -> None:
    first, second, lead = office.staff(), office.staff(), office.staff(role="lead")
    report = office.report()
    give_up(office, report, first)
    assert not climb(office, report, 1)
    give_up(office, report, second)
    assert climb(office, report, 1)
    assert lead.id in office.asked(report)


@pytest.mark.parametrize("state", ["accepted", "closed", "deleted"])
def test_giving_up_an_alert_of_a_settled_report_changes_nothing(office: Office, state: str) -> None:
    nurse = office.staff()
    report = office.report()
    office.change(Report, Report.id == report, state=state, climb_at=None)
    give_up(office, report, nurse)
    assert office.report_now(report).climb_at is None
    assert office.one(Alert).state == AlertState.OPEN


def test_giving_up_on_one_who_has_said_that_she_cannot_changes_nothing(office: Office) -> None:
    """The second copy of her alert is refused after she answered the first."""
    nurse, colleague = office.staff(), office.staff()
    report = office.report()
    for person, state in ((nurse, AlertState.DECLINED), (colleague, AlertState.UNREACHABLE)):
        office.change(Alert, Alert.staff_id == person.id, state=state)
    until = office.report_now(report).climb_at
    give_up(office, report, nurse)
    assert office.one(Alert, Alert.staff_id == nurse.id).state == AlertState.DECLINED
    assert office.report_now(report).climb_at == until


def test_giving_up_while_she_accepts(office: Office) -> None:
    """The SMS is said to be refused, and she has answered it all the same."""
    nurse = office.staff()
    report = office.report()
    (alert,) = office.all(Alert)
    office.at_once(
        lambda session: accepts(session, office, report, nurse),
        lambda session: escalation.give_up(session, alert.id, database.now(session)),
    )
    assert office.report_now(report).accepted_by == nurse.id
    assert office.report_now(report).climb_at is None
    assert office.one(Alert).state == AlertState.ACCEPTED


def test_every_climb_is_in_the_audit_log(office: Office) -> None:
    office.staff()
    office.staff(role="lead")
    report = office.report(contact=SMS_NOW)
    climb(office, report, 5)
    entry = office.one(Audit, Audit.act == "escalated")
    assert (entry.actor, entry.report_id, entry.detail) == ("service", report, "rung 1")


@on_sqlite
def test_the_country_has_the_times_that_were_agreed(office: Office) -> None:
    assert office.pack.escalation == {"P1": (5, 10, 15), "P2": (30, 60), "P3": (240,)}
