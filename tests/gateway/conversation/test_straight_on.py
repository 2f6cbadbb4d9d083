"""The short way of a step, from what a process remembers, shows what the long way does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from gateway.conversation.sessions import CallSession, Sessions
from gateway.runtime import phones
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import report, welcome
from menus.engine import State
from menus.script import Visited
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import DANGER, RedisSwitch, counted, reports, wire
from tests.samples import CALLER
from tests.shared_parts import SharedParts, open_centres


def test_a_process_that_missed_a_step_asks_redis(
    process: Process, redis_switch: RedisSwitch
) -> None:
    one, other = wire(process(redis_switch)), wire(process())
    usual = other.walk("2*1*1", sessionId="usual")
    one.step("")
    other.walk("2")
    other.step("2*1")
    assert one.step("2*1*1") == usual


def test_a_step_that_another_process_answered_is_a_repeat(process: Process) -> None:
    one, other = wire(process()), wire(process())
    one.step("")
    shown = other.step("2")
    repeats = counted("repeat")
    assert one.step("2") == shown
    assert counted("repeat") == repeats + 1


def test_a_step_that_nobody_could_keep_is_caught_up_on(
    pair: tuple[SharedParts, SharedParts],
) -> None:
    """What is remembered is all that Redis knows, and still not the whole call."""
    one, usual = wire(pair[0]), wire(pair[1]).walk("2*1", sessionId="usual")
    cut_off = SharedParts(replace(pair[1].settings, redis_url="unix:///nowhere/valkey.sock"), "web")
    pair[0].redis.flushall()  # From now on all know that there may be gaps.
    one.step("")
    wire(cut_off).step("2")
    assert one.step("2*1") == usual
    cut_off.close()


def test_what_does_something_is_never_done_from_memory(
    process: Process, redis_switch: RedisSwitch
) -> None:
    """The session is read first and stored afterwards, with a look at the bell between."""
    parts = process(redis_switch)
    open_centres(parts.database, parts.pack)
    calls = wire(parts)
    calls.walk(DANGER)
    parts.doorbell.ring()  # So that there is nothing more to ring.
    redis_switch.trips = 0
    calls.step(f"{DANGER}*1")
    assert redis_switch.trips == 3
    assert reports(parts) == 1


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    keys=st.lists(st.sampled_from([*"01234569", "x", "2580"]), min_size=1, max_size=10),
    answers=st.lists(st.integers(0, 1), min_size=11, max_size=11),
    twice=st.sets(st.integers(0, 10), max_size=3),
)
def test_whichever_process_answers_she_sees_the_same(
    pair: tuple[SharedParts, SharedParts], keys: list[str], answers: list[int], twice: set[int]
) -> None:
    processes = [wire(parts) for parts in pair]
    histories = ["*".join(keys[:number]) for number in range(len(keys) + 1)]
    session = "*".join((*keys, *map(str, answers), *map(str, sorted(twice))))
    usual = [processes[0].step(text, sessionId=f"usual {session}") for text in histories]
    shown = []
    for number, text in enumerate(histories):
        shown.append(processes[answers[number]].step(text, sessionId=f"mixed {session}"))
        if number in twice:
            late = processes[1 - answers[number]].step(text, sessionId=f"mixed {session}")
            assert late == shown[-1]
    assert shown == usual


@pytest.fixture
def pair(process: Process) -> tuple[SharedParts, SharedParts]:
    """Two processes that answer one line."""
    return process(ISANGE_WEB_PROCESSES="2"), process(ISANGE_WEB_PROCESSES="2")


def test_who_came_second_forgets_what_it_would_have_shown(
    redis: Redis, vaults: Callable[[Role], Vault]
) -> None:
    first, second = Sessions(redis, vaults("web")), Sessions(redis, vaults("web"))
    key = first.key("ATUid_1", phones.parse(CALLER))
    assert first.save(key, _at("", "CON first", first, key), None)
    before = second.load(key)
    assert first.save(key, _at("2", "CON hers", first, key), before)
    assert not second.save(key, _at("2", "CON not hers", second, key), before)
    assert second.remembered(key) is None
    assert first.remembered(key) == second.load(key)


def test_what_is_remembered_is_replaced_only_where_redis_has_it_too(
    redis: Redis, vaults: Callable[[Role], Vault]
) -> None:
    one, other = Sessions(redis, vaults("web")), Sessions(redis, vaults("web"))
    key = one.key("ATUid_1", phones.parse(CALLER))
    begun, ahead = _at("", "CON first", one, key), _at("2", "CON second", one, key)
    one.save(key, begun, None)
    other.save(key, ahead, other.load(key))
    assert not one.replace(key, _at("3", "CON elsewhere", one, key), begun)
    assert one.load(key) == ahead
    assert one.replace(key, _at("2*1", "CON third", one, key), ahead)
    redis.flushall()
    assert not one.replace(key, _at("2*1*1", "CON fourth", one, key), ahead)


def _at(text: str, answer: str, sessions: Sessions, key: bytes) -> CallSession:
    trail = (Visited(welcome.first.name), Visited(report.safe_phone.name))
    return CallSession(State("rw", trail), len(text), sessions.digest(key, text), answer)
