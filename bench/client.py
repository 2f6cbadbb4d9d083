"""Phones by the hundred, on raw sockets in one thread: a client that costs a tenth of a step.

Each connection stays open, as those of a phone network's gateway do, and makes one call after the
other: a step is sent when the step before it was answered. Every answer is compared.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import ceil, inf
from typing import Final

HOST: Final = "127.0.0.1"

PATIENCE: Final = 15.0
"""Seconds that the phone network waits for an answer; then it cuts the session."""

Check = Callable[[bytes], bool]
"""Whether a body is the answer that it should be."""


class WrongAnswer(AssertionError):
    """A server said something else than it should have: its speed is of no interest."""


@dataclass(frozen=True, slots=True)
class Call:
    """The requests of one call, and what answers each."""

    requests: Sequence[bytes]
    checks: Sequence[Check]


@dataclass(slots=True)
class Load:
    """What was measured. `by_step`: the seconds of each right answer, by its place in the call."""

    seconds: float = 0.0
    by_step: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: int = 0
    calls: int = 0

    @property
    def steps(self) -> int:
        return sum(map(len, self.by_step.values()))

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.steps / self.seconds

    @property
    def call_rate(self) -> float:
        """Whole calls a second."""
        return self.calls / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which this share (0 to 1) of the steps was answered."""
        ordered = sorted(chain.from_iterable(self.by_step.values()))
        return ordered[max(0, ceil(share * len(ordered)) - 1)]


def drive(
    port: int,
    calls: Iterator[Call],
    connections: int,
    *,
    seconds: float = inf,
    most: float = inf,
) -> Load:
    """Make calls until the time is over or `most` of them are made.

    A connection that breaks or stays silent is an error, and counted. Raises WrongAnswer.
    """
    phones = _Phones(port, calls)
    try:
        begun = time.perf_counter()
        for _ in range(connections):
            phones.dial()
        while time.perf_counter() - begun < seconds and phones.load.calls < most:
            phones.listen()
        phones.load.seconds = time.perf_counter() - begun
    finally:
        phones.hang_up()
    return phones.load


@dataclass(slots=True)
class _Line:
    """One connection and the call that is made on it."""

    connection: socket.socket
    call: Call
    at: int = 0
    sent: float = 0.0
    got: bytes = b""


class _Phones:
    def __init__(self, port: int, calls: Iterator[Call]) -> None:
        self.load = Load()
        self._port = port
        self._calls = calls
        self._selector = selectors.DefaultSelector()
        self._looked = time.perf_counter()

    def dial(self) -> None:
        connection = socket.create_connection((HOST, self._port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(connection, next(self._calls))
        self._selector.register(connection, selectors.EVENT_READ, line)
        self._send(line)

    def listen(self) -> None:
        """Take what has arrived, and send what comes after it."""
        for key, _ in self._selector.select(0.1):
            self._read(key.data)
        if time.perf_counter() - self._looked > 1:
            self._give_up()

    def hang_up(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.data.connection.close()
        self._selector.close()

    def _read(self, line: _Line) -> None:
        try:
            part = line.connection.recv(65536)
        except OSError:
            part = b""
        if not part:
            self._lose(line)
            return
        line.got += part
        body = body_of(line.got)
        if body is not None:
            self._answered(line, body)

    def _answered(self, line: _Line, body: bytes) -> None:
        took = time.perf_counter() - line.sent
        if not line.call.checks[line.at](body):
            raise WrongAnswer(f"step {line.at}: {body!r}")
        self.load.by_step[line.at].append(took)
        line.got = b""
        line.at += 1
        if line.at == len(line.call.requests):
            self.load.calls += 1
            line.call, line.at = next(self._calls), 0
        self._send(line)

    def _send(self, line: _Line) -> None:
        line.sent = time.perf_counter()
        try:
            line.connection.sendall(line.call.requests[line.at])
        except OSError:
            self._lose(line)

    def _lose(self, line: _Line) -> None:
        """The call is lost; another phone dials."""
        self.load.errors += 1
        self._selector.unregister(line.connection)
        line.connection.close()
        self.dial()

    def _give_up(self) -> None:
        self._looked = time.perf_counter()
        for key in list(self._selector.get_map().values()):
            if self._looked - key.data.sent > PATIENCE:
                self._lose(key.data)


def body_of(answer: bytes) -> bytes | None:
    """The body of an HTTP answer; None while it is not all there.

    Anything but a 200 is an empty body, which no step takes for right.
    """
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return None
    if not head.startswith(b"HTTP/1.1 200"):
        return b""
    said = _LENGTH.search(head)
    if said is None:
        raise WrongAnswer("an answer without a length")
    return body if len(body) >= int(said[1]) else None


_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
