"""A wire between us and a server, which a test can slow down, cut, silence or take away.

One thread carries each direction of each connection. It speaks no protocol: what it knows is bytes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Lock
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

CHUNK: Final = 65536
RESET: Final = struct.pack("ii", 1, 0)
"""A socket that lingers for no time is torn down with a reset."""


@dataclass(frozen=True, slots=True)
class Strike:
    """End the connection that says `words` to the server after it said `having`.

    `after`: once the server has done it, so that only its answer is lost.
    """

    words: bytes
    having: bytes
    after: bool


Pair = tuple[socket.socket, socket.socket]
"""The two ends of a connection: the client's, and the server's."""


class ProxiedWire:
    """A TCP port of our own in front of `server`: `host:port`, or the path of a Unix socket."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._lock = Lock()
        self._pairs: set[Pair] = set()
        self._lost: set[Pair] = set()
        self.accepted = 0
        """How many connections were asked for so far."""
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._open, self._refuses = Event(), False
        self._open.set()
        self._delay = 0.0
        self._left: int | None = None
        self._strike: Strike | None = None
        self._swallowed: socket.socket | None = None
        """The server whose next answer is to be lost."""
        self.struck = Event()
        """Set when `reset_when` or `cut_after` has ended a connection."""
        self._closed = Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def url(self, url: str) -> str:
        """The URL of the server as it is by way of this wire."""
        parts = urlsplit(url)
        if parts.scheme == "unix":
            return f"redis://127.0.0.1:{self.port}/0"
        user = f"{parts.username}@" if parts.username else ""
        return urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{self.port}"))

    def mend(self) -> None:
        """Carry everything again, at once. What a black hole held up goes on its way."""
        self._delay, self._left, self._strike, self._refuses = 0.0, None, None, False
        self._open.set()

    def delay(self, seconds: float) -> None:
        """Each piece is so long under way, in each direction."""
        self._delay = seconds

    def black_hole(self) -> None:
        """Connections stand and are made, and nothing comes through any of them."""
        self._open.clear()

    def lose(self) -> None:
        """The connections there are stand for ever, and nothing comes through them any more.

        New ones are carried as ever, as by a proxy that has forgotten the old.
        """
        with self._lock:
            self._lost |= self._pairs
        self._open.set()

    def refuse(self) -> None:
        """Whoever is connected is cut off, and nobody gets in."""
        self._refuses = True
        self.reset()

    def reset(self) -> None:
        """Tear down every connection there is."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            _tear(*pair)

    def cut_after(self, count: int) -> None:
        """Let so many more bytes of answers through, and tear down whoever waits for the next."""
        self._left = count

    def reset_when(self, words: bytes, having: bytes, *, after: bool) -> None:
        """Tear down the first connection that says this (see Strike)."""
        self.struck.clear()
        self._strike = Strike(words, having, after)

    def close(self) -> None:
        self._closed.set()
        self._listening.close()
        self._open.set()
        self.reset()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.accepted += 1
            if self._refuses:
                _tear(client)
                continue
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            _tear(client)
            return
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        back = threading.Thread(target=_unless_torn, args=(self._reply, pair), daemon=True)
        back.start()
        _unless_torn(self._ask, pair)
        back.join()
        with self._lock:
            self._pairs.discard(pair)
            self._lost.discard(pair)
        client.close()
        server.close()

    def _connect(self) -> socket.socket:
        if "/" in self._server:
            made = socket.socket(socket.AF_UNIX)
            made.connect(self._server)
            return made
        host, _, port = self._server.rpartition(":")
        return socket.create_connection((host, int(port)))

    def _ask(self, pair: Pair) -> None:
        """Carry what is said to the server, until a strike or the end."""
        client, server = pair
        had = False
        for piece in self._pieces(pair, client):
            strike = self._strike
            had = had or (strike is not None and strike.having in piece)
            if strike is not None and had and strike.words in piece:
                self._strike = None
                if not strike.after:
                    self._strike_down(pair)
                    return
                self._swallowed = server
            server.sendall(piece)
        self._pass_end_on(pair, server)

    def _reply(self, pair: Pair) -> None:
        """Carry what the server answers."""
        client, server = pair
        for piece in self._pieces(pair, server):
            if not self._answers(pair, piece):
                return
        self._pass_end_on(pair, client)

    def _pass_end_on(self, pair: Pair, target: socket.socket) -> None:
        """One side has said all. Where the pair is torn down, the reset is all that is seen."""
        with self._lock:
            if pair in self._pairs:
                target.shutdown(socket.SHUT_WR)

    def _pieces(self, pair: Pair, source: socket.socket) -> Iterator[bytes]:
        """What comes, when it may go on."""
        while piece := source.recv(CHUNK):
            self._closed.wait(self._delay)
            self._open.wait()
            if pair not in self._lost:
                yield piece

    def _answers(self, pair: Pair, piece: bytes) -> bool:
        """Carry a piece of an answer, as much of it as may pass; whether more may follow."""
        client, server = pair
        if self._swallowed is server:
            self._swallowed = None
            self._strike_down(pair)
            return False
        if self._left is None:
            client.sendall(piece)
            return True
        piece, self._left = piece[: self._left], max(0, self._left - len(piece))
        client.sendall(piece)
        if self._left == 0:
            self._strike_down(pair)
        return self._left > 0

    def _strike_down(self, pair: Pair) -> None:
        with self._lock:
            self._pairs.discard(pair)
        self.struck.set()  # First: who sees the connection end may rely on it.
        _tear(*pair)


def _unless_torn(carry: Callable[[Pair], None], pair: Pair) -> None:
    """Carry one direction; a connection that is torn down under it is the purpose of a test."""
    with contextlib.suppress(OSError):
        carry(pair)


def _tear(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            if end.family == socket.AF_INET:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.shutdown(socket.SHUT_RD)  # Wakes who reads here, and tells the other side nothing.
        with contextlib.suppress(OSError):
            end.close()


@contextmanager
def wire(server: str) -> Iterator[ProxiedWire]:
    """A wire to a server while the block lasts."""
    made = ProxiedWire(server)
    try:
        yield made
    finally:
        made.close()


class Wires:
    """A wire to each server of each process, made when the process is told its URL."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._made: dict[tuple[str, str], ProxiedWire] = {}

    def between(self, name: str, what: str, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "sqlite":
            return url
        place = unquote(parts.path) if parts.scheme == "unix" else f"{parts.hostname}:{parts.port}"
        made = self._stack.enter_context(wire(place))
        self._made[name, what] = made
        return made.url(url)

    def to(self, what: str, *names: str) -> list[ProxiedWire]:
        """The wires of these processes to a server; of all of them if none is named."""
        return [
            one
            for (name, server), one in self._made.items()
            if server == what and (not names or name in names)
        ]
