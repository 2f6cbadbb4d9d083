"""Round trips to a real Redis: each asker gets its own reply, whatever happens to connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from redis import ConnectionPool, Redis, UnixDomainSocketConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from gateway.conversation.redis_trips import Script, Trips
from tests.services import Valkey, running

DOUBLE = "redis.call('SET', KEYS[1], ARGV[1] * 2) return redis.call('GET', KEYS[1])"


@pytest.fixture
def trips(redis: Redis) -> Trips:
    return Trips(redis)


@pytest.mark.parametrize(
    ("words", "reply"),
    [
        (("SET", "a", b"\x00\r\n\xff"), b"OK"),
        (("SET", "é", ""), b"OK"),
        (("MGET", "nothing", "neither"), [None, None]),
        (("INCRBY", "count", 41), 41),
    ],
)
def test_a_reply_is_what_redis_says(
    trips: Trips, words: tuple[bytes | str | int, ...], reply: object
) -> None:
    assert trips.ask(*words) == reply


def test_values_come_back_as_bytes(trips: Trips) -> None:
    trips.ask("SET", "session", b"\x00\r\n\xff$5\r\n")
    assert trips.ask("GET", "session") == b"\x00\r\n\xff$5\r\n"


def test_a_refused_command_spoils_no_later_one(trips: Trips) -> None:
    for _ in range(3):
        with pytest.raises(ResponseError):
            trips.ask("INCR", "too", "many")
        assert trips.ask("ECHO", "still here") == b"still here"


def test_a_script_that_redis_forgot_is_told_again(trips: Trips, redis: Redis) -> None:
    double = Script(trips, DOUBLE)
    for number in (1, 2, 3):
        assert double(["doubled"], [number]) == str(number * 2).encode()
        redis.script_flush()


def test_many_threads_get_each_its_own_reply_over_few_connections(
    trips: Trips, redis: Redis
) -> None:
    def ask(number: int) -> bool:
        mine = [f"{number} {again}" for again in range(50)]
        return [trips.ask("ECHO", word) for word in mine] == [word.encode() for word in mine]

    before = _connected(redis)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(32)))
    assert _connected(redis) - before <= 8


def test_after_a_restart_the_first_question_is_answered(tmp_path: Path) -> None:
    """By every connection that was open: each finds out by itself."""
    server = Valkey(tmp_path / "valkey")
    with running(server), Redis.from_url(server.url) as redis:
        trips = Trips(redis)
        assert _four_at_once(trips) == [None] * 4
        server.kill()
        server.start()
        assert _four_at_once(trips) == [None] * 4
        server.kill()
        with pytest.raises(RedisConnectionError):
            trips.ask("PING")


class Counted(UnixDomainSocketConnection):
    """A connection that counts what it is given to send."""

    sent = 0

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        Counted.sent += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


def test_a_silent_redis_is_waited_for_once(valkey: Valkey) -> None:
    pool = ConnectionPool.from_url(valkey.url, connection_class=Counted, socket_timeout=0.1)
    trips = Trips(Redis(connection_pool=pool))
    trips.ask("PING")
    before = Counted.sent
    with pytest.raises(RedisError):
        trips.ask("BLPOP", "nothing", 30)
    assert Counted.sent == before + 1
    assert trips.ask("PING") == b"PONG"
    pool.disconnect()


def _four_at_once(trips: Trips) -> list[object]:
    """Four questions whose answers take so long that each needs a connection of its own."""
    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(lambda _: trips.ask("BLPOP", "nothing", "0.1"), range(4)))


class Interrupted(UnixDomainSocketConnection):
    """A connection on which Ctrl-C comes between a question and its reply, when `now` is set."""

    now = False

    def read_response(self, *args: Any, **options: Any) -> Any:
        if Interrupted.now:
            Interrupted.now = False
            raise KeyboardInterrupt
        return super().read_response(*args, **options)


def test_a_reply_that_nobody_read_is_given_to_nobody(valkey: Valkey) -> None:
    pool = ConnectionPool.from_url(valkey.url, connection_class=Interrupted)
    trips = Trips(Redis(connection_pool=pool))
    trips.ask("PING")
    Interrupted.now = True
    with pytest.raises(KeyboardInterrupt):
        trips.ask("ECHO", "hers")
    assert trips.ask("ECHO", "mine") == b"mine"
    pool.disconnect()


def _connected(redis: Redis) -> int:
    """How often anybody ever connected to this Redis."""
    return int(redis.info("stats")["total_connections_received"])
