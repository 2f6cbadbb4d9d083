"""Redis gone, emptied, set back or silent: no caller notices, and nothing is done twice."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import DANGER, RedisSwitch, UssdWire, counted, reports, wire
from tests.services import Valkey, running, wait_until
from tests.shared_parts import SharedParts

CONFIRM = "Is it safe for us to call THIS number now?"
SENT = "END Your request is sent."

WAY = ("", "2", "2*1", "2*1*1", "2*1*1*4", "2*1*1*4*2", "2*1*1*4*2*3", "2*1*1*4*2*3*5")
"""A call as far as the choice of a district, by the histories of its steps."""


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A server that the test may kill."""
    server = Valkey(tmp_path / "valkey")
    with running(server):
        yield server


@pytest.fixture
def usual(parts: SharedParts) -> list[str]:
    """What the way shows when nothing is wrong."""
    calls = wire(parts)
    return [calls.step(text, sessionId="usual") for text in WAY]


def test_redis_gone_for_the_whole_call(
    process: Process, parts: SharedParts, usual: list[str]
) -> None:
    lost = process(REDIS_URL="unix:///nowhere/valkey.sock")
    calls = wire(lost)
    assert [calls.step(text) for text in WAY] == usual
    assert [calls.step(WAY[-1]) for _ in range(2)] == [usual[-1]] * 2
    sent = calls.walk("1*1*1", sessionId="danger")
    assert sent.startswith(SENT)
    assert calls.step("1*1*1", sessionId="danger") == sent
    assert reports(parts) == 1


@pytest.mark.parametrize("step", [1, 3, 5])
def test_redis_gone_from_some_step_on(
    process: Process, own_valkey: Valkey, usual: list[str], step: int
) -> None:
    calls = wire(process(REDIS_URL=own_valkey.url))
    shown = [calls.step(text) for text in WAY[:step]]
    own_valkey.kill()
    shown += [calls.step(text) for text in WAY[step:]]
    assert shown == usual


def test_redis_killed_and_restarted_in_the_middle_of_a_call(
    process: Process, own_valkey: Valkey, usual: list[str]
) -> None:
    calls = wire(process(REDIS_URL=own_valkey.url))
    shown = [calls.step(text) for text in WAY[:3]]
    own_valkey.kill()
    shown.append(calls.step(WAY[3]))
    own_valkey.start()
    shown += [calls.step(text) for text in WAY[4:]]
    assert shown == usual


def test_redis_emptied_before_every_step(
    parts: SharedParts, calls: UssdWire, usual: list[str]
) -> None:
    shown = []
    for text in WAY:
        parts.redis.flushall()
        shown += [calls.step(text), calls.step(text)]
    assert shown == [body for body in usual for _ in range(2)]


troubled = st.lists(
    st.tuples(
        st.sampled_from([*"0123456789", "", "1*1", "*", "huye", "2580", "123455", "junk"]),
        st.sampled_from(["nothing", "emptied", "repeated", "late"]),
    ),
    max_size=14,
)


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=troubled)
def test_whatever_she_types_redis_makes_no_difference(
    parts: SharedParts, calls: UssdWire, steps: list[tuple[str, str]]
) -> None:
    quiet = typed(calls, [key for key, _ in steps])

    def trouble(number: int, text: str, session: str) -> None:
        match steps[number][1]:
            case "emptied":
                parts.redis.flushall()
            case "repeated":
                calls.step(text, sessionId=session)
            case "late":
                calls.step(text.rpartition("*")[0], sessionId=session)

    assert typed(calls, [key for key, _ in steps], trouble) == quiet


def typed(
    calls: UssdWire, keys: list[str], before: Callable[[int, str, str], None] = lambda *step: None
) -> list[str]:
    """What a call shows, key by key, codes made alike; `before` happens ahead of each key."""
    session, text = f"ATUid_{time.monotonic_ns()}", ""
    shown = [calls.step("", sessionId=session)]
    for number, key in enumerate(keys):
        if shown[-1].startswith("END"):
            break
        before(number, text, session)
        text = f"{text}*{key}" if text else key
        shown.append(calls.step(text, sessionId=session))
    return [re.sub(r"\d{6,}", "CODE", body) for body in shown]


def test_what_cannot_be_replayed_is_not_lost_with_redis(
    parts: SharedParts, calls: UssdWire
) -> None:
    """A star that was typed, and a dial-through that was stopped: the history tells neither."""
    typed = [calls.step(text) for text in ("", "1", "1*1*1", "1*1*1*1")]
    parts.redis.flushall()
    assert calls.step("1*1*1*1") == typed[-1]
    assert calls.step("1*1*1*1*2").startswith("END Call 112")
    assert CONFIRM in calls.step("1*1*1", sessionId="through")
    parts.redis.flushall()
    assert calls.step("1*1*1*2", sessionId="through").startswith("END Call 112")
    assert reports(parts) == 0


def test_a_session_that_redis_holds_as_it_was_a_while_ago(
    parts: SharedParts, calls: UssdWire
) -> None:
    """The append-only file lost its end when the machine went down."""
    calls.walk("2*1")
    key, before = stored(parts)
    calls.step("2*1*1")
    age = calls.step("2*1*1*9")
    parts.redis.set(key, before)
    assert calls.step("2*1*1*9") == age
    assert calls.step("2*1*1*9*1").startswith("CON Your age?")
    assert parts.redis.get(key) != before


def test_a_session_that_another_release_wrote_is_typed_again(
    parts: SharedParts, calls: UssdWire, process: Process
) -> None:
    calls.walk("2*1")
    key, before = stored(parts)
    other = parts.vault.seal_session(bytes.fromhex(key.partition(":")[2]), b"[0]")
    parts.redis.set(key, before[:16] + other)
    newer = wire(process(ISANGE_WEB_PROCESSES="2"))
    rebuilt = counted("rebuilt")
    assert newer.step("2*1*1").startswith("CON Your age?")
    assert newer.step("2*1*1*4").startswith("CON What happened?")
    assert counted("rebuilt") == rebuilt + 1


def stored(parts: SharedParts) -> tuple[str, bytes]:
    """The only session in Redis: its key and what lies there."""
    (key,) = parts.redis.scan_iter("session:*")
    value = parts.redis.get(key)
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    return key.decode(), value


class TestSeveralProcesses:
    """What one process answered is known to another through Redis alone."""

    @pytest.fixture
    def pair(self, process: Process, parts: SharedParts) -> tuple[UssdWire, UssdWire]:
        return wire(process(ISANGE_WEB_PROCESSES="2")), wire(process(ISANGE_WEB_PROCESSES="2"))

    def test_redis_emptied_in_the_middle_of_a_call(
        self, parts: SharedParts, pair: tuple[UssdWire, UssdWire], usual: list[str]
    ) -> None:
        before = counted("rebuilt")
        shown = [pair[0].step(text) for text in WAY[:4]]
        parts.redis.flushall()
        shown += [pair[turn % 2].step(text) for turn, text in enumerate(WAY[4:], 1)]
        assert shown == usual
        assert counted("rebuilt") == before + 1

    def test_what_was_sent_is_sent_once(
        self, parts: SharedParts, pair: tuple[UssdWire, UssdWire]
    ) -> None:
        sent = pair[0].walk("1*1*1")
        parts.redis.flushall()
        assert pair[1].step("1*1*1") == sent
        assert reports(parts) == 1

    def test_she_can_still_send_when_redis_is_emptied(
        self, parts: SharedParts, pair: tuple[UssdWire, UssdWire]
    ) -> None:
        pair[0].walk(DANGER)
        parts.redis.flushall()
        assert pair[1].step("1*1*1").startswith(SENT)
        assert reports(parts) == 1

    def test_dialling_through_is_told_from_a_lost_session(
        self, parts: SharedParts, pair: tuple[UssdWire, UssdWire]
    ) -> None:
        pair[0].step("", sessionId="somebody")
        assert CONFIRM in pair[1].step("1*1*1")
        assert reports(parts) == 0

    def test_steps_answered_without_redis_are_caught_up_with(
        self,
        parts: SharedParts,
        process: Process,
        redis_switch: RedisSwitch,
        pair: tuple[UssdWire, UssdWire],
        usual: list[str],
    ) -> None:
        """One process was cut off from Redis for a while. Once it is back the others know."""
        cut_off, other = wire(process(redis_switch, ISANGE_WEB_PROCESSES="2")), pair[1]
        shown = [cut_off.step(text) for text in WAY[:3]]
        redis_switch.shut = True
        shown += [cut_off.step(text) for text in WAY[3:5]]
        redis_switch.shut = False
        wait_until(lambda: back(cut_off, parts), "the process that was cut off stores again")
        before = counted("caught_up")
        shown += [other.step(text) for text in WAY[5:]]
        assert shown == usual
        assert counted("caught_up") == before + 1


def back(calls: UssdWire, parts: SharedParts) -> bool:
    """Somebody dials; whether that process told the others that it had been cut off."""
    calls.step("", sessionId=f"somebody else {time.monotonic_ns()}")
    return bool(parts.redis.exists("sessions:young"))


def test_a_call_goes_on_while_redis_is_silent(
    process: Process, own_valkey: Valkey, parts: SharedParts
) -> None:
    """It accepts connections and never answers, as behind a broken network."""
    server = process(REDIS_URL=own_valkey.url)
    calls = wire(server)
    calls.step("")
    pid = server.redis.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    try:
        shown = [calls.step(text) for text in ("1", "1*1", "1*1*1", "1*1*1")]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert shown[-1].startswith(SENT)
    assert reports(parts) == 1


def test_redis_holds_nothing_in_plain_text(
    process: Process, own_valkey: Valkey, tmp_path: Path, parts: SharedParts
) -> None:
    """Its append-only file is every word that was ever sent to it."""
    calls = wire(process(REDIS_URL=own_valkey.url))
    calls.walk("2*1*1*4*2*3*5*2")
    calls.walk("1*1*1", sessionId="ATUid_sent")
    files = [path for path in (tmp_path / "valkey").rglob("*.aof") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert kept.count(b"session:") > 10
    said = ("788123456", "ATUid", "63510", "2*1", "CON ", "END ", "report.", "adult", "physical")
    assert [word for word in said if word.encode() in kept] == []


def test_redis_forgets_a_call_within_minutes(parts: SharedParts, calls: UssdWire) -> None:
    calls.walk("2*1")
    assert 0 < parts.redis.ttl(stored(parts)[0]) <= 300
