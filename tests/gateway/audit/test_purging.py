"""Old rows of the audit log go, and what is left can be verified as before."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from gateway.audit import log as audit
from gateway.audit.lanes import ROWS
from gateway.store import database
from tests.gateway.audit.audit_log import Log


def test_what_is_left_after_a_purge_is_whole(log: Log) -> None:
    head = log.publish()
    with database.writing(log.engine, "test") as session:
        moment = database.now(session)
    log.write(24)
    before = len(log.copy()["audit"])
    with database.writing(log.engine, "test") as session:
        removed = audit.purge_before(session, moment)
    assert removed >= 20
    assert len(log.copy()["audit"]) == before - removed + 1
    log.write(24)
    assert log.faults(head.letters) == []


def test_a_purge_removes_nothing_younger(log: Log) -> None:
    with database.writing(log.engine, "test") as session:
        assert audit.purge_before(session, database.now(session) - timedelta(days=1)) == 0
    assert log.faults() == []


def test_a_purge_of_everything_leaves_the_end_of_each_lane(log: Log) -> None:
    with database.writing(log.engine, "test") as session:
        moment = database.now(session) + timedelta(minutes=1)
        audit.purge_before(session, moment)
    assert log.faults() == []
    assert [row.act for row in log.copy()["audit"]] == ["audit purged"]
    log.write(8)
    assert log.faults() == []


def test_a_purge_of_nobodys_is_found(log: Log) -> None:
    """The beginning of a lane removed, and the note of it changed to match."""
    first, second, *_ = log.longest()
    log.sql("DELETE FROM audit WHERE id = :id", id=first.id)
    (fault,) = log.faults()
    assert fault == (
        f"lane {first.lane}, row {first.seq}, id {second.id}: "
        f"missing: the next one there is row {second.seq}"
    )
    log.sql(
        "UPDATE audit_lanes SET kept_after = :seq, kept_digest = :digest WHERE lane = :lane",
        seq=first.seq,
        digest=first.digest,
        lane=first.lane,
    )
    (fault,) = log.faults()
    assert fault.startswith(f"lane {first.lane}: its end was not written by the service")


def test_a_lane_that_was_changed_is_not_purged(log: Log) -> None:
    rows = log.longest()
    log.sql("UPDATE audit_lanes SET kept_after = 1 WHERE lane = :lane", lane=rows[0].lane)
    with database.writing(log.engine, "test") as session:
        audit.purge_before(session, database.now(session) + timedelta(minutes=1))
    assert len(log.longest()) >= len(rows)
    assert any("its end was not written" in fault for fault in log.faults())


def test_rows_from_before_a_purge_that_are_put_back_are_found(log: Log) -> None:
    old = log.longest()[0]
    with database.writing(log.engine, "test") as session:
        audit.purge_before(session, database.now(session) + timedelta(minutes=1))
    with log.engine.begin() as attacker:
        attacker.execute(insert(ROWS), {**old._mapping, "id": 9_999})
    place = f"lane {old.lane}, row {old.seq}, id 9999: "
    assert place + "put back: rows up to here were purged" in log.faults()
