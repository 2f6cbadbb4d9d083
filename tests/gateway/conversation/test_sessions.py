"""Sessions on a real Redis: who may replace what, and what is known when Redis does not know it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from redis import Redis
from structlog.testing import capture_logs

from gateway.conversation.sessions import (
    LIFETIME,
    PAUSE,
    CallSession,
    LineName,
    Sessions,
    SessionsDown,
)
from gateway.runtime import phones
from gateway.runtime.memory import RecentValues
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import report, welcome
from menus.engine import State
from menus.script import Visited
from tests.gateway.web.ussd_wire import RedisSwitch
from tests.samples import CALLER

HERS = phones.parse(CALLER)
STRANGERS = phones.parse("+250788999999")


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def vault(vaults: Callable[[Role], Vault]) -> Vault:
    return vaults("web")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(redis: Redis, vault: Vault, clock: Clock) -> Sessions:
    """Those of the only process there is."""
    return Sessions(redis, vault, clock=clock)


@pytest.fixture
def behind_gate(redis_switch: RedisSwitch, vault: Vault, clock: Clock) -> Sessions:
    """Those of a process that can be cut off from Redis."""
    return Sessions(redis_switch.redis, vault, clock=clock)


def one_of_two(redis: Redis, vault: Vault, clock: Clock) -> Sessions:
    """Those of a process that is not alone."""
    return Sessions(redis, vault, alone=False, clock=clock)


def session(sessions: Sessions, text: str, answer: str = "CON shown") -> CallSession:
    """Where a caller stands after the history `text`."""
    trail = (
        Visited(welcome.first.name, answer="kept", facts={"ref": "123456"}),
        Visited(report.safe_phone.name, page=2, returns=("report.age",)),
    )
    state = State("rw", trail, draft="123455")
    return CallSession(state, len(text), sessions.digest(key(sessions), text), answer)


def key(sessions: Sessions) -> bytes:
    return sessions.key("ATUid_1", HERS)


def test_a_session_comes_back_as_it_was_stored(
    sessions: Sessions, redis: Redis, vault: Vault
) -> None:
    stored = session(sessions, "1*2")
    assert sessions.load(key(sessions)) is None
    assert sessions.save(key(sessions), stored, None)
    assert sessions.load(key(sessions)) == stored
    assert Sessions(redis, vault).load(key(sessions)) == stored


def test_a_session_belongs_to_its_id_and_its_number_and_its_line(
    sessions: Sessions, redis: Redis, vaults: Callable[[Role], Vault]
) -> None:
    staff = Sessions(redis, vaults("staff"), "staff")
    names = {
        sessions.key("ATUid_1", HERS),
        sessions.key("ATUid_2", HERS),
        sessions.key("ATUid_1", STRANGERS),
        staff.key("ATUid_1", HERS),
    }
    assert len(names) == 4
    assert sessions.digest(key(sessions), "1") != sessions.digest(staff.key("ATUid_1", HERS), "1")


def test_a_session_copied_to_another_key_does_not_open(
    sessions: Sessions, redis: Redis, vault: Vault
) -> None:
    sessions.save(key(sessions), session(sessions, "1"), None)
    other = sessions.key("ATUid_1", STRANGERS)
    redis.copy(f"session:{key(sessions).hex()}", f"session:{other.hex()}")
    with pytest.raises(SessionsDown):
        sessions.load(other)


def test_a_session_at_a_screen_that_is_gone_is_a_lost_one(
    sessions: Sessions, redis: Redis, vault: Vault
) -> None:
    """Another release wrote it, or this one did before its screens were renamed."""
    gone = State("rw", (Visited("report.that_is_gone"),))
    digest = sessions.digest(key(sessions), "1")
    sessions.save(key(sessions), CallSession(gone, 1, digest, "CON shown"), None)
    another = Sessions(redis, vault)
    with pytest.raises(SessionsDown):
        another.load(key(another))
    stored = session(another, "1")
    assert another.save(key(another), stored, None) is False
    assert another.save(key(another), session(another, "1*2"), None)
    assert Sessions(redis, vault).load(key(another)) == session(another, "1*2")


def test_the_first_of_two_twins_is_kept(sessions: Sessions, redis: Redis, vault: Vault) -> None:
    other = Sessions(redis, vault)
    before = session(sessions, "1")
    sessions.save(key(sessions), before, None)
    assert sessions.save(key(sessions), session(sessions, "1*2", "CON first"), before)
    assert not other.save(key(other), session(other, "1*2", "CON second"), before)
    kept = sessions.load(key(sessions))
    assert kept == other.load(key(other))
    assert kept is not None
    assert kept.answer == "CON first"


def test_of_many_twins_at_once_exactly_one_is_kept(redis: Redis, vault: Vault) -> None:
    processes = [Sessions(redis, vault) for _ in range(8)]
    start = Barrier(len(processes))

    def save(number: int) -> bool:
        start.wait()
        own = processes[number]
        return own.save(key(own), session(own, "1", f"CON {number}"), None)

    with ThreadPoolExecutor(len(processes)) as threads:
        saved = list(threads.map(save, range(len(processes))))
    assert saved.count(True) == 1
    kept = processes[0].load(key(processes[0]))
    assert kept is not None
    assert kept.answer == f"CON {saved.index(True)}"


@pytest.mark.parametrize("cut_off", [False, True])
def test_a_slow_step_never_takes_a_session_back(
    behind_gate: Sessions, redis_switch: RedisSwitch, redis: Redis, vault: Vault, cut_off: bool
) -> None:
    """Its caller has gone on meanwhile, at this process or another."""
    sessions = behind_gate
    before, later = session(sessions, "1"), session(sessions, "1*2*3")
    sessions.save(key(sessions), before, None)
    sessions.save(key(sessions), later, before)
    sessions.save(key(sessions), session(sessions, "1*2"), before)
    redis_switch.shut = cut_off
    assert sessions.load(key(sessions)) == later
    assert Sessions(redis, vault).load(key(sessions)) == later


def test_what_redis_lost_is_known_here(sessions: Sessions, redis: Redis) -> None:
    stored = session(sessions, "1*2")
    sessions.save(key(sessions), stored, None)
    redis.flushall()
    assert sessions.load(key(sessions)) == stored
    further = session(sessions, "1*2*3")
    assert sessions.save(key(sessions), further, stored)
    assert redis.exists(f"session:{key(sessions).hex()}")


def test_what_redis_has_forgotten_since_is_known_here(
    sessions: Sessions, redis: Redis, vault: Vault
) -> None:
    """Its file lost the end, so it holds the session as it was a step ago."""
    old, new = session(sessions, "1"), session(sessions, "1*2")
    sessions.save(key(sessions), old, None)
    before = redis.get(f"session:{key(sessions).hex()}")
    assert isinstance(before, bytes)
    sessions.save(key(sessions), new, old)
    redis.set(f"session:{key(sessions).hex()}", before)
    assert sessions.load(key(sessions)) == new
    newest = session(sessions, "1*2*3")
    assert sessions.save(key(sessions), newest, new)
    assert Sessions(redis, vault).load(key(sessions)) == newest


def test_another_process_knows_more(sessions: Sessions, redis: Redis, vault: Vault) -> None:
    other = Sessions(redis, vault)
    first, second = session(sessions, "1"), session(sessions, "1*2")
    sessions.save(key(sessions), first, None)
    other.save(key(other), second, first)
    assert sessions.load(key(sessions)) == second


def test_cut_off_from_redis_it_goes_on_with_what_it_knows(
    behind_gate: Sessions, redis_switch: RedisSwitch
) -> None:
    first, second = session(behind_gate, "1"), session(behind_gate, "1*2")
    behind_gate.save(key(behind_gate), first, None)
    redis_switch.shut = True
    assert behind_gate.load(key(behind_gate)) == first
    assert behind_gate.save(key(behind_gate), second, first)
    assert behind_gate.load(key(behind_gate)) == second
    with pytest.raises(SessionsDown):
        behind_gate.load(behind_gate.key("unknown", HERS))


def test_back_at_redis_it_stores_what_it_knows(
    behind_gate: Sessions, redis_switch: RedisSwitch, clock: Clock, redis: Redis, vault: Vault
) -> None:
    texts = ("1", "1*2", "1*2*3")
    steps = [session(behind_gate, text) for text in texts]
    behind_gate.save(key(behind_gate), steps[0], None)
    redis_switch.shut = True
    behind_gate.save(key(behind_gate), steps[1], steps[0])
    redis_switch.shut = False
    clock.passes(PAUSE)
    behind_gate.save(key(behind_gate), steps[2], behind_gate.load(key(behind_gate)))
    assert Sessions(redis, vault).load(key(behind_gate)) == steps[2]


def test_a_redis_that_failed_is_left_alone_for_a_moment(
    behind_gate: Sessions, redis_switch: RedisSwitch, clock: Clock
) -> None:
    redis_switch.shut = True
    with capture_logs() as logged:
        for _ in range(5):
            behind_gate.save(key(behind_gate), session(behind_gate, "1"), None)
    assert [one["kind"] for one in logged] == ["sessions_down"]
    redis_switch.shut, redis_switch.trips = False, 0
    behind_gate.load(key(behind_gate))
    assert redis_switch.trips == 0
    clock.passes(PAUSE)
    behind_gate.load(key(behind_gate))
    assert redis_switch.trips > 0


def test_what_is_known_here_is_forgotten_as_redis_forgets_it(
    behind_gate: Sessions, redis_switch: RedisSwitch, clock: Clock
) -> None:
    behind_gate.save(key(behind_gate), session(behind_gate, "1"), None)
    redis_switch.shut = True
    clock.passes(LIFETIME - 1)
    assert behind_gate.load(key(behind_gate))
    clock.passes(1)
    with pytest.raises(SessionsDown):
        behind_gate.load(key(behind_gate))


@pytest.mark.parametrize("line", ["sms", "newest"])
def test_where_the_network_sends_the_newest_input_alone_only_redis_knows(
    redis_switch: RedisSwitch, vault: Vault, line: LineName
) -> None:
    """A copy that is behind would not show: her answer would be taken for another question's."""
    sessions = Sessions(redis_switch.redis, vault, line)
    sessions.save(key(sessions), session(sessions, "1"), None)
    redis_switch.shut = True
    with pytest.raises(SessionsDown):
        sessions.load(key(sessions))


class TestAlone:
    """The only process knows all that it answered."""

    def test_an_unknown_session_is_a_new_one(self, sessions: Sessions, redis: Redis) -> None:
        assert not sessions.may_be_lost(reachable=True)
        redis.flushall()
        assert not sessions.may_be_lost(reachable=True)
        assert not sessions.has_gaps()

    def test_without_redis_it_may_be_one_from_before_this_process_began(
        self, sessions: Sessions, clock: Clock
    ) -> None:
        assert sessions.may_be_lost(reachable=False)
        clock.passes(LIFETIME)
        assert not sessions.may_be_lost(reachable=False)


class TestSeveral:
    """What others answered is known through Redis alone, and Redis may have lost it."""

    def test_a_redis_that_remembers_knows_every_session(
        self, redis: Redis, vault: Vault, clock: Clock
    ) -> None:
        sessions = one_of_two(redis, vault, clock)
        assert not sessions.may_be_lost(reachable=True)
        assert not sessions.has_gaps()
        assert sessions.may_be_lost(reachable=False)

    def test_a_redis_that_was_emptied_does_not_for_as_long_as_a_session_lives(
        self, redis: Redis, vault: Vault, clock: Clock
    ) -> None:
        sessions = one_of_two(redis, vault, clock)
        redis.flushall()
        assert sessions.may_be_lost(reachable=True)
        sessions.save(key(sessions), session(sessions, "1"), None)
        assert sessions.may_be_lost(reachable=True)
        assert one_of_two(redis, vault, clock).may_be_lost(reachable=True)
        assert 0 < redis.ttl("sessions:young") <= LIFETIME
        redis.delete("sessions:young")
        assert not sessions.may_be_lost(reachable=True)

    def test_a_process_that_was_cut_off_tells_the_others(
        self, redis_switch: RedisSwitch, redis: Redis, vault: Vault, clock: Clock
    ) -> None:
        cut_off, other = (
            one_of_two(redis_switch.redis, vault, clock),
            one_of_two(redis, vault, clock),
        )
        first, second = session(cut_off, "1"), session(cut_off, "1*2")
        cut_off.save(key(cut_off), first, None)
        redis_switch.shut = True
        cut_off.save(key(cut_off), second, first)
        assert cut_off.has_gaps()
        assert not other.has_gaps()
        redis_switch.shut = False
        clock.passes(PAUSE)
        cut_off.save(key(cut_off), session(cut_off, "1*2*3"), second)
        assert other.has_gaps()
        redis.delete("sessions:young")
        clock.passes(LIFETIME)
        assert not cut_off.has_gaps()

    def test_a_start_without_redis_is_a_start(self, vault: Vault, clock: Clock) -> None:
        nowhere = Redis.from_url("unix:///nowhere/valkey.sock")
        assert one_of_two(nowhere, vault, clock).may_be_lost(reachable=False)


def test_the_same_session_id_with_another_number_is_noticed(
    sessions: Sessions, clock: Clock
) -> None:
    hers, strangers = sessions.key("ATUid_1", HERS), sessions.key("ATUid_1", STRANGERS)
    assert not sessions.has_another_number("ATUid_1", hers)
    assert not sessions.has_another_number("ATUid_1", hers)
    assert sessions.has_another_number("ATUid_1", strangers)
    assert not sessions.has_another_number("ATUid_2", strangers)
    clock.passes(LIFETIME)
    assert not sessions.has_another_number("ATUid_1", strangers)


class TestRecent:
    """The memory behind it is bounded in time and in number."""

    def test_the_oldest_make_room(self, clock: Clock) -> None:
        recent: RecentValues[int] = RecentValues(60, clock, most=3)
        for number in range(5):
            recent.put(bytes([number]), number)
        assert [recent.get(bytes([number])) for number in range(5)] == [None, None, 2, 3, 4]
        assert len(recent) == 3

    def test_what_is_put_again_is_new_again(self, clock: Clock) -> None:
        recent: RecentValues[str] = RecentValues(60, clock)
        recent.put(b"a", "old")
        clock.passes(59)
        recent.put(b"a", "new")
        clock.passes(59)
        assert recent.get(b"a") == "new"

    def test_the_expired_go_when_something_comes(self, clock: Clock) -> None:
        recent: RecentValues[int] = RecentValues(60, clock)
        for number in range(100):
            recent.put(bytes([number]), number)
        clock.passes(60)
        recent.put(b"new", 1)
        assert len(recent) == 1

    def test_what_is_there_may_stay(self, clock: Clock) -> None:
        recent: RecentValues[int] = RecentValues(60, clock)
        recent.put(b"a", 2)
        recent.put(b"a", 1, unless=lambda there: there > 1)
        assert recent.get(b"a") == 2
