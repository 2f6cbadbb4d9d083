"""Edit, delete, reorder, truncate, rewrite: who can write to the database is found out every time.

The attacker speaks plain SQL as the owner of the tables. He knows this code and may have an old
copy of the database; the key files he has not.
"""
# ruff: noqa: S608  He writes his SQL as he likes.

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from gateway.audit import chain, verification
from gateway.audit.chain import Entry, Extent, Seal
from gateway.audit.lanes import LANE, ROWS
from gateway.store.models import Audit, AuditHead, AuditLane, Report
from tests.gateway.audit.audit_log import THE_LOG, Log, named


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'staff:another'",
        "act = 'closed'",
        "report_id = NULL",
        "detail = ''",
        "at = '2026-01-01 00:00:00'",
    ],
)
def test_an_edited_row_is_found(log: Log, change: str) -> None:
    row = log.longest()[1]
    log.sql(f"UPDATE audit SET {change} WHERE id = :id", id=row.id)
    assert log.faults() == [named(row) + "altered"]


def test_the_newest_row_edited_is_found(log: Log) -> None:
    row = log.longest()[-1]
    log.sql("UPDATE audit SET act = 'closed' WHERE id = :id", id=row.id)
    assert log.faults() == [named(row) + "altered"]


def test_an_edited_digest_is_found(log: Log) -> None:
    row = log.longest()[1]
    log.sql("UPDATE audit SET digest = :digest WHERE id = :id", digest=b"x" * 16, id=row.id)
    (fault,) = log.faults()
    assert fault.startswith(named(row) + "rewritten")


def test_a_deleted_row_is_found(log: Log) -> None:
    _, gone, following, *_ = log.longest()
    log.sql("DELETE FROM audit WHERE id = :id", id=gone.id)
    place = f"lane {gone.lane}, row {gone.seq}, id {following.id}: "
    assert log.faults() == [place + f"missing: the next one there is row {following.seq}"]


def test_a_deleted_row_is_found_when_the_others_move_up(log: Log) -> None:
    _, gone, *_ = log.longest()
    log.sql("DELETE FROM audit WHERE id = :id", id=gone.id)
    for seq in range(gone.seq + 1, log.longest()[-1].seq + 1):
        log.sql(
            "UPDATE audit SET seq = seq - 1 WHERE lane = :lane AND seq = :seq",
            lane=gone.lane,
            seq=seq,
        )
    assert len(log.faults()) == 1


def test_two_rows_that_changed_places_are_found(log: Log) -> None:
    _, first, second, *_ = log.longest()
    for row, seq in ((first, -1), (second, first.seq), (first, second.seq)):
        log.sql("UPDATE audit SET seq = :seq WHERE id = :id", seq=seq, id=row.id)
    assert log.faults() == [f"lane {first.lane}, row {first.seq}, id {second.id}: out of order"]


def test_two_rows_that_changed_their_content_are_found(log: Log) -> None:
    _, first, second, *_ = log.longest()
    values = "at = :at, actor = :actor, act = :act, detail = :detail, digest = :digest"
    for here, there in ((first, second), (second, first)):
        given = {name: getattr(there, name) for name in ("actor", "act", "detail", "digest")}
        at = there.at if log.engine.dialect.name == "postgresql" else f"{there.at:%F %T.%f}"
        log.sql(f"UPDATE audit SET {values} WHERE id = :id", id=here.id, at=at, **given)
    (fault,) = log.faults()
    assert fault.startswith(named(first) + "rewritten")


def test_a_row_that_moved_to_another_lane_is_found(log: Log) -> None:
    row = log.longest()[-1]
    log.sql("UPDATE audit SET lane = 77, seq = 1 WHERE id = :id", id=row.id)
    cut, unknown = log.faults()
    assert cut == f"lane {row.lane}, row {row.seq}: cut off at the end: there were {row.seq} rows"
    assert unknown == f"lane 77, row 1, id {row.id}: written by nobody: there is no such lane"


def test_a_row_that_was_added_is_found(log: Log) -> None:
    row = log.longest()[-1]
    with log.engine.begin() as attacker:
        attacker.execute(insert(ROWS), {**row._mapping, "id": 9_999, "seq": row.seq + 1})
    place = f"lane {row.lane}, row {row.seq + 1}, id 9999: "
    assert log.faults() == [place + "without a valid digest: added behind the end"]


def test_a_lane_that_was_cut_off_is_found(log: Log) -> None:
    *_, last, gone = log.longest()
    log.sql("DELETE FROM audit WHERE id = :id", id=gone.id)
    place = f"lane {gone.lane}, row {gone.seq}: "
    assert log.faults() == [place + f"cut off at the end: there were {gone.seq} rows"]
    assert last.seq == gone.seq - 1


def test_a_lane_that_was_cut_off_and_set_back_is_found(log: Log) -> None:
    """The digest of the last row left stands in that row: the lane's seal stands nowhere else."""
    *_, last, gone = log.longest()
    log.sql("DELETE FROM audit WHERE id = :id", id=gone.id)
    log.sql(
        "UPDATE audit_lanes SET seq = :seq, digest = :digest WHERE lane = :lane",
        seq=last.seq,
        digest=last.digest,
        lane=last.lane,
    )
    (fault,) = log.faults()
    assert fault.startswith(f"lane {last.lane}: its end was not written by the service")
    log.write(40)
    assert log.faults() == [fault], "what the service writes on does not hide it"


def test_a_lane_that_was_removed_is_found(log: Log) -> None:
    lane = log.longest()[0].lane
    for table in ("audit", "audit_lanes"):
        log.sql(f"DELETE FROM {table} WHERE lane = :lane", lane=lane)
    found = "\n".join(log.faults())
    removed = f"lane {lane}: missing: the lane itself was removed"
    assert removed in found or "there is no lane" in found


def test_an_emptied_log_is_found(log: Log) -> None:
    log.sql("DELETE FROM audit")
    found = log.faults()
    assert found
    assert all("cut off at the end" in fault for fault in found)


def test_a_log_that_was_removed_is_found(log: Log) -> None:
    for table in THE_LOG:
        log.sql(f"DELETE FROM {table.__tablename__}")
    assert log.faults() == ["there is no lane: nothing was ever done, or the whole log was removed"]


def test_a_log_that_was_removed_and_begun_anew_is_found(log: Log) -> None:
    """The service makes new lanes, and they are younger than what was reported before."""
    report = log.records.report()
    for table in THE_LOG:
        log.sql(f"DELETE FROM {table.__tablename__}")
    long_ago = log.records.now() - timedelta(days=2)
    log.records.change(Report, Report.id == report, created_at=long_ago)
    log.write(4)
    (fault,) = log.faults()
    assert fault.startswith("the log begins on ")
    assert fault.endswith("an older log was removed")


def test_a_log_that_was_rewritten_with_another_key_is_found(log: Log) -> None:
    """All of it, lanes and heads too, by somebody who read this code and has no key."""
    head = log.publish()
    rewrite(log, lambda content: hmac.digest(b"his own", content.encode(), hashlib.sha256)[:16])
    found = "\n".join(log.faults())
    assert "rewritten, from here on" in found
    assert "its end was not written by the service" in found
    assert f"the head of {head.day} was altered in the database" in found


def rewrite(log: Log, seal: Seal) -> None:
    """The same rows without those that somebody wants forgotten, chained anew."""
    with log.engine.begin() as attacker:
        rows = attacker.execute(select(ROWS).order_by(ROWS.c.lane, ROWS.c.seq)).all()
        lanes = attacker.execute(select(LANE)).all()
        attacker.execute(ROWS.delete())
        for lane in lanes:
            mine = [row for row in rows if row.lane == lane.lane][1:]
            digest = b""
            for seq, row in enumerate(mine, 1):
                entry = Entry(row.at, row.actor, row.act, row.report_id, row.detail)
                digest = chain.of_row(seal, lane.lane, seq, digest, entry)
                attacker.execute(insert(ROWS), {**row._mapping, "seq": seq, "digest": digest})
            extent = Extent(lane.lane, len(mine), digest, 0, b"", lane.begun_at)
            attacker.execute(
                LANE.update()
                .where(LANE.c.lane == lane.lane)
                .values(seq=extent.seq, digest=digest, seal=chain.of_extent(seal, extent))
            )
        for one in attacker.execute(select(AuditHead.__table__)).all():
            letters = chain.of_head(seal, one.day, one.at, one.rows, [])
            attacker.execute(
                AuditHead.__table__.update().values(lanes=[], letters=letters)  # type: ignore[attr-defined]
            )


def test_a_log_that_was_rewritten_with_the_key_contradicts_what_was_published(log: Log) -> None:
    """Who has broken into a process has its key: only what left the house is safe from him."""
    log.publish()
    kept = log.copy()
    rewrite(log, log.seal)
    log.put_back(kept, AuditHead)
    assert any("the head of" in fault for fault in log.faults())


def test_an_old_log_put_back_contradicts_a_head_that_came_later(log: Log) -> None:
    old = log.copy()
    log.write(24)
    log.publish()
    log.put_back(old, Audit, AuditLane)
    found = log.faults()
    assert found
    assert any("cut off at the end" in fault for fault in found)


def test_a_head_that_was_removed_is_named_by_the_log(log: Log) -> None:
    head = log.publish()
    log.write(4)
    log.sql("DELETE FROM audit_heads")
    (fault,) = log.faults()
    assert f"the head {head.letters} of " in fault
    assert fault.endswith("was removed from the database")


def test_a_head_that_was_made_up_is_found(log: Log) -> None:
    head = log.publish()
    log.sql("UPDATE audit_heads SET rows = rows - 1")
    assert log.faults() == [f"the head of {head.day} was altered in the database"]


def test_the_whole_database_put_back_is_told_by_a_head_that_somebody_kept_outside(
    log: Log,
) -> None:
    """Nothing inside can tell: it is exactly what the service wrote, a while ago."""
    earlier = log.publish()
    old = log.copy()
    log.write(24)
    later = log.publish()
    log.put_back(old, *THE_LOG)
    assert log.faults() == []
    assert log.faults(earlier.letters) == []
    (fault,) = log.faults(earlier.letters, later.letters)
    assert fault.startswith(
        f"the head {later.letters} is not known here: the database was set back"
    )


def test_a_published_head_is_a_beginning_of_the_log(log: Log) -> None:
    first = log.publish()
    log.write(24)
    second = log.publish()
    log.write(24)
    assert log.faults(first.letters, second.letters) == []


def test_rows_that_come_while_it_is_read_are_no_fault(log: Log) -> None:
    """One snapshot of lanes and rows, or the newest rows would look added."""
    wrote: list[int] = []

    def meanwhile(count: int) -> None:
        if not wrote:
            wrote.append(count)
            log.write(24)

    assert verification.verify(log.engine, log.seal, progress=meanwhile).faults == []
    assert wrote
    assert log.faults() == []
