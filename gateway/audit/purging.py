"""Removing old rows: whole beginnings of lanes, with a sealed note of where each begins since."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, update

from gateway.audit import chain, lanes
from gateway.audit.chain import Seal
from gateway.audit.lanes import LANE, ROWS
from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import in_turn

_NOTE: Final = (
    update(LANE)
    .where(LANE.c.lane == bindparam("of_lane"))
    .values({name: bindparam(name) for name in ("kept_after", "kept_digest", "seal")})
)


def is_allowed(session: Session) -> bool:
    """Whether the role of this connection may remove rows at all."""
    if session.connection().dialect.name == "sqlite":
        return True
    right = func.has_table_privilege(func.current_user(), ROWS.name, "DELETE")
    return bool(session.scalar(select(right)))


def remove_before(session: Session, seal: Seal, moment: datetime) -> int:
    """Remove rows older than `moment`, up to the first younger one of each lane; how many.

    Lanes are held at the very end alone, for rows are written meanwhile. A lane that was set back
    by hand is left as it is: it is evidence.
    """
    session.flush()
    in_turn(session, "audit purge")
    connection = session.connection()
    database.take_long(connection)
    intact = {one.extent.lane for one in lanes.read(connection, seal) if one.intact}
    cuts = {lane: seq for lane in intact if (seq := _cut(session, lane, moment)) is not None}
    digests = {lane: _digest(session, lane, seq) for lane, seq in cuts.items()}
    removed = sum(_remove(session, lane, seq) for lane, seq in cuts.items())
    for lane in lanes.read(connection, seal, locked=True):
        number = lane.extent.lane
        if number in cuts and lane.intact:
            kept = lane.extent.since(cuts[number], digests[number])
            note = {"kept_after": kept.kept_after, "kept_digest": kept.kept_digest}
            sealed = chain.of_extent(seal, kept)
            connection.execute(_NOTE, {"of_lane": number, "seal": sealed, **note})
    return removed


def _cut(session: Session, lane: int, moment: datetime) -> int | None:
    """The last row of a lane that is to go, if any is. Times in a lane are not quite in order.

    Only what is to go is looked at, and the first row that stays.
    """
    rows = select(ROWS.c.seq).where(ROWS.c.lane == lane).order_by(ROWS.c.seq)
    stays = session.scalar(rows.where(ROWS.c.at >= moment).limit(1))
    gone = rows if stays is None else rows.where(ROWS.c.seq < stays)
    return session.scalar(gone.order_by(None).order_by(ROWS.c.seq.desc()).limit(1))


def _digest(session: Session, lane: int, seq: int) -> bytes:
    query = select(ROWS.c.digest).where(ROWS.c.lane == lane, ROWS.c.seq == seq)
    digest: bytes = session.execute(query).scalar_one()
    return digest


def _remove(session: Session, lane: int, seq: int) -> int:
    gone = delete(ROWS).where(ROWS.c.lane == lane, ROWS.c.seq <= seq)
    return session.connection().execute(gone).rowcount
