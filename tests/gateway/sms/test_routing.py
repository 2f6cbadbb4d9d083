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

from gateway.runtime.metrics import ALARMS
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
from tests.provider_outages import BAD, SEEN, Day, Vane, Weather, shift
from tests.staff_and_reports import CALLER, OTHER_CENTRE, SMS_NOW, Office, Provider, on_sqlite
from workers.deliver import AT_ONCE, Delivery
from workers.probe import Probing

HALF_A_MINUTE = timedelta(seconds=30)
AN_HOUR = timedelta(hours=1)

NOT_SENT: list[Outcome] = [TryLater("no connection"), OperatorFault("insufficient balance")]


def alarms(kind: str) -> float:
    return float(ALARMS.labels(kind)._value.get())


def two(office: Office, first: Day = "fine", second: Day = "fine") -> tuple[Weather, Vane, Vane]:
    """Two providers of which the first is asked first."""
    one, other = Vane("first", day=first), Vane("second", day=second)
    weather = Weather(office, one, other)
    weather.sends_through(Fleet(weather.fleet.shares, chance=lambda: 0.0))
    return weather, one, other


@pytest.mark.parametrize("outcome", NOT_SENT)
def test_what_was_certainly_not_sent_goes_to_the_other_provider_in_the_same_drain(
    office: Office, outcome: Outcome
) -> None:
    weather, one, other = two(office)
    one.does = lambda number: outcome
    person = office.staff()
    office.queue(person)
    office.report(contact=SMS_NOW, centre="kigeme")

    weather.drain()

    assert other.counted() == one.counted() == {person.number: 1, CALLER: 1}
    assert office.outcomes() == {"accepted": 2}
    assert {row.provider for row in office.all(Outbox)} == {"second"}


def test_after_doubt_staff_are_written_to_through_the_other_provider_and_a_caller_never(
    office: Office,
) -> None:
    weather, one, other = two(office, "losing")
    person = office.staff(OTHER_CENTRE, on_duty=False)  # The report is not for her.
    office.queue(person)
    office.report(contact=SMS_NOW)
    weather.drain()
    assert other.taken == []

    shift(office, timedelta(seconds=10))
    weather.drain()

    assert other.counted() == {person.number: 1}
    assert one.counted() == {person.number: 1, CALLER: 1}
    assert office.outcomes() == {"accepted": 1, "unknown": 1}


def test_when_no_provider_takes_it_all_are_tried_again_after_a_pause(office: Office) -> None:
    weather, one, other = two(office)
    one.does = other.does = lambda number: NOT_SENT[0]
    office.queue(office.staff())
    weather.drain()
    assert (len(one.taken), len(other.taken)) == (1, 1)
    row = office.one(Outbox)
    assert (row.maybe_sent, row.tried) == (0, [])
    assert office.now() < row.due_at <= office.now() + BACKOFF[1]

    shift(office, BACKOFF[1])
    weather.drain()
    assert (len(one.taken), len(other.taken)) == (2, 2)


def test_three_sends_are_enough_over_all_providers(office: Office) -> None:
    weather, one, other = two(office, "losing", "losing")
    person = office.staff()
    office.queue(person)
    weather.passes(AN_HOUR, timedelta(minutes=1))
    assert len(one.taken) + len(other.taken) == MOST_SENDS
    assert min(len(one.taken), len(other.taken)) == 1


@on_sqlite
@pytest.mark.parametrize("day", SEEN)
@pytest.mark.parametrize(("minutes", "count"), [(60, 1), (60, 20), (2, 1), (3, 20)])
def test_an_outage_of_any_length_spends_no_last_send_and_what_waited_leaves_when_it_ends(
    office: Office, day: Day, minutes: int, count: int
) -> None:
    """The one provider there is fails altogether."""
    vane = Vane(day=day)
    weather = Weather(office, vane)
    people = [office.staff() for _ in range(count)]
    for person in people:
        office.queue(person)
    weather.passes(timedelta(minutes=minutes), timedelta(seconds=max(10, minutes)))
    assert office.outcomes() == {"pending": count}
    assert max(vane.possible.values(), default=0) < MOST_SENDS

    vane.day = "fine"
    took = weather.until(lambda: office.outcomes() == {"accepted": count}, HALF_A_MINUTE)

    assert took <= HALF_A_MINUTE
    assert max(vane.possible.values()) <= MOST_SENDS


@on_sqlite
@pytest.mark.parametrize("first", ["hanging", "refusing"])
@pytest.mark.parametrize("second", ["swallowing", "poor"])
def test_the_same_with_two_providers_of_which_one_comes_back(
    office: Office, first: Day, second: Day
) -> None:
    weather, one, other = two(office, first, second)
    for _ in range(5):
        office.queue(office.staff())
    weather.passes(AN_HOUR, timedelta(minutes=1))
    assert office.outcomes() == {"pending": 5}
    other.day = "fine"
    weather.until(lambda: office.outcomes() == {"accepted": 5}, HALF_A_MINUTE)
    assert max((one.possible + other.possible).values()) <= MOST_SENDS


@on_sqlite
def test_in_an_outage_one_sms_at_a_time_is_risked_and_the_least_sent_first(office: Office) -> None:
    vane = Vane(day="losing")
    weather = Weather(office, vane)
    office.queue(office.staff(), 40)
    weather.drain()
    assert len(vane.taken) == AT_ONCE + 1, "all at once, and then one that is risked"

    shift(office, healths.RISK_EVERY)
    weather.drain()

    assert len(vane.taken) == AT_ONCE + 2
    assert Counter(row.maybe_sent for row in office.all(Outbox)) == {1: AT_ONCE + 2, 0: 22}


@on_sqlite
def test_a_caller_is_no_canary_and_her_sms_is_dropped_in_its_time(office: Office) -> None:
    vane = Vane(day="refusing")
    weather = Weather(office, vane)
    office.queue(office.staff(), 3)
    weather.drain()
    office.report(contact=SMS_NOW, centre="kigeme")
    weather.passes(timedelta(minutes=14))
    assert CALLER not in vane.counted()
    assert office.outcomes(Outbox.audience == "caller") == {"pending": 1}
    weather.passes(timedelta(minutes=2))
    assert office.outcomes(Outbox.audience == "caller") == {"dropped": 1}
    assert CALLER not in vane.counted()


@on_sqlite
def test_where_nothing_waits_for_staff_a_callers_sms_finds_out_that_an_outage_is_over(
    office: Office,
) -> None:
    vane = Vane(day="hanging")
    weather = Weather(office, vane)
    office.queue(office.staff(), 3)
    weather.passes(timedelta(minutes=2))
    office.change(Outbox, state=OutboxState.DROPPED)
    office.report(contact=SMS_NOW, centre="kigeme")
    weather.passes(timedelta(minutes=2))
    assert CALLER not in vane.counted()

    vane.day = "fine"
    weather.until(lambda: vane.counted()[CALLER] == 1, HALF_A_MINUTE)


@on_sqlite
def test_a_provider_that_answers_probes_and_loses_sms_gets_last_sends_singly(
    office: Office,
) -> None:
    """What the docstring of gateway.sms.providers.health says that it cannot see."""
    vane = Vane(day="losing")
    weather = Weather(office, vane)
    for _ in range(3):
        office.queue(office.staff())
    weather.passes(timedelta(minutes=4))
    assert office.outcomes() == {"pending": 3}
    assert sum(vane.possible.values()) == 6
    weather.passes(timedelta(minutes=4))
    assert office.outcomes() == {"pending": 2, "unknown": 1}

    vane.day = "fine"
    weather.until(lambda: not office.outcomes()["pending"], healths.LAST_RESORT + HALF_A_MINUTE)
    assert office.outcomes() == {"accepted": 2, "unknown": 1}


@on_sqlite
def test_one_alert_alone_keeps_its_last_send_from_a_provider_in_doubt(office: Office) -> None:
    """Two failures are no outage yet; but nobody knows what became of either."""
    vane = Vane(day="losing")
    weather = Weather(office, vane)
    office.queue(office.staff())
    weather.passes(timedelta(minutes=4))
    assert (len(vane.taken), weather.health().failing_since) == (2, None)
    weather.passes(timedelta(minutes=2))
    assert len(vane.taken) == MOST_SENDS


@on_sqlite
def test_one_number_that_always_fails_holds_up_no_other(office: Office) -> None:
    cursed = office.staff()
    vane = Vane(day="refusing")
    weather = Weather(office, vane)
    office.queue(cursed)
    weather.passes(timedelta(minutes=5))
    others = [office.staff() for _ in range(5)]
    for person in others:
        office.queue(person)
    weather.passes(timedelta(minutes=1))

    vane.day = "fine"
    vane.does = lambda number: NOT_SENT[0] if number == cursed.number else None

    weather.until(lambda: office.outcomes() == {"accepted": 5, "pending": 1}, HALF_A_MINUTE)


@on_sqlite
def test_a_probe_that_is_broken_keeps_no_provider_down(office: Office) -> None:
    vane = Vane(day="hanging")
    weather = Weather(office, vane)
    office.queue(office.staff(), 5)
    weather.passes(timedelta(minutes=2))
    vane.does = lambda number: None  # It takes SMS again, and still answers no probe.
    weather.until(
        lambda: office.outcomes() == {"accepted": 5}, healths.RISK_BLINDLY_EVERY + HALF_A_MINUTE
    )


@on_sqlite
def test_what_settled_meanwhile_does_not_use_up_the_one_that_may_be_risked(office: Office) -> None:
    vane = Vane(day="refusing")
    weather = Weather(office, vane)
    nurse = office.staff()
    for _ in range(5):
        office.report()
    weather.passes(timedelta(minutes=1))
    office.queue(nurse)
    office.change(Outbox, Outbox.report_id.is_(None), attempt=99)  # It is risked last.
    office.change(Report, state="closed")
    vane.day = "fine"
    weather.until(lambda: office.outcomes()["accepted"] == 1, HALF_A_MINUTE)
    assert office.outcomes()["dropped"] >= 5


def test_two_workers_risk_one_sms_between_them(office: Office) -> None:
    vane = Vane(day="losing")
    weather = Weather(office, vane)
    office.queue(office.staff(), 8)
    weather.drain()
    before = len(vane.taken)
    shift(office, healths.RISK_EVERY)
    office.together(weather.drain, weather.drain, weather.drain)
    assert len(vane.taken) == before + 1


def test_after_an_outage_few_leave_at_once_at_first(office: Office) -> None:
    routes = {
        points: Routes(only(Provider()), {"test": ProviderHealth(points=points)}, datetime.now(UTC))
        for points in (healths.LEAST, 50, healths.FULL)
    }
    assert [routes[points].at_once(AT_ONCE) for points in routes] == [2, 8, 16]


def test_the_shares_of_providers_that_are_well(office: Office) -> None:
    chance = random.Random(1)  # noqa: S311
    one, other = Provider("one"), Provider("other")
    fleet = Fleet([(one, 10), (other, 5)], chance.random)
    office.queue(office.staff(), 300)
    Delivery(office.engine, office.letters, fleet).drain()
    assert len(one.taken) + len(other.taken) == 300
    assert 170 < len(one.taken) < 230


@on_sqlite
def test_points_move_away_from_a_failing_provider_and_back(office: Office) -> None:
    weather, one, other = two(office, "refusing")
    office.queue(office.staff(), 3)
    weather.drain()
    assert weather.health("first").points < weather.health("second").points
    assert office.outcomes() == {"accepted": 3}

    one.day = "fine"
    weather.passes(timedelta(seconds=30))
    for _ in range(12):
        office.queue(office.staff())
        weather.passes(timedelta(seconds=20))

    assert weather.health("first").points == healths.FULL
    assert one.possible
    assert other.possible


def test_health_costs_one_look_for_each_batch_and_no_write(office: Office) -> None:
    office.queue(office.staff(), AT_ONCE)
    office.deliver()
    office.queue(office.staff(), AT_ONCE)
    seen: list[str] = []

    def listen(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(office.engine, "before_cursor_execute", listen)
    office.deliver()
    event.remove(office.engine, "before_cursor_execute", listen)
    claims = [one for one in seen if "FROM outbox" in one and "ORDER BY" in one]
    about_health = [one for one in seen if "providers" in one]
    assert len(about_health) <= len(claims)
    assert not [one for one in about_health if not one.startswith("SELECT")]


def test_the_operator_is_told_that_a_provider_fails(office: Office) -> None:
    before = alarms("provider_failing")
    operator = office.staff(role="operator")
    weather, _one, other = two(office, "refusing")
    office.queue(office.staff(), 5)
    weather.drain()
    assert alarms("provider_failing") == before + 1
    assert other.counted()[operator.number] == 1
    weather.passes(timedelta(minutes=2))
    assert alarms("provider_failing") == before + 1


class Bank(Provider):
    """A provider with credit."""

    balance: Decimal | None = Decimal(100)

    def probe(self) -> Pulse:
        return Pulse(alive=True, balance=self.balance)


def test_a_low_balance_is_an_alarm_once_a_day(office: Office) -> None:
    office.staff(role="operator")
    bank = Bank()
    probing = Probing(office.engine, only(bank), low_balance=Decimal(50))
    told = []
    for balance in (Decimal(50), Decimal("49.99"), Decimal(3), None, Decimal(60), Decimal(4)):
        before = alarms("balance_low")
        bank.balance = balance
        shift(office, healths.PROBE_EVERY)
        assert probing.look() == 1
        told.append(alarms("balance_low") - before)
    assert told == [0, 1, 0, 0, 0, 1]
    shift(office, timedelta(hours=23))
    probing.look()
    assert alarms("balance_low") == before + 1
    shift(office, timedelta(hours=1))
    probing.look()
    assert alarms("balance_low") == before + 2


def test_a_provider_that_is_well_is_probed_now_and_then_and_one_in_trouble_often(
    office: Office,
) -> None:
    weather = Weather(office, Vane())
    assert [weather.probing.look() for _ in range(3)] == [1, 0, 0]
    shift(office, healths.PROBE_EVERY)
    assert weather.probing.look() == 1
    office.change(ProviderHealth, failures=1)
    assert weather.probing.look() == 0
    shift(office, healths.PROBE_IN_TROUBLE_EVERY)
    assert weather.probing.look() == 1


def test_each_probe_is_made_by_one_clock(office: Office) -> None:
    asked = Counter[str]()

    class Counting(Provider):
        def probe(self) -> Pulse:
            asked[self.name] += 1
            return Pulse(alive=True)

    probing = Probing(office.engine, Fleet([(Counting("a"), 1), (Counting("b"), 1)]))
    office.together(probing.look, probing.look, probing.look)
    assert asked == {"a": 1, "b": 1}


def test_a_probe_that_raises_is_a_probe_that_fails(office: Office) -> None:
    class Raising(Provider):
        def probe(self) -> Pulse:
            raise ZeroDivisionError

    assert Probing(office.engine, only(Raising())).look() == 1
    assert not office.one(ProviderHealth).alive


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
    office: Office, days: Sequence[tuple[Day, Day, int]], seed: int
) -> None:
    """And when it is fine again for both, nothing waits for longer than the last resort."""
    office.change(Outbox, state=OutboxState.DROPPED)
    office.change(Report, climb_at=None)
    one, other = Vane("first"), Vane("second")
    weather = Weather(office, one, other, seed=seed)
    for first, second, half_minutes in days:
        one.day, other.day = first, second
        office.queue(office.staff(OTHER_CENTRE, on_duty=False), 1)
        office.report(contact=SMS_NOW)
        weather.passes(half_minutes * HALF_A_MINUTE, HALF_A_MINUTE)
    one.day = other.day = "fine"
    weather.passes(healths.LAST_RESORT + 2 * HALF_A_MINUTE, HALF_A_MINUTE)

    possible = one.possible + other.possible
    mine = possible.pop(CALLER, 0)
    assert mine <= len(days)
    assert max(possible.values(), default=0) <= MOST_SENDS
    assert not office.outcomes().keys() & {"pending", "sending"}
    for name in ("first", "second"):
        assert healths.LEAST <= weather.health(name).points <= healths.FULL


def test_a_fleet_knows_its_providers_by_name() -> None:
    one = Provider("one")
    assert only(one)["one"] is one
    send: Callable[[Msisdn, str], Outcome] = only(one)["one"].send
    assert isinstance(send(Msisdn("+250788000000"), "x"), Accepted)
    assert routing.only(one).weights == {"one": 1}
