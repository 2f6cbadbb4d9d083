"""The wire between us and a server does what the fault tests ask of it, and carries all else."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.faults.proxy import ProxiedWire, wire
from tests.services import PATIENCE, wait_until


class Echo(socketserver.StreamRequestHandler):
    """Answers each line with itself, and counts it."""

    def handle(self) -> None:
        for line in self.rfile:
            self.server.heard.append(line)  # type: ignore[attr-defined]
            self.wfile.write(line)
            self.wfile.flush()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.heard: list[bytes] = []


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def line(server: Server) -> Iterator[ProxiedWire]:
    with wire(f"127.0.0.1:{server.server_address[1]}") as made:
        yield made


@contextmanager
def connected(line: ProxiedWire) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", line.port), timeout=PATIENCE) as connection:
        yield connection


def said(connection: socket.socket, words: bytes) -> bytes:
    """What comes back; nothing if the connection is torn down, before or after the words."""
    try:
        connection.sendall(words)
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_it_carries_what_is_said(line: ProxiedWire) -> None:
    with connected(line) as first, connected(line) as second:
        assert said(first, b"one\n") == b"one\n"
        assert said(second, b"two\n") == b"two\n"


def test_a_lost_connection_stands_and_carries_nothing_while_new_ones_do(
    line: ProxiedWire, server: Server
) -> None:
    with connected(line) as lost:
        assert said(lost, b"one\n") == b"one\n"
        line.black_hole()
        lost.sendall(b"two\n")
        line.lose()
        lost.sendall(b"three\n")
        with connected(line) as new:
            assert said(new, b"four\n") == b"four\n"
        lost.settimeout(0.2)
        with pytest.raises(TimeoutError):
            lost.recv(100)
    assert server.heard == [b"one\n", b"four\n"]
    assert line.accepted == 2


def test_a_delay_is_felt_in_each_direction(line: ProxiedWire) -> None:
    with connected(line) as connection:
        line.delay(0.1)
        began = time.monotonic()
        assert said(connection, b"one\n") == b"one\n"
        assert time.monotonic() - began > 0.2


def test_nothing_comes_out_of_a_black_hole_until_it_is_mended(
    line: ProxiedWire, server: Server
) -> None:
    with connected(line) as connection:
        line.black_hole()
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            said(connection, b"one\n")
        assert server.heard == []
        line.mend()
        connection.settimeout(5)
        assert connection.recv(100) == b"one\n"


def test_a_reset_ends_what_is_connected_and_no_more(line: ProxiedWire) -> None:
    with connected(line) as connection:
        assert said(connection, b"one\n") == b"one\n"
        line.reset()
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    with connected(line) as another:
        assert said(another, b"two\n") == b"two\n"


def test_who_is_refused_is_not_heard(line: ProxiedWire, server: Server) -> None:
    line.refuse()
    # It may be torn down before we know that it was made.
    with suppress(ConnectionResetError), connected(line) as connection:
        assert said(connection, b"one\n") == b""
    assert server.heard == []


def test_an_answer_is_cut_after_some_bytes(line: ProxiedWire) -> None:
    line.cut_after(2)
    with connected(line) as connection:
        assert said(connection, b"one\n") == b"on"
        assert said(connection, b"two\n") == b""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_it_strikes_at_a_word_that_follows_another(
    line: ProxiedWire, server: Server, after: bool
) -> None:
    with connected(line) as bystander, connected(line) as connection:
        line.reset_when(b"COMMIT", b"INSERT", after=after)
        assert said(bystander, b"COMMIT\n") == b"COMMIT\n"
        assert said(connection, b"INSERT\n") == b"INSERT\n"
        assert said(connection, b"COMMIT\n") == b""
        assert line.struck.is_set()
        assert said(bystander, b"COMMIT\n") == b"COMMIT\n"
    wait_until(lambda: server.heard.count(b"COMMIT\n") == 2 + after, "the server has heard it")
