"""`isange audit verify`, and the head of each day that outsiders keep."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from commands.cli import isange
from gateway.audit import chain, heads, lanes, verification
from gateway.audit.chain import Entry
from gateway.audit.lanes import LANE, ROWS
from gateway.runtime.settings import Settings
from gateway.staff import witnesses
from gateway.store import database
from gateway.store.models import Alert, Outbox
from tests.gateway.audit.audit_log import Log
from tests.moments import as_of
from tests.one_process_line import Line
from tests.staff_and_reports import on_sqlite

Verify = Callable[..., Result]


@pytest.fixture
def verify(log: Log, settings: Callable[..., Settings], keys: Path, database_url: str) -> Verify:
    """The command, on the database of the log."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            isange,
            ["audit", "verify", *words],
            env={
                "DATABASE_URL": database_url,
                "REDIS_URL": "redis://nowhere",
                "ISANGE_KEYS": str(keys / "staff"),
            },
        )

    return run


def test_a_whole_log_is_said_to_be_whole(log: Log, verify: Verify) -> None:
    head = log.publish()
    done = verify()
    assert done.exit_code == 0
    count = lanes.LANES[log.engine.dialect.name]
    assert done.stdout.splitlines()[-1] == (
        f"The log is whole: 25 rows in {count} lanes, 1 heads, "
        f"the last {head.letters} of {head.day}."
    )


def test_the_first_bad_row_is_named(log: Log, verify: Verify) -> None:
    row = log.longest()[1]
    log.sql("UPDATE audit SET act = 'closed' WHERE id = :id", id=row.id)
    done = verify()
    assert done.exit_code == 1
    assert f"- lane {row.lane}, row {row.seq}, id {row.id}: altered" in done.stdout
    assert "The log was changed: 1 faults in 24 rows." in done.stdout


def test_a_published_head_may_be_given_or_lie_in_a_file(
    log: Log, verify: Verify, tmp_path: Path
) -> None:
    first, second = log.publish(), log.publish()
    file = tmp_path / "sms.txt"
    file.write_text(
        f"[S] Please keep this message: {first.letters.upper()}\nthanks\n{second.letters}\n"
    )
    done = verify("--head", str(file), "--head", f"it said {second.letters}")
    assert done.exit_code == 0, done.stdout
    assert "The 3 given are among them." in done.stdout


def test_a_head_of_elsewhere_is_a_fault(log: Log, verify: Verify) -> None:
    done = verify("--head", "aaaa-bbbb-cccc-dddd-eeee-ffff")
    assert done.exit_code == 1
    assert "the head aaaa-bbbb-cccc-dddd-eeee-ffff is not known here" in done.stdout


@on_sqlite
def test_what_is_no_head_is_refused(log: Log, verify: Verify) -> None:
    done = verify("--head", "123")
    assert "no head there" in str(done.exception)


@on_sqlite
def test_a_large_log_is_read_in_little_memory(log: Log) -> None:
    """The rows alone would take some twenty times as much."""
    fill(log, 20_000)
    told: list[int] = []
    tracemalloc.start()
    found = verification.verify(log.engine, log.seal, progress=told.append)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.faults == []
    assert found.rows == sum(told) == 20_024
    assert max(told) <= verification.CHUNK
    assert most < 6_000_000


def fill(log: Log, count: int) -> None:
    """So many rows more in the last lane, chained as the service does it."""
    with log.engine.begin() as connection:
        lane = lanes.read(connection, log.seal)[-1].extent
        with database.reading(log.engine) as session:
            at = session.at
        entry, rows = Entry(at, "caller", "looked", "a report", None), []
        for seq in range(lane.seq + 1, lane.seq + 1 + count):
            lane = lane.up_to(seq, chain.of_row(log.seal, lane.lane, seq, lane.digest, entry))
            rows.append({"lane": lane.lane, "seq": seq, "digest": lane.digest, **entry.columns()})
        connection.execute(insert(ROWS), rows)
        sealed = {"seq": lane.seq, "digest": lane.digest, "seal": chain.of_extent(log.seal, lane)}
        connection.execute(LANE.update().where(LANE.c.lane == lane.lane).values(**sealed))


def test_a_clock_publishes_one_head_a_day(line: Line) -> None:
    """In the events, by SMS to the witnesses and in the log; whichever clock comes first."""
    line.staff("kabutare")
    witnesses = {line.staff("national", "witness") for _ in range(2)}
    line.clock.tick()
    assert _kept(line) == [], "nothing has been done yet"
    line.phone().dial().press(1).press(1).press(1)
    with capture_logs() as events:
        for _ in range(3):
            line.clock.tick()
            line.deliver()
    (head,) = _kept(line)
    said = [one for one in line.sms_provider.taken if head in one.text]
    assert {one.to for one in said} == witnesses
    assert len(said) == 2
    assert all(one.text.endswith(f"Please keep this message: {head}") for one in said)
    told = [event for event in events if event["event"] == "audit_head"]
    assert [event["head"] for event in told] == [head]


def _kept(line: Line) -> list[str]:
    with database.reading(line.web.database) as session:
        return [head.letters for head in heads.published(session.connection())]


def test_two_clocks_publish_one_head(log: Log) -> None:
    """The second waits for the first one's row, and then has nothing to do."""
    published: list[object] = []
    log.records.at_once(
        lambda session: published.append(witnesses.publish(session)),
        lambda session: published.append(witnesses.publish(session)),
    )
    assert sum(head is not None for head in published) == 1
    assert log.faults() == []


def test_a_head_is_published_again_on_the_next_day(log: Log) -> None:
    with database.reading(log.engine) as session:
        at = session.at
        assert heads.is_due(session)
    log.publish()
    with database.reading(log.engine) as session:
        assert not heads.is_due(session)
        assert heads.is_due(as_of(session, at + timedelta(days=1)))


def test_a_witness_is_never_alerted(line: Line) -> None:
    witness = line.staff("national", "witness")
    line.phone().dial().press(1).press(1).press(1)
    for _ in range(3):
        line.clock.tick()
        line.deliver()
    with database.reading(line.web.database) as session:
        assert session.scalars(select(Alert)).all() == []
        to_her = session.scalars(select(Outbox.template)).all()
    assert set(to_her) <= {"audit_head"}
    assert [sms.to for sms in line.sms_provider.taken] == [witness]
