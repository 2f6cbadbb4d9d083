"""The bounds of one number, in any order of calls, reports and mishaps."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import func, select
from structlog.testing import capture_logs

from gateway.conversation.contract import Done, Occasion
from gateway.conversation.cumulative import CumulativeConversation, Request
from gateway.conversation.incremental import Message
from gateway.conversation.limits import DAY, HOUR, Bound, Limits, blurred, bounds
from gateway.conversation.sessions import Sessions
from gateway.country.pack import Pack
from gateway.runtime import phones
from gateway.runtime.settings import Settings
from gateway.staff import roster
from gateway.staff.roster import NewStaff
from gateway.store import database
from gateway.store.models import Outbox
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import emergency, short, welcome
from menus.engine import Engine, Page, State
from menus.intents import Intent, Send
from menus.script import Caller
from menus.speech import Speech
from tests.gateway.web.ussd_wire import FIRST, RedisSwitch, SwitchedProcess, wire
from tests.menus.fakes import few
from tests.samples import CALLER
from tests.services import wait_until
from tests.shared_parts import open_centres

BOUNDS = (Bound("call", HOUR, 3), Bound("report", HOUR, 2), Bound("report", DAY, 4))
OTHER = "+250788000999"
KNOWN = {short.LIMITED: "yes"}

ENGINE = Engine(welcome.first, few(), Speech({}))
FIRST_SCREEN = ENGINE.page(ENGINE.begin("en"))


@dataclass
class Diary:
    """Does nothing, and writes down what was reported."""

    reported: list[str] = field(default_factory=list)

    def do(self, intent: Intent, step: Occasion) -> Done:
        if isinstance(intent, Send):
            self.reported.append(intent.about)
        return Done({"ref": "123455"})

    def ring(self) -> None:
        """Nobody listens."""


class Number:
    """A number that calls; we count beside what it is counted to have done."""

    def __init__(self, redis: Redis, vault: Vault, number: str) -> None:
        self._redis, self._diary = redis, Diary()
        self._number = phones.parse(number)
        self._limits = Limits(BOUNDS, lambda one: vault.fingerprint("limits", "uses", one.reveal()))
        sessions = Sessions(redis, vault)
        self._line = CumulativeConversation(
            ENGINE, sessions, self._diary, self._diary, "en", self._limits
        )
        self._calls = itertools.count(1)
        self.counts = dict.fromkeys(BOUNDS, 0)

    @property
    def is_limited(self) -> bool:
        return any(count >= bound.most for bound, count in self.counts.items())

    def call(self, *keys: str) -> str:
        """Dial and press these keys; the last screen. Every call begins alike."""
        session = f"ATUid_{next(self._calls)}"
        shown = [self._step(session, keys[:many]) for many in range(len(keys) + 1)]
        assert shown[0] == FIRST_SCREEN.text
        self._count("call")
        return shown[-1]

    def is_in_danger(self) -> None:
        """Three keys, whatever else is the matter."""
        before = len(self._diary.reported)
        assert self.call("1", "1", "1").startswith("Your request is sent.")
        assert self._diary.reported[before:] == ["danger"]
        self._count("report")

    def wants_to_report(self) -> None:
        limited = self.is_limited
        shown = self.call("2")
        assert shown.startswith("Talking to a person" if limited else "Is it safe to use")

    def waits_an_hour(self) -> None:
        """What is counted by the hour reaches its end."""
        number = self._limits.hash_of(self._number).hex()
        for bound in BOUNDS:
            if bound.seconds == HOUR:
                self._redis.delete(f"uses:{number}:{bound.use}:{bound.seconds}")
                self.counts[bound] = 0

    def _count(self, use: str) -> None:
        for bound in BOUNDS:
            self.counts[bound] += bound.use == use

    def _step(self, session: str, keys: Sequence[str]) -> str:
        return self._line.answer(Request(session, self._number, "*".join(keys))).text


ACTIONS: Mapping[str, Callable[[Number], object]] = {
    "hangs up": Number.call,
    "wants to report": Number.wants_to_report,
    "is in danger": Number.is_in_danger,
    "waits an hour": Number.waits_an_hour,
}
FORGETS = "redis forgets"


@pytest.fixture(scope="module")
def vault(vaults: Callable[[Role], Vault]) -> Vault:
    return vaults("web")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from([*ACTIONS, FORGETS])), max_size=25))
def test_whatever_was_done_before(
    redis: Redis, vault: Vault, actions: Sequence[tuple[bool, str]]
) -> None:
    """By two numbers, and what one does is nothing to the other."""
    redis.flushall()
    numbers = Number(redis, vault, CALLER), Number(redis, vault, OTHER)
    for who, action in actions:
        if action == FORGETS:
            redis.flushall()
            for one in numbers:
                one.counts = dict.fromkeys(BOUNDS, 0)
        else:
            ACTIONS[action](numbers[who])
    for one in numbers:
        one.is_in_danger()
        one.wants_to_report()


KEYS = st.sampled_from([*"1234567890", "ngo", "2580", "123455", "0788123456", ""])


@settings(deadline=None)
@given(st.lists(KEYS, max_size=16))
def test_a_short_call_stays_short_and_leads_back_to_help(keys: Sequence[str]) -> None:
    """No key leads into a long dialogue, but the one for a child in danger after its alert."""
    state = ENGINE.begin("en", facts=KNOWN)
    assert ENGINE.page(state) == FIRST_SCREEN
    for key in keys:
        if ENGINE.page(state).ends:
            break
        state = _after(state, key)
        assert state.trail[0].facts == KNOWN
        assert _is_short(state), state.trail[-1].screen
    if not ENGINE.page(state).ends:
        assert _in_danger(state).text.startswith("Is it safe for us to call THIS number now?")


def _after(state: State, key: str) -> State:
    turn = ENGINE.turn(state, key)
    return turn.state.learn({"ref": "123455"}) if turn.intent else turn.state


def _is_short(state: State) -> bool:
    screen = state.trail[-1].screen
    if screen in {"report.farewell", "child.in_danger", "child.call_now"}:
        return True
    alerted = Caller(ENGINE.country, "en", state.trail).fact("ref") is not None
    return screen.partition(".")[0] not in {"report", "child"} or alerted


def _in_danger(state: State) -> Page:
    """What she sees who goes back to the first screen and presses the keys for danger."""
    while len(state.trail) > 1 or state.trail[-1].page:
        state = ENGINE.turn(state, "9").state
    return ENGINE.page(_after(_after(state, "1"), "1"))


def test_a_short_call_that_is_rebuilt_as_a_long_one_does_the_same_for_danger() -> None:
    """Its session was lost in the middle; the keys for help mean the same in both."""
    for keys in (("2", "2", "1", "1"), ("1", "1", "1")):
        seen = []
        for facts in ({}, KNOWN):
            state = ENGINE.begin("en", facts=facts)
            for key in keys:
                state = _after(state, key)
            seen.append(state.trail[-1].screen)
        assert seen == [emergency.sent.name] * 2


@dataclass(frozen=True)
class Strict(SwitchedProcess):
    """A process of a country that takes one call an hour, and calls two short ones a flood."""

    @cached_property
    def pack(self) -> Pack:
        pack = super().pack
        return replace(pack, limits=replace(pack.limits, calls_per_hour=1, flood_calls=2))


@pytest.fixture
def strict(
    settings: Callable[..., Settings], redis_switch: RedisSwitch, vaults: Callable[[Role], Vault]
) -> Iterator[Strict]:
    made = Strict(settings("web"), "web", redis_switch)
    open_centres(made.database, made.pack)
    with database.writing(made.database, "test") as session:
        operator = NewStaff(phones.parse(OTHER), "operator", "national", "en", "no PIN")
        roster.add(session, vaults("staff"), operator)
    yield made
    made.close()


def test_a_flood_wakes_the_operator_once_and_costs_no_step_anything(
    strict: Strict, redis_switch: RedisSwitch
) -> None:
    def woken() -> int:
        with database.reading(strict.database) as session:
            return session.scalar(select(func.count()).where(Outbox.template == "alarm")) or 0

    calls = wire(strict)
    calls.step("", sessionId="warm")
    calls.step("", sessionId="short")
    assert woken() == 0
    with capture_logs() as events:
        for number in range(3):
            redis_switch.trips = 0
            assert calls.step("", sessionId=f"call {number}").startswith(FIRST)
            assert redis_switch.trips == 2
        wait_until(woken, "the operator has an SMS")
    assert [one["kind"] for one in events if one["event"] == "alarm"] == ["flood"]
    assert woken() == 1


def test_a_redis_that_is_away_limits_nobody(strict: Strict, redis_switch: RedisSwitch) -> None:
    calls = wire(strict)
    calls.step("", sessionId="first")
    assert "Talking to a person" in calls.walk("2", sessionId="second")
    redis_switch.shut = True
    assert "Is it safe to use" in calls.walk("2", sessionId="third")


def test_a_dialogue_by_sms_is_a_short_one_as_well(strict: Strict) -> None:
    talk = strict.sms_line.conversation
    messages = itertools.count(1)

    def says(typed: str | None) -> str:
        message = Message("sms", phones.parse(CALLER), typed, id=str(next(messages)))
        return talk.answer(message)[0].text

    assert says(None) == says(None)
    assert says("1").startswith("Health & Family Info")
    assert says("2").startswith("Talking to a person")
    assert "Is it safe to use" in wire(strict).walk("2")


def test_a_bound_of_nothing_is_none(pack: Pack) -> None:
    given = pack.limits
    assert {one.use for one in bounds(given)} == {"call", "report"}
    none = replace(given, calls_per_hour=0, reports_per_hour=0, reports_per_day=0)
    assert bounds(none) == []


def test_no_number_stands_in_redis(strict: Strict, redis: Redis) -> None:
    wire(strict).walk("1*1*1")
    names = str(redis.keys("uses:*"))
    assert "call:3600" in names
    assert CALLER[1:] not in names


def test_nobody_can_tell_from_a_bound_how_often_she_called(vault: Vault) -> None:
    """Whoever dials on her phone until the line is short counts a figure that may be any number's.

    It is as good as drawn for each number and each hour, and stays the same within the hour.
    """
    now = [0.0]
    limits = Limits(
        (Bound("call", HOUR, 60),),
        lambda one: vault.fingerprint("limits", "uses", one.reveal()),
        clock=lambda: now[0],
    )

    def lies_at(number: str, hour: int, minute: int = 0) -> int:
        now[0] = hour * HOUR + minute * 60.0
        return limits.counters(phones.parse(number)).most(limits.bounds[0])

    by_hour = {lies_at(CALLER, hour) for hour in range(400)}
    by_number = {lies_at(f"+250788{number:06}", 0) for number in range(400)}
    assert by_hour == by_number == set(range(50, 71))
    assert {lies_at(CALLER, 7, minute) for minute in range(60)} == {lies_at(CALLER, 7)}


@pytest.mark.parametrize(("most", "lowest", "highest"), [(1, 1, 1), (20, 17, 23), (60, 50, 70)])
def test_a_bound_lies_a_sixth_around_what_the_country_says(
    most: int, lowest: int, highest: int
) -> None:
    found = {blurred(most, b"a number", hour) for hour in range(500)}
    assert found == set(range(lowest, highest + 1))
