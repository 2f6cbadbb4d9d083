"""Writing the log: each transaction appends its rows to one lane, which it holds until it commits.

One chain of all rows would have every transaction of the service wait for every other. So there are
many lanes, each a chain of its own, and a transaction takes one that nobody holds. It does so last
of all, when its other rows are written: it holds a lane for no longer than a commit takes, and who
holds a lane waits for nobody, so that lanes can be part of no deadlock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, Table, bindparam, func, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.audit import chain
from gateway.audit.chain import BEGINNING, Entry, Extent, Seal
from gateway.runtime import alarms
from gateway.store.models import Audit, AuditLane

LANES: Final = {"postgresql": 32, "sqlite": 1}
"""How many lanes there are. SQLite has one writer at a time anyway."""

ROWS: Final[Table] = Audit.metadata.tables[Audit.__tablename__]
LANE: Final[Table] = AuditLane.metadata.tables[AuditLane.__tablename__]

_FREE: Final = select(LANE).order_by(func.random()).limit(1).with_for_update(skip_locked=True)
_ANY: Final = select(LANE).order_by(func.random()).limit(1).with_for_update()

_MOVED: Final = "audit_lane"
"""Where a connection of PostgreSQL remembers how it left its lane, to go on there unasked."""

_MOVE: Final = (
    update(LANE)
    .where(LANE.c.lane == bindparam("at_lane"))
    .values({name: bindparam(name) for name in ("seq", "digest", "seal")})
)

_AT_ONCE: Final = text("""
    WITH moved AS (
        UPDATE audit_lanes SET seq = :new_seq, digest = :new_digest, seal = :new_seal
        WHERE lane = :lane AND seq = :old_seq AND seal = :old_seal
        RETURNING lane
    )
    INSERT INTO audit (lane, seq, digest, at, actor, act, report_id, detail)
    SELECT moved.lane, seq, decode(digest, 'hex'), at, actor, act, report_id, detail
    FROM moved, json_to_recordset(CAST(:rows AS json)) AS new (
        seq integer, digest text, at timestamptz, actor text, act text, report_id text, detail text
    )
""").execution_options(preserve_rowcount=True)
"""Move the lane and write the rows, or do nothing if the lane is not as it was. One statement, for
it is part of nearly every transaction; it asks for no id, since who may only insert reads none."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane as it lies in the database. `intact`: its seal is the service's own."""

    extent: Extent
    seal: bytes
    intact: bool


def append(connection: Connection, seal: Seal, entries: Sequence[Entry]) -> None:
    """Write rows at the end of a lane, in the transaction of `connection`."""
    if connection.dialect.name == "sqlite":
        return _one_by_one(connection, seal, _take(connection, seal, entries[0].at), entries)
    lane = connection.info.pop(_MOVED, None)
    if lane is None or not _at_once(connection, seal, lane, entries):
        lane = _take(connection, seal, entries[0].at)
        if not _at_once(connection, seal, lane, entries):
            raise RuntimeError("a lane of the audit log moved under the lock")
    return None


def read(connection: Connection, seal: Seal, *, locked: bool = False) -> list[Lane]:
    """All lanes, in their order."""
    query = select(LANE).order_by(LANE.c.lane)
    rows = connection.execute(query.with_for_update() if locked else query)
    return [_lane(row, seal) for row in rows]


def _one_by_one(connection: Connection, seal: Seal, lane: Lane, entries: Sequence[Entry]) -> None:
    rows, moved = _continued(seal, lane, entries)
    connection.execute(insert(ROWS).inline(), [{"lane": lane.extent.lane, **row} for row in rows])
    end = {"seq": moved.extent.seq, "digest": moved.extent.digest, "seal": moved.seal}
    connection.execute(_MOVE, {"at_lane": moved.extent.lane, **end})


def _at_once(connection: Connection, seal: Seal, lane: Lane, entries: Sequence[Entry]) -> bool:
    """Whether the lane was still as it is thought to be; the rows are written then."""
    rows, moved = _continued(seal, lane, entries)
    values = {
        "lane": lane.extent.lane,
        "old_seq": lane.extent.seq,
        "old_seal": lane.seal,
        "new_seq": moved.extent.seq,
        "new_digest": moved.extent.digest,
        "new_seal": moved.seal,
        "rows": json.dumps(rows, default=_as_text),
    }
    if not connection.execute(_AT_ONCE, values).rowcount:
        return False
    if moved.intact:
        # A rollback leaves this ahead of the database; then the next one finds that it is not so.
        connection.info[_MOVED] = moved
    return True


def _as_text(value: bytes | datetime) -> str:
    return value.hex() if isinstance(value, bytes) else value.isoformat()


def _continued(
    seal: Seal, lane: Lane, entries: Sequence[Entry]
) -> tuple[list[dict[str, Any]], Lane]:
    """The rows to write, and the lane after them.

    A lane that was set back by hand must go on showing it: its seal stays as wrong as it is, for a
    fresh one would make it good again.
    """
    extent, rows = lane.extent, []
    for entry in entries:
        seq = extent.seq + 1
        digest = chain.of_row(seal, extent.lane, seq, extent.digest, entry)
        extent = extent.up_to(seq, digest)
        rows.append({"seq": seq, "digest": digest, **entry.columns()})
    sealed = chain.of_extent(seal, extent) if lane.intact else lane.seal
    return rows, Lane(extent, sealed, lane.intact)


def _take(connection: Connection, seal: Seal, at: datetime) -> Lane:
    """A lane that nobody holds, or the next one of any; held until the commit."""
    taken = _first(connection, seal, _FREE) or _first(connection, seal, _ANY)
    if taken is None:
        _begin(connection, seal, at)
        taken = _first(connection, seal, _ANY)
    if taken is None:
        raise RuntimeError("the lanes of the audit log cannot be made")
    if not taken.intact:
        alarms.sound("audit_broken")
    return taken


def _first(connection: Connection, seal: Seal, query: Select[Any]) -> Lane | None:
    row = connection.execute(query).first()
    return _lane(row, seal) if row else None


def _lane(row: Row[Any], seal: Seal) -> Lane:
    kept = (row.kept_after, row.kept_digest)
    extent = Extent(row.lane, row.seq, row.digest, *kept, row.begun_at)
    return Lane(extent, row.seal, row.seal == chain.of_extent(seal, extent))


def _begin(connection: Connection, seal: Seal, at: datetime) -> None:
    """Make the lanes of a log that has none. A twin that makes them just now is waited for.

    They carry the moment: a log that was thrown away and begun again is younger than the reports.
    """
    dialect = connection.dialect.name
    extents = [Extent(lane, 0, BEGINNING, 0, BEGINNING, at) for lane in range(LANES[dialect])]
    rows = [{**asdict(one), "seal": chain.of_extent(seal, one)} for one in extents]
    insertion = postgresql.insert if dialect == "postgresql" else sqlite.insert
    connection.execute(insertion(LANE).on_conflict_do_nothing(), rows)
