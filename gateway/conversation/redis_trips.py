"""Round trips to Redis for the hot path: one command, one reply, and nothing around them.

redis-py's own client looks at the pool, the health, the telemetry and the retries of a connection
for each command, which costs a step three times what the trip does. Its connections are what we
need: they know sockets, TLS, Sentinel and passwords. So they are taken from its pool once, and
kept.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from redis import Redis
from redis.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

Word = bytes | str | int


class Trips:
    """The way to one Redis, for many threads. Each command raises RedisError when it fails."""

    def __init__(self, redis: Redis) -> None:
        self._pool = redis.connection_pool
        self._idle: deque[AbstractConnection] = deque()

    def ask(self, *words: Word) -> Any:
        """The reply to a command, strings as bytes. Of one that has not come in time nobody knows
        what it did.
        """
        connection = self._connection()
        try:
            reply = _exchange(connection, _packed(words))
        except RedisError:
            self._idle.append(connection)  # It is whole, or closed and opens itself again.
            raise
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]  # A reply may still come, which is nobody else's.
            raise
        self._idle.append(connection)
        return reply

    def _connection(self) -> AbstractConnection:
        """One that nobody uses now: as many are made as threads ask at once."""
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._pool.get_connection()
            connection.register_connect_callback(self._wait_in_the_kernel)  # type: ignore[no-untyped-call]
            self._wait_in_the_kernel(connection)
            return connection

    def _wait_in_the_kernel(self, connection: AbstractConnection) -> None:
        """Have a socket time out by itself, after as long as it did.

        Python waits with a system call of its own before each read and write, and gives up the
        interpreter for it: threads that share that have to get it back twice as often. TLS has
        its own way of waiting.
        """
        waiting: socket.socket | None = connection._sock
        seconds = connection.socket_timeout
        if waiting is None or seconds is None or isinstance(waiting, ssl.SSLSocket):
            return
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
        waiting.settimeout(None)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            waiting.setsockopt(socket.SOL_SOCKET, direction, limit)


class Script:
    """A Lua script that Redis is told whole when it does not remember it."""

    def __init__(self, trips: Trips, source: str) -> None:
        self._trips = trips
        self._source: Final = source
        self._digest: Final = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], values: Sequence[Word]) -> Any:
        """What the script returns for these keys and arguments."""
        words = (len(keys), *keys, *values)
        try:
            return self._trips.ask("EVALSHA", self._digest, *words)
        except NoScriptError:
            return self._trips.ask("EVAL", self._source, *words)


def _exchange(connection: AbstractConnection, packed: bytes) -> Any:
    """Send and read; after a connection that was cut once more, over a new one.

    One that only stays silent was not cut, and who waited for it has waited long enough.
    """
    try:
        return _once(connection, packed)
    except RedisConnectionError as error:
        if isinstance(error.__context__, BlockingIOError):
            raise
        return _once(connection, packed)


def _once(connection: AbstractConnection, packed: bytes) -> Any:
    connection.send_packed_command((packed,), check_health=False)  # type: ignore[no-untyped-call]
    return connection.read_response()


def _packed(words: Sequence[Word]) -> bytes:
    """A command as RESP writes it."""
    plain = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    parts = [b"$%d\r\n%b\r\n" % (len(word), word) for word in plain]
    return b"*%d\r\n%b" % (len(parts), b"".join(parts))
