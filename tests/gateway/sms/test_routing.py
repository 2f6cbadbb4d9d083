"""Which provider takes an SMS: long outages spend no sends, and nothing waits after they end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from gateway.runtime.phones import Msisdn
from gateway.sms import routing
from gateway.sms.outbox import BACKOFF, MOST_SENDS
from gateway.sms.providers import health as healths
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    Refused,
    TryLater,
    Unknown,
)
from gateway.sms.routing import Fleet, Routes, only
from gateway.store.models import Outbox, OutboxState, ProviderHealth, Report
from tests.alarm_counts import alarms
from tests.provider_outages import BAD, SEEN, Day, MoodyProvider, ProviderOutages, shift
from tests.samples import CALLER, OTHER_CENTRE
from tests.sms_provider import Provider
from tests.staff_and_reports import SMS_NOW, StaffAndReports, on_sqlite
from workers.deliver import AT_ONCE, Delivery
from workers.probe import Probing

HALF_A_MINUTE = timedelta(seconds=30)
AN_HOUR = timedelta(hours=1)

NOT_SENT: list[Outcome] = [TryLater("no connection"), OperatorFault("insufficient balance")]


def two(
    records: StaffAndReports, first: Day = "fine", second: Day = "fine"
) -> tuple[ProviderOutages, MoodyProvider, MoodyProvider]:
    """Two providers of which the first is asked first."""
    one, other = MoodyProvider("first", day=first), MoodyProvider("second", day=second)
    outages = ProviderOutages(records, one, other)
    outages.sends_through(Fleet(outages.fleet.shares, chance=lambda: 0.0))
    return outages, one, other


@pytest.mark.parametrize("outcome", NOT_SENT)
def test_what_was_certainly_not_sent_goes_to_the_other_provider_in_the_same_drain(
    records: StaffAndReports, outcome: Outcome
) -> None:
    outages, one, other = two(records)
    one.does = lambda number: outcome
    person = records.staff()
    records.queue(person)
    records.report(contact=SMS_NOW, centre="kigeme")

    outages.drain()

    assert other.counted() == one.counted() == {person.number: 1, CALLER: 1}
    assert records.outcomes() == {"accepted": 2}
    assert {row.provider for row in records.all(Outbox)} == {"second"}


def test_after_doubt_staff_are_written_to_through_the_other_provider_and_a_caller_never(
    records: StaffAndReports,
) -> None:
    outages, one, other = two(records, "losing")
    person = records.staff(OTHER_CENTRE, on_duty=False)  # The report is not for her.
    records.queue(person)
    records.report(contact=SMS_NOW)
    outages.drain()
    assert other.taken == []

    shift(records, timedelta(seconds=10))
    outages.drain()

    assert other.counted() == {person.number: 1}
    assert one.counted() == {person.number: 1, CALLER: 1}
    assert records.outcomes() == {"accepted": 1, "unknown": 1}


def test_when_no_provider_takes_it_all_are_tried_again_after_a_pause(
    records: StaffAndReports,
) -> None:
    outages, one, other = two(records)
    one.does = other.does = lambda number: NOT_SENT[0]
    records.queue(records.staff())
    outages.drain()
    assert (len(one.taken), len(other.taken)) == (1, 1)
    row = records.one(Outbox)
    assert (row.maybe_sent, row.tried) == (0, [])
    assert records.now() < row.due_at <= records.now() + BACKOFF[1]

    shift(records, BACKOFF[1])
    outages.drain()
    assert (len(one.taken), len(other.taken)) == (2, 2)


def test_three_sends_are_enough_over_all_providers(records: StaffAndReports) -> None:
    outages, one, other = two(records, "losing", "losing")
    person = records.staff()
    records.queue(person)
    outages.passes(AN_HOUR, timedelta(minutes=1))
    assert len(one.taken) + len(other.taken) == MOST_SENDS
    assert min(len(one.taken), len(other.taken)) == 1


@on_sqlite
@pytest.mark.parametrize("day", SEEN)
@pytest.mark.parametrize(("minutes", "count"), [(60, 1), (60, 20), (2, 1), (3, 20)])
def test_an_outage_of_any_length_spends_no_last_send_and_what_waited_leaves_when_it_ends(
    records: StaffAndReports, day: Day, minutes: int, count: int
) -> None:
    """The one provider there is fails altogether."""
    moody = MoodyProvider(day=day)
    outages = ProviderOutages(records, moody)
    people = [records.staff() for _ in range(count)]
    for person in people:
        records.queue(person)
    outages.passes(timedelta(minutes=minutes), timedelta(seconds=max(10, minutes)))
    assert records.outcomes() == {"pending": count}
    assert max(moody.possible.values(), default=0) < MOST_SENDS

    moody.day = "fine"
    took = outages.until(lambda: records.outcomes() == {"accepted": count}, HALF_A_MINUTE)

    assert took <= HALF_A_MINUTE
    assert max(moody.possible.values()) <= MOST_SENDS


@on_sqlite
@pytest.mark.parametrize("first", ["hanging", "refusing"])
@pytest.mark.parametrize("second", ["swallowing", "poor"])
def test_the_same_with_two_providers_of_which_one_comes_back(
    records: StaffAndReports, first: Day, second: Day
) -> None:
    outages, one, other = two(records, first, second)
    for _ in range(5):
        records.queue(records.staff())
    outages.passes(AN_HOUR, timedelta(minutes=1))
    assert records.outcomes() == {"pending": 5}
    other.day = "fine"
    outages.until(lambda: records.outcomes() == {"accepted": 5}, HALF_A_MINUTE)
    assert max((one.possible + other.possible).values()) <= MOST_SENDS


@on_sqlite
def test_in_an_outage_one_sms_at_a_time_is_risked_and_the_least_sent_first(
    records: StaffAndReports,
) -> None:
    moody = MoodyProvider(day="losing")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff(), 40)
    outages.drain()
    assert len(moody.taken) == AT_ONCE + 1, "all at once, and then one that is risked"

    shift(records, healths.RISK_EVERY)
    outages.drain()

    assert len(moody.taken) == AT_ONCE + 2
    assert Counter(row.maybe_sent for row in records.all(Outbox)) == {1: AT_ONCE + 2, 0: 22}


@on_sqlite
def test_a_caller_is_no_canary_and_her_sms_is_dropped_in_its_time(records: StaffAndReports) -> None:
    moody = MoodyProvider(day="refusing")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff(), 3)
    outages.drain()
    records.report(contact=SMS_NOW, centre="kigeme")
    outages.passes(timedelta(minutes=14))
    assert CALLER not in moody.counted()
    assert records.outcomes(Outbox.audience == "caller") == {"pending": 1}
    outages.passes(timedelta(minutes=2))
    assert records.outcomes(Outbox.audience == "caller") == {"dropped": 1}
    assert CALLER not in moody.counted()


@on_sqlite
def test_where_nothing_waits_for_staff_a_callers_sms_finds_out_that_an_outage_is_over(
    records: StaffAndReports,
) -> None:
    moody = MoodyProvider(day="hanging")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff(), 3)
    outages.passes(timedelta(minutes=2))
    records.change(Outbox, state=OutboxState.DROPPED)
    records.report(contact=SMS_NOW, centre="kigeme")
    outages.passes(timedelta(minutes=2))
    assert CALLER not in moody.counted()

    moody.day = "fine"
    outages.until(lambda: moody.counted()[CALLER] == 1, HALF_A_MINUTE)


@on_sqlite
def test_a_provider_that_answers_probes_and_loses_sms_gets_last_sends_singly(
    records: StaffAndReports,
) -> None:
    """What the docstring of gateway.sms.providers.health says that it cannot see."""
    moody = MoodyProvider(day="losing")
    outages = ProviderOutages(records, moody)
    for _ in range(3):
        records.queue(records.staff())
    outages.passes(timedelta(minutes=4))
    assert records.outcomes() == {"pending": 3}
    assert sum(moody.possible.values()) == 6
    outages.passes(timedelta(minutes=4))
    assert records.outcomes() == {"pending": 2, "unknown": 1}

    moody.day = "fine"
    outages.until(lambda: not records.outcomes()["pending"], healths.LAST_RESORT + HALF_A_MINUTE)
    assert records.outcomes() == {"accepted": 2, "unknown": 1}


@on_sqlite
def test_one_alert_alone_keeps_its_last_send_from_a_provider_in_doubt(
    records: StaffAndReports,
) -> None:
    """Two failures are no outage yet; but nobody knows what became of either."""
    moody = MoodyProvider(day="losing")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff())
    outages.passes(timedelta(minutes=4))
    assert (len(moody.taken), outages.health().failing_since) == (2, None)
    outages.passes(timedelta(minutes=2))
    assert len(moody.taken) == MOST_SENDS


@on_sqlite
def test_one_number_that_always_fails_holds_up_no_other(records: StaffAndReports) -> None:
    cursed = records.staff()
    moody = MoodyProvider(day="refusing")
    outages = ProviderOutages(records, moody)
    records.queue(cursed)
    outages.passes(timedelta(minutes=5))
    others = [records.staff() for _ in range(5)]
    for person in others:
        records.queue(person)
    outages.passes(timedelta(minutes=1))

    moody.day = "fine"
    moody.does = lambda number: NOT_SENT[0] if number == cursed.number else None

    outages.until(lambda: records.outcomes() == {"accepted": 5, "pending": 1}, HALF_A_MINUTE)


@on_sqlite
def test_a_probe_that_is_broken_keeps_no_provider_down(records: StaffAndReports) -> None:
    moody = MoodyProvider(day="hanging")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff(), 5)
    outages.passes(timedelta(minutes=2))
    moody.does = lambda number: None  # It takes SMS again, and still answers no probe.
    outages.until(
        lambda: records.outcomes() == {"accepted": 5}, healths.RISK_BLINDLY_EVERY + HALF_A_MINUTE
    )


@on_sqlite
def test_what_settled_meanwhile_does_not_use_up_the_one_that_may_be_risked(
    records: StaffAndReports,
) -> None:
    moody = MoodyProvider(day="refusing")
    outages = ProviderOutages(records, moody)
    nurse = records.staff()
    for _ in range(5):
        records.report()
    outages.passes(timedelta(minutes=1))
    records.queue(nurse)
    records.change(Outbox, Outbox.report_id.is_(None), attempt=99)  # It is risked last.
    records.change(Report, state="closed")
    moody.day = "fine"
    outages.until(lambda: records.outcomes()["accepted"] == 1, HALF_A_MINUTE)
    assert records.outcomes()["dropped"] >= 5


def test_two_workers_risk_one_sms_between_them(records: StaffAndReports) -> None:
    moody = MoodyProvider(day="losing")
    outages = ProviderOutages(records, moody)
    records.queue(records.staff(), 8)
    outages.drain()
    before = len(moody.taken)
    shift(records, healths.RISK_EVERY)
    records.together(outages.drain, outages.drain, outages.drain)
    assert len(moody.taken) == before + 1


def test_after_an_outage_few_leave_at_once_at_first(records: StaffAndReports) -> None:
    routes = {
        points: Routes(only(Provider()), {"test": ProviderHealth(points=points)}, datetime.now(UTC))
        for points in (healths.LEAST, 50, healths.FULL)
    }
    assert [routes[points].at_once(AT_ONCE) for points in routes] == [2, 8, 16]


def test_the_shares_of_providers_that_are_well(records: StaffAndReports) -> None:
    chance = random.Random(1)  # noqa: S311
    one, other = Provider("one"), Provider("other")
    fleet = Fleet([(one, 10), (other, 5)], chance.random)
    records.queue(records.staff(), 300)
    Delivery(records.engine, records.composer, fleet).drain()
    assert len(one.taken) + len(other.taken) == 300
    assert 170 < len(one.taken) < 230


@on_sqlite
def test_points_move_away_from_a_failing_provider_and_back(records: StaffAndReports) -> None:
    outages, one, other = two(records, "refusing")
    records.queue(records.staff(), 3)
    outages.drain()
    assert outages.health("first").points < outages.health("second").points
    assert records.outcomes() == {"accepted": 3}

    one.day = "fine"
    outages.passes(timedelta(seconds=30))
    for _ in range(12):
        records.queue(records.staff())
        outages.passes(timedelta(seconds=20))

    assert outages.health("first").points == healths.FULL
    assert one.possible
    assert other.possible


def test_health_costs_one_look_for_each_batch_and_no_write(records: StaffAndReports) -> None:
    records.queue(records.staff(), AT_ONCE)
    records.deliver()
    records.queue(records.staff(), AT_ONCE)
    seen: list[str] = []

    def listen(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(records.engine, "before_cursor_execute", listen)
    records.deliver()
    event.remove(records.engine, "before_cursor_execute", listen)
    claims = [one for one in seen if "FROM outbox" in one and "ORDER BY" in one]
    about_health = [one for one in seen if "providers" in one]
    assert len(about_health) <= len(claims)
    assert not [one for one in about_health if not one.startswith("SELECT")]


def test_the_operator_is_told_that_a_provider_fails(records: StaffAndReports) -> None:
    before = alarms("provider_failing")
    operator = records.staff(role="operator")
    outages, _one, other = two(records, "refusing")
    records.queue(records.staff(), 5)
    outages.drain()
    assert alarms("provider_failing") == before + 1
    assert other.counted()[operator.number] == 1
    outages.passes(timedelta(minutes=2))
    assert alarms("provider_failing") == before + 1


class Bank(Provider):
    """A provider with credit."""

    balance: Decimal | None = Decimal(100)

    def probe(self) -> Pulse:
        return Pulse(alive=True, balance=self.balance)


def test_a_low_balance_is_an_alarm_once_a_day(records: StaffAndReports) -> None:
    records.staff(role="operator")
    bank = Bank()
    probing = Probing(records.engine, only(bank), low_balance=Decimal(50))
    told = []
    for balance in (Decimal(50), Decimal("49.99"), Decimal(3), None, Decimal(60), Decimal(4)):
        before = alarms("balance_low")
        bank.balance = balance
        shift(records, healths.PROBE_EVERY)
        assert probing.look() == 1
        told.append(alarms("balance_low") - before)
    assert told == [0, 1, 0, 0, 0, 1]
    shift(records, timedelta(hours=23))
    probing.look()
    assert alarms("balance_low") == before + 1
    shift(records, timedelta(hours=1))
    probing.look()
    assert alarms("balance_low") == before + 2


def test_a_provider_that_is_well_is_probed_now_and_then_and_one_in_trouble_often(
    records: StaffAndReports,
) -> None:
    outages = ProviderOutages(records, MoodyProvider())
    assert [outages.probing.look() for _ in range(3)] == [1, 0, 0]
    shift(records, healths.PROBE_EVERY)
    assert outages.probing.look() == 1
    records.change(ProviderHealth, failures=1)
    assert outages.probing.look() == 0
    shift(records, healths.PROBE_IN_TROUBLE_EVERY)
    assert outages.probing.look() == 1


def test_each_probe_is_made_by_one_clock(records: StaffAndReports) -> None:
    asked = Counter[str]()

    class Counting(Provider):
        def probe(self) -> Pulse:
            asked[self.name] += 1
            return Pulse(alive=True)

    probing = Probing(records.engine, Fleet([(Counting("a"), 1), (Counting("b"), 1)]))
    records.together(probing.look, probing.look, probing.look)
    assert asked == {"a": 1, "b": 1}


def test_a_probe_that_raises_is_a_probe_that_fails(records: StaffAndReports) -> None:
    class Raising(Provider):
        def probe(self) -> Pulse:
            raise ZeroDivisionError

    assert Probing(records.engine, only(Raising())).look() == 1
    assert not records.one(ProviderHealth).alive


OUTCOMES: list[Outcome] = [
    Accepted("id"),
    Refused("risk hold"),
    TryLater("no connection"),
    TryLater("rejected by gateway", most=2),
    OperatorFault("insufficient balance"),
    Unknown("no answer"),
]
LESSONS = st.one_of(st.sampled_from(OUTCOMES), st.booleans().map(lambda alive: Pulse(alive=alive)))


@given(st.lists(st.tuples(LESSONS, st.integers(0, 600)), max_size=60))
def test_whatever_happens_points_stay_in_bounds_and_come_back(
    lessons: Sequence[tuple[Outcome | Pulse, int]],
) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    one = healths.newcomer("test")
    for lesson, seconds in lessons:
        at += timedelta(seconds=seconds)
        if isinstance(lesson, Pulse):
            healths.feel(one, lesson, at)
        else:
            healths.learn(one, lesson, at)
        assert healths.LEAST <= one.points <= healths.FULL
        assert healths.is_failing(one) == (one.failures >= healths.FAILING_AFTER)
        assert healths.is_well(one) <= (not healths.is_failing(one))
    healths.feel(one, Pulse(alive=True), at)
    later = at + healths.LAST_RESORT
    assert healths.is_sure(one, later), "in the end every SMS finds its way"
    assert healths.is_failing(one) == (healths.risk(one, later, alone=False) == "last")
    for _ in range(10):
        healths.learn(one, Accepted("id"), at)
    assert (one.points, one.failures, one.failing_since) == (healths.FULL, 0, None)


@on_sqlite
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    days=st.lists(
        st.tuples(
            st.sampled_from(["fine", *BAD]), st.sampled_from(["fine", *BAD]), st.integers(1, 12)
        ),
        max_size=4,
    ),
    seed=st.integers(0, 1_000),
)
def test_in_any_weather_staff_get_three_sms_at_most_and_a_caller_one(
    records: StaffAndReports, days: Sequence[tuple[Day, Day, int]], seed: int
) -> None:
    """And when it is fine again for both, nothing waits for longer than the last resort."""
    records.change(Outbox, state=OutboxState.DROPPED)
    records.change(Report, escalate_at=None)
    one, other = MoodyProvider("first"), MoodyProvider("second")
    outages = ProviderOutages(records, one, other, seed=seed)
    for first, second, half_minutes in days:
        one.day, other.day = first, second
        records.queue(records.staff(OTHER_CENTRE, on_duty=False), 1)
        records.report(contact=SMS_NOW)
        outages.passes(half_minutes * HALF_A_MINUTE, HALF_A_MINUTE)
    one.day = other.day = "fine"
    outages.passes(healths.LAST_RESORT + 2 * HALF_A_MINUTE, HALF_A_MINUTE)

    possible = one.possible + other.possible
    mine = possible.pop(CALLER, 0)
    assert mine <= len(days)
    assert max(possible.values(), default=0) <= MOST_SENDS
    assert not records.outcomes().keys() & {"pending", "sending"}
    for name in ("first", "second"):
        assert healths.LEAST <= outages.health(name).points <= healths.FULL


def test_a_fleet_knows_its_providers_by_name() -> None:
    one = Provider("one")
    assert only(one)["one"] is one
    send: Callable[[Msisdn, str], Outcome] = only(one)["one"].send
    assert isinstance(send(Msisdn("+250788000000"), "x"), Accepted)
    assert routing.only(one).weights == {"one": 1}
