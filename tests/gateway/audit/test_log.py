"""Rows of the audit log: in the transaction of the act, chained by lane, without a hot lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, select, text

from gateway.audit import chain, verification
from gateway.audit import log as audit
from gateway.audit.chain import Entry, Extent
from gateway.audit.lanes import LANES
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Audit, AuditLane
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.alarm_counts import alarms
from tests.moments import as_of
from tests.services import PATIENCE
from tests.staff_and_reports import StaffAndReports, on_sqlite

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)

Vaults = Callable[[Role], Vault]


def note(engine: Engine, *acts: str) -> None:
    """Rows of one transaction."""
    with database.writing(engine, "test") as session:
        for act in acts:
            audit.record(session, audit.SERVICE, act)


def rows(engine: Engine) -> Sequence[Audit]:
    with database.reading(engine) as session:
        found = session.scalars(select(Audit).order_by(Audit.id)).all()
        session.expunge_all()
    return found


def faults(engine: Engine, vaults: Vaults, *heads: str) -> list[str]:
    """What `isange audit verify` says."""
    seal = audit.sealing(lambda: vaults("staff"))
    return [str(fault) for fault in verification.verify(engine, seal, heads).faults]


def test_rows_of_a_transaction_follow_each_other_in_one_lane(
    engine: Engine, vaults: Vaults
) -> None:
    note(engine, "one", "two", "three")
    found = rows(engine)
    assert [row.act for row in found] == ["one", "two", "three"]
    assert [row.seq for row in found] == [1, 2, 3]
    assert len({row.lane for row in found}) == 1
    assert len({row.digest for row in found}) == 3
    assert faults(engine, vaults) == []


def test_what_was_undone_leaves_no_row(engine: Engine, vaults: Vaults) -> None:
    note(engine, "before")
    with suppress(ZeroDivisionError), database.writing(engine, "test") as session:
        audit.record(as_of(session, AT), audit.SERVICE, "undone")
        session.flush()
        raise ZeroDivisionError
    note(engine, "after")
    assert [row.act for row in rows(engine)] == ["before", "after"]
    assert faults(engine, vaults) == []


def test_a_session_that_goes_on_after_a_rollback_forgets_what_it_recorded(engine: Engine) -> None:
    with Session(engine) as session:
        audit.record(as_of(session, AT), audit.SERVICE, "undone")
        session.rollback()
        audit.record(as_of(session, AT), audit.SERVICE, "done")
        session.commit()
    assert [row.act for row in rows(engine)] == ["done"]


def test_a_commit_that_fails_leaves_the_lane_as_it_was(engine: Engine, vaults: Vaults) -> None:
    """The connection remembers a lane that the database never saw so; it must not go on there."""
    note(engine, "before")
    event.listen(engine, "commit", _fail)
    with pytest.raises(ZeroDivisionError):
        note(engine, "lost")
    event.remove(engine, "commit", _fail)
    for _ in range(3):
        note(engine, "after")
    assert [row.act for row in rows(engine)] == ["before", "after", "after", "after"]
    assert faults(engine, vaults) == []


def _fail(*args: object) -> None:
    raise ZeroDivisionError


def test_a_row_inside_a_savepoint_is_refused(engine: Engine) -> None:
    with database.writing(engine, "test") as session:
        session.begin_nested()
        with pytest.raises(RuntimeError, match="savepoint"):
            audit.record(as_of(session, AT), audit.SERVICE, "inside")
        session.rollback()


def test_without_the_key_nothing_is_done(database_url: str) -> None:
    engine = database.connect(database_url)
    with pytest.raises(audit.NoSeal):
        note(engine, "act")
    assert rows(engine) == []
    engine.dispose()


def test_the_first_row_makes_all_lanes(engine: Engine, vaults: Vaults) -> None:
    note(engine, "first")
    with database.reading(engine) as session:
        found = {lane.lane: lane.seq for lane in session.scalars(select(AuditLane))}
    assert found.keys() == set(range(LANES[engine.dialect.name]))
    assert sum(found.values()) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nobody_waits_for_a_lane_that_another_holds(engine: Engine, vaults: Vaults) -> None:
    note(engine, "first")
    with engine.connect() as holder, holder.begin():
        held = text("SELECT lane FROM audit_lanes ORDER BY lane LIMIT 31 FOR UPDATE")
        holder.execute(held)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(note, engine, "meanwhile").result(PATIENCE)
    assert [(row.act, row.lane) for row in rows(engine)][1] == ("meanwhile", 31)
    assert faults(engine, vaults) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_finds_no_lane_waits_for_one(records: StaffAndReports, vaults: Vaults) -> None:
    note(records.engine, "first")
    records.meanwhile(
        lambda session: session.execute(text("SELECT 1 FROM audit_lanes FOR UPDATE")),
        lambda: note(records.engine, "waited"),
    )
    assert [row.act for row in rows(records.engine)][-1] == "waited"
    assert faults(records.engine, vaults) == []


def test_many_at_once_make_one_whole_log(engine: Engine, vaults: Vaults) -> None:
    """From the very first row on, when the lanes themselves are still to be made."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: note(engine, f"act {number}", "and more"), range(80)))
    found = rows(engine)
    assert len(found) == 160
    assert {row.act for row in found} == {*(f"act {number}" for number in range(80)), "and more"}
    assert faults(engine, vaults) == []


def test_a_transaction_costs_two_statements_more_than_its_rows_at_most(engine: Engine) -> None:
    note(engine, "first")
    engine.dispose()  # The next connection remembers no lane.
    assert _statements(engine, lambda: note(engine, "more", "and more")) <= 3
    assert _statements(engine, lambda: note(engine, "more", "and more")) <= 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_goes_on_in_its_lane_with_a_single_statement(engine: Engine) -> None:
    note(engine, "first")
    assert _statements(engine, lambda: note(engine, "more", "and more")) == 1
    assert [row.seq for row in rows(engine)] == [1, 2, 3]


def _statements(engine: Engine, work: Callable[[], None]) -> int:
    """How many statements touch the log."""
    seen: list[str] = []

    def see(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", see)
    work()
    event.remove(engine, "before_cursor_execute", see)
    return sum("audit" in statement for statement in seen)


def test_a_lane_that_was_set_back_is_an_alarm_and_stays_broken(
    engine: Engine, vaults: Vaults
) -> None:
    """The service writes on, for nobody may be refused; but what is not its own it seals not."""
    note(engine, "one", "two")
    with engine.begin() as attacker:
        attacker.execute(text("DELETE FROM audit WHERE seq = 2"))
        attacker.execute(text("DELETE FROM audit_lanes WHERE seq = 0"))
        attacker.execute(text("UPDATE audit_lanes SET seq = 1, digest = audit.digest FROM audit"))
    before = alarms("audit_broken")
    for _ in range(3):
        note(engine, "written on")
    assert alarms("audit_broken") == before + 3
    assert [row.seq for row in rows(engine)] == [1, 2, 3, 4]
    found = "\n".join(faults(engine, vaults))
    assert f"lane {rows(engine)[0].lane}: its end was not written by the service" in found


def test_no_two_things_are_sealed_alike() -> None:
    def seal(content: str) -> bytes:
        return content.encode()

    entry = Entry(AT, "caller", "looked", None, None)
    others = (
        Entry(AT, "caller", "looked", "", None),
        Entry(AT, "caller", "looked", None, ""),
        Entry(AT, "caller", "looked", "None", None),
        Entry(AT, "callerlooked", "", None, None),
        Entry(AT + timedelta(microseconds=1), "caller", "looked", None, None),
    )
    alike = [chain.of_row(seal, 1, 2, b"x", one) for one in (entry, *others)]
    alike += [chain.of_row(seal, *place, b"x", entry) for place in ((2, 2), (1, 3), (12, 0))]
    alike += [chain.of_row(seal, 1, 2, b"y", entry)]
    alike += [chain.of_extent(seal, Extent(1, 2, b"x", 0, b"", AT))]
    assert len(set(alike)) == len(alike)


@on_sqlite
def test_a_head_has_few_digits_and_is_read_aloud(engine: Engine, vaults: Vaults) -> None:
    letters = chain.of_head(audit.sealing(lambda: vaults("web")), "2026-01-31", AT, 1, [])
    assert len(letters) == 29
    assert set(letters) <= set("abcdefghijklmnop-")
