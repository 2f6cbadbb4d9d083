"""Connections, transactions and time: SQLite and PostgreSQL behave alike from here on.

SQLite runs in WAL with full fsync, waits for a writer instead of failing, and begins every writing
transaction with BEGIN IMMEDIATE, so that a reader that turns writer never finds itself locked out.
Statements never show their parameters: a number in an error message would reach a log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    create_engine,
    event,
    exc,
    orm,
    select,
    type_coerce,
)
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from gateway.runtime import crash_points

if TYPE_CHECKING:
    from gateway.store import postgres

LOCK_WAIT = 10
"""Seconds that a statement waits for a lock; the phone network waits 15 for our answer."""

ANSWER: Final = LOCK_WAIT + 1.0
"""Seconds that we wait for PostgreSQL to answer anything. It gives up a statement a second earlier
itself, and says so: whoever waits for a lock in vain does not take it for silent.
"""

CALLER_WAITS: Final = 4.0
"""Seconds for a whole transaction while somebody holds a phone: she is told the truth within 5."""

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""What each connection to SQLite is told; what is deleted is overwritten with zeros."""

DatabaseDown: Final = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.InternalError,
    exc.TimeoutError,
)
"""What a transaction raises when the database is away: it cannot be reached, does not answer, has
no room, or went on as a standby that only reads. A row that breaks a rule and a statement that is
wrong are no such thing, but faults of ours.
"""

DatabaseFailed = exc.SQLAlchemyError
"""All that a transaction may raise: for those who must go on, or tell of it, all the same."""


class DatabaseBusy(exc.TimeoutError):
    """It is not our turn to write."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware of it on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class utc_now(FunctionElement[datetime]):  # noqa: N801  (reads as the SQL function it stands for)
    """The database's clock. Machines disagree about the time; they share one database."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_now, "sqlite")
def _sqlite_now(element: utc_now, compiler: Any, **kw: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


@compiles(utc_now, "postgresql")
def _postgresql_now(element: utc_now, compiler: Any, **kw: Any) -> str:
    return "clock_timestamp()"


_SERVER: Final = "server"
_WRITERS: Final = "writers"

_NOW: Final = select(type_coerce(utc_now(), UtcDateTime()))
"""Made once, as other queries that each report asks: to make one costs more than to ask it."""


class Session(orm.Session):
    """A transaction, and the moment at which it happens by the database's clock, UTC."""

    _at: datetime | None = None

    @property
    def at(self) -> datetime:
        """Asked once, when it is first needed."""
        if self._at is None:
            self._at = now(self)
        return self._at

    @at.setter
    def at(self, moment: datetime) -> None:
        self._at = moment


def connect(
    url: str,
    *,
    answer: float = ANSWER,
    transaction: float = inf,
    at_once: float = inf,
    turn: float = LOCK_WAIT,
) -> Engine:
    """An engine for `url`, with the settings that both databases need to be safe.

    How long PostgreSQL is waited for, and by how many, says postgres.Server; `turn` is how many
    seconds a writer of this process waits for those before it, with SQLite.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return _sqlite(url, turn)
    if target.get_backend_name() == "postgresql":
        target = target.set(drivername="postgresql+psycopg")
    from gateway.store import postgres  # It loads psycopg, which a process on SQLite does not need.

    server = postgres.Server(answer, transaction, at_once)
    statement = max(0, int((min(answer, transaction) - 1) * 1000))
    engine = create_engine(
        target,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=postgres.CONNECTING,
        connect_args={
            **postgres.NETWORK,
            "options": f"-c timezone=UTC -c statement_timeout={statement}",
        },
        execution_options={_SERVER: server},
    )
    event.listen(engine, "do_connect", server.do_connect)
    return engine


def _sqlite(url: str, turn: float) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": LOCK_WAIT},
        execution_options={_WRITERS: _Writers(turn)},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def writing(engine: Engine, name: str) -> Iterator[Session]:
    """One transaction that changes things: committed at the end, undone by any exception.

    Rows reach the database at `flush`, never in the middle of building them. `name` says what it
    does, and names the points where tests have a process die, before and after the commit.
    """
    with (
        _in_time(engine),
        _in_turn(engine),
        Session(engine, autoflush=False, expire_on_commit=False) as session,
    ):
        with session.begin():
            yield session
            session.flush()
            crash_points.point(f"{name} {crash_points.BEFORE_COMMIT}")
        crash_points.point(f"{name} {crash_points.AFTER_COMMIT}")


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One transaction that only looks; what was found can be used after it."""
    looking = engine.execution_options(reading=True)
    with (
        _in_time(engine),
        Session(looking, expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session


def _in_time(engine: Engine) -> AbstractContextManager[None]:
    """What a transaction is held to by the server that it is with."""
    server: postgres.Server | None = engine.get_execution_options().get(_SERVER)
    return server.transaction() if server else nullcontext()


class _Writers:
    """The writers of this process queue here before they ask SQLite for its lock.

    SQLite waits for that by sleeping, for up to a tenth of a second each time. First come, first
    served: a lock alone goes to whoever releases it and asks again, while the others sleep.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._queue: deque[Lock] = deque()
        """Each waits for its own to be released. The first is of the one who writes."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = Lock()
        mine.acquire()
        with self._lock:
            self._queue.append(mine)
            if self._queue[0] is mine:
                mine.release()
        try:
            if not mine.acquire(timeout=self._seconds):
                raise DatabaseBusy("others of this process have been writing for too long")
            yield
        finally:
            with self._lock:
                was_first = self._queue[0] is mine
                self._queue.remove(mine)
                if was_first and self._queue:
                    self._queue[0].release()


def _in_turn(engine: Engine) -> AbstractContextManager[None]:
    writers: _Writers | None = engine.get_execution_options().get(_WRITERS)
    return writers.turn() if writers else nullcontext()


def take_long(connection: Connection) -> None:
    """Let what follows in this transaction take long: it works on all rows of a table."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        from gateway.store import postgres

        postgres.take_long(connection.connection.driver_connection)


def now(session: Session) -> datetime:
    """The present moment by the database's clock, UTC."""
    return session.execute(_NOW).scalar_one()


def forget_deleted(engine: Engine) -> None:
    """Have what was deleted leave SQLite's log as well; VACUUM sees to it on PostgreSQL.

    A reader that is under way may keep it there until the next time.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def sqlite_file(url: str) -> Path | None:
    """The file behind a SQLite URL, or None for another database."""
    target = make_url(url)
    named = target.get_backend_name() == "sqlite" and target.database not in {None, "", ":memory:"}
    return Path(str(target.database)) if named else None
