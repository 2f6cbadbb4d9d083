"""PostgreSQL as seen from one process: no wait for it is without an end.

A server that is gone says so. One that hangs says nothing: it was stopped, a pooler in front of it
keeps connections and passes no bytes, a COMMIT waits for a standby that was lost. Its own
`statement_timeout` hangs with it. So each wait ends here; and once one has ended so, nobody else is
made to wait until a probe has been answered. The threads are needed for callers who need no SQL.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import inf
from threading import Lock, Thread
from typing import Any, Final

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import exc

from gateway.runtime.logs import log

CONNECTING = 2
"""Seconds for a connection to one host; psycopg takes less for this."""

PROBING = 4.0
"""Seconds that a probe waits for an answer."""

PAUSE = 1.0
"""Seconds between two probes of a server that is silent."""

SUSPECT = 1.0
"""Seconds after which a transaction under way makes us keep the last threads for others."""

LONG_WORK = 3600.0
"""Seconds for a statement that may take long (`take_long`)."""

_WAKING: Final = 0.1
"""Seconds between two looks for a signal while waiting, as psycopg has it."""

NETWORK: Final = {
    "connect_timeout": CONNECTING,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A host that is gone is noticed on idle connections too, before anybody needs them."""

_PROBE: Final = "SELECT pg_logical_emit_message(true, 'isange', 'do you commit?')"
"""Writes nothing but into the log, so that any role may; its COMMIT waits as that of a report."""

_until: ContextVar[float] = ContextVar("until", default=inf)
"""When the transaction of this thread must have ended, by time.monotonic."""


class DatabaseSilent(exc.TimeoutError):
    """The server has not answered in time, to us or to somebody a moment ago."""


class Connection(psycopg.Connection[Any]):
    """Its waits end. After one that ended in vain it is closed: an answer may come, to nobody."""

    server: Server
    patience: float | None = None
    """Seconds for each answer of this transaction, if it is known to take long."""

    def wait(self, gen: PQGen[RV], interval: float = _WAKING, timeout: float | None = None) -> RV:
        """Every statement, COMMIT, ROLLBACK and ping waits here."""
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.patience = None
        begun = time.monotonic()
        allowed = self.server.allowed(begun) if self.patience is None else self.patience
        try:
            return super().wait(gen, interval, allowed)
        except psycopg.OperationalError:
            if time.monotonic() - begun >= allowed:
                self.server.give_up(self)
            raise


def take_long(connection: object) -> None:
    """Wait long for each answer to what follows in this transaction."""
    if isinstance(connection, Connection):
        connection.patience = LONG_WORK


class Server:
    """What is known of the server behind one engine, and how long to wait for it."""

    def __init__(self, answer: float, transaction: float = inf, at_once: float = inf) -> None:
        """Seconds for each answer, and for a whole transaction with all that is needed for it.

        When `at_once` transactions are under way and the first seems to hang, no other begins.
        """
        self._answer = answer
        self._transaction = transaction
        self._at_once = at_once
        self._lock = Lock()
        self._silent = False
        self._under_way: list[float] = []
        self._how: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
        self._probe: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction, from before its connection is got. Raises DatabaseSilent at once."""
        begun = time.monotonic()
        with self._lock:
            if self._silent or self._is_crowded(begun):
                raise DatabaseSilent("the database does not answer")
            self._under_way.append(begun)
        until = _until.set(min(_until.get(), begun + self._transaction))
        try:
            yield
        finally:
            _until.reset(until)
            with self._lock:
                self._under_way.remove(begun)

    def _is_crowded(self, at: float) -> bool:
        return len(self._under_way) >= self._at_once and at - self._under_way[0] > SUSPECT

    def allowed(self, at: float) -> float:
        """Seconds that a wait which begins now may take."""
        return max(0.0, min(self._answer, _until.get() - at))

    def do_connect(
        self, dialect: object, record: object, words: list[Any], settings: dict[str, Any]
    ) -> Connection:
        """Make a connection for SQLAlchemy, in place of its own way."""
        self._how = tuple(words), dict(settings)
        return self.connect()

    def connect(self) -> Connection:
        """A new connection. Raises DatabaseSilent when the time of the transaction is over."""
        words, settings = self._how
        begun = time.monotonic()
        if _until.get() <= begun:
            raise DatabaseSilent("there is no time left to connect")
        try:
            made = Connection.connect(*words, **settings)
        except psycopg.OperationalError:
            if time.monotonic() - begun >= CONNECTING:
                self._fall_silent()
            raise
        made.server = self
        return made

    def give_up(self, connection: Connection) -> None:
        """End a connection that owes us an answer."""
        if connection is self._probe:
            # Else each probe would leave behind a COMMIT that waits for a standby, on a connection.
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=CONNECTING)
        connection.close()
        self._fall_silent()

    def _fall_silent(self) -> None:
        with self._lock:
            if self._silent:
                return
            self._silent = True
        log.warning("database_silent")
        Thread(target=self._probe_until_answered, name="probing SQL", daemon=True).start()

    def _probe_until_answered(self) -> None:
        while not self._answers():
            time.sleep(PAUSE)
        with self._lock:
            self._silent = False
        log.warning("database_answers")

    def _answers(self) -> bool:
        """Whether it commits, or says at once why it does not: nobody waits for that in vain."""
        begun = time.monotonic()
        _until.set(begun + PROBING)  # Of this thread alone.
        try:
            with self.connect() as self._probe:
                self._probe.execute(_PROBE)
        except psycopg.Error:
            return time.monotonic() - begun < CONNECTING
        return True
