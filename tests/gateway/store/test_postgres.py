"""PostgreSQL falls silent: each wait for it ends, the next is not begun, and it recovers by itself.

In one process, with deadlines in tenths of a second; tests/faults/test_silence.py has whole ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from math import inf
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, func, select, text

from gateway.store import database, liveness
from gateway.store.database import DatabaseDown
from gateway.store.models import ProcessSeen
from gateway.store.postgres import DatabaseSilent
from tests.faults.proxy import ProxiedWire, wire
from tests.services import Postgres, wait_until

SOON = 0.5
"""Seconds that a wait may take here."""

Line = Callable[..., Engine]


@pytest.fixture
def between(postgres_url: str) -> Iterator[ProxiedWire]:
    """A wire between us and the server."""
    parts = urlsplit(postgres_url)
    with wire(f"{parts.hostname}:{parts.port}") as made:
        yield made


@pytest.fixture
def line(between: ProxiedWire, postgres_url: str) -> Iterator[Line]:
    """Makes engines by way of the wire, each with a connection that was used."""
    with ExitStack() as stack:

        def make(answer: float = inf, transaction: float = inf, at_once: float = inf) -> Engine:
            engine = database.connect(
                between.url(postgres_url),
                answer=min(answer, database.ANSWER),
                transaction=transaction,
                at_once=at_once,
            )
            stack.callback(engine.dispose)
            look(engine)
            return engine

        yield make


def look(engine: Engine) -> None:
    with database.reading(engine) as session:
        database.now(session)


def looks(engine: Engine) -> bool:
    try:
        look(engine)
    except DatabaseDown:
        return False
    return True


def beat_into_the_silence(engine: Engine, between: ProxiedWire) -> None:
    with database.writing(engine, "test") as session:
        session.add(ProcessSeen(name="clock", at=database.now(session)))
        session.flush()
        between.black_hole()
        database.now(session)


def think_better_of_it(engine: Engine, between: ProxiedWire) -> None:
    with database.writing(engine, "test") as session:
        database.now(session)
        between.black_hole()
        raise ZeroDivisionError


def rows(engine: Engine) -> int:
    with database.reading(engine) as session:
        return session.scalar(select(func.count()).select_from(ProcessSeen)) or 0


def test_a_ping_that_nobody_answers_ends(line: Line, between: ProxiedWire) -> None:
    engine = line(transaction=SOON)
    between.black_hole()
    with pytest.raises(DatabaseDown):
        look(engine)


def test_a_new_connection_that_nobody_answers_ends(line: Line, between: ProxiedWire) -> None:
    engine = line()
    engine.dispose()
    between.black_hole()
    with pytest.raises(DatabaseDown):
        look(engine)
    with pytest.raises(DatabaseSilent):
        look(engine)


@pytest.mark.parametrize("deadline", [{"answer": SOON}, {"transaction": SOON}], ids=str)
def test_a_statement_that_nobody_answers_ends_and_undoes_all(
    line: Line, between: ProxiedWire, deadline: dict[str, float]
) -> None:
    engine = line(**deadline)
    with pytest.raises(DatabaseDown):
        beat_into_the_silence(engine, between)
    between.mend()
    wait_until(lambda: looks(engine), "the database is used again")
    assert rows(engine) == 0


def test_many_rows_that_nobody_acknowledges_end_too(line: Line, between: ProxiedWire) -> None:
    """They are sent in another way than one statement."""
    engine = line(answer=SOON)
    with engine.connect() as connection:
        between.black_hole()
        with pytest.raises(DatabaseDown):
            connection.execute(text("SELECT CAST(:one AS integer)"), [{"one": 1}, {"one": 2}])


def test_a_rollback_that_nobody_answers_ends(line: Line, between: ProxiedWire) -> None:
    engine = line(answer=SOON)
    with pytest.raises(DatabaseDown):
        think_better_of_it(engine, between)
    assert not looks(engine)


def test_a_commit_that_waits_for_a_lost_standby_ends_and_nobody_knows(
    line: Line, postgres: Postgres
) -> None:
    """What was to be committed is there when the standby is: never in between, and once."""
    engine = line(transaction=SOON)
    with postgres.without_standby():
        with pytest.raises(DatabaseDown):
            liveness.note_alive(engine, "clock")
        with pytest.raises(DatabaseSilent):
            look(engine)
    wait_until(lambda: looks(engine), "the database is used again", 30)
    assert rows(engine) == 1


@pytest.mark.system
def test_a_lost_standby_does_not_fill_the_server_with_our_probes(
    line: Line, between: ProxiedWire, postgres: Postgres
) -> None:
    engine = line(transaction=SOON)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event = 'SyncRep' AND datname = current_database()"
    )
    with postgres.without_standby():
        with pytest.raises(DatabaseDown):
            liveness.note_alive(engine, "clock")
        asked = between.accepted
        # Each probe connects to ask, and again to take its COMMIT back.
        wait_until(lambda: between.accepted >= asked + 5, "it was probed three times", 60)
        with engine.connect() as connection:
            assert connection.scalar(waiting) <= 2, "that of the sign of life, and of one probe"


def test_while_it_is_silent_nobody_waits_and_nobody_asks_but_one_probe(
    line: Line, between: ProxiedWire
) -> None:
    engine = line(transaction=SOON)
    between.black_hole()
    assert not looks(engine)
    asked = between.accepted
    for _ in range(100):
        with pytest.raises(DatabaseSilent):
            look(engine)
    assert between.accepted <= asked + 1
    between.mend()
    wait_until(lambda: looks(engine), "the database is used again")


def test_it_recovers_when_only_new_connections_work(line: Line, between: ProxiedWire) -> None:
    engine = line(answer=SOON)
    between.black_hole()
    assert not looks(engine)
    between.lose()
    wait_until(lambda: looks(engine), "the database is used again", 30)


def test_a_frozen_server_is_used_again_when_it_thaws(line: Line, postgres: Postgres) -> None:
    engine = line(answer=SOON)
    with postgres.frozen():
        assert [looks(engine), looks(engine)] == [False, False]
    wait_until(lambda: looks(engine), "the database is used again", 30)


def test_one_thread_is_left_for_others_before_a_deadline_has_passed(
    line: Line, between: ProxiedWire
) -> None:
    """Two wait, and would for long; a third is refused at once. All is well when it answers."""
    engine = line(transaction=120, at_once=2)
    begun = Barrier(3)

    def hang() -> None:
        with database.reading(engine) as session:
            begun.wait()
            session.scalar(text("SELECT 1"))

    with ThreadPoolExecutor(2) as threads:
        hanging = [threads.submit(hang) for _ in range(2)]
        begun.wait()
        between.black_hole()
        wait_until(lambda: not looks_within_its_turn(engine), "nobody else is let in")
        still = [one.done() for one in hanging]
        between.mend()
        for one in hanging:
            one.result()
    assert still == [False, False]
    look(engine)


def looks_within_its_turn(engine: Engine) -> bool:
    """Whether a transaction may begin now. It asks nothing, and so waits for nothing."""
    try:
        with database.reading(engine):
            return True
    except DatabaseSilent:
        return False


def test_long_work_may_take_longer_than_an_answer(line: Line) -> None:
    engine = line(answer=SOON)
    slow = text("SELECT pg_sleep(1)")
    with engine.begin() as connection:
        database.take_long(connection)
        connection.execute(slow)
    with pytest.raises(DatabaseDown), engine.begin() as connection:
        connection.execute(slow)


def test_who_waits_for_a_lock_in_vain_is_told_by_the_server(line: Line) -> None:
    """That is an answer: nobody else is refused for it."""
    engine = line(transaction=3)
    with engine.begin() as holder:
        holder.execute(text("SELECT pg_advisory_xact_lock(1)"))
        with pytest.raises(DatabaseDown), database.writing(engine, "test") as session:
            session.execute(text("SELECT pg_advisory_xact_lock(1)"))
        look(engine)


def test_a_server_that_is_gone_is_not_silent(line: Line, between: ProxiedWire) -> None:
    """Each is refused at once, and the first who comes when it is back is served."""
    engine = line(transaction=SOON)
    between.refuse()
    for _ in range(3):
        with pytest.raises(DatabaseDown) as refused:
            look(engine)
        assert not isinstance(refused.value, DatabaseSilent)
    between.mend()
    look(engine)


def test_who_sends_is_told_within_five_seconds() -> None:
    """Where she must first wait for a thread, that takes what is left of the same deadline."""
    assert database.CALLER_WAITS < 5
