"""The head of each day: how far the whole log had come, in letters that outsiders keep.

Who sets back the whole database, or holds a key and writes the log anew, leaves nothing inside that
contradicts him. A head that left the house does: it went to the log of the service, and by SMS to
witnesses who work for somebody else. Heads are kept here too, so that a published one is found
again and compared with the rows; that each was published is a row of the log itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from gateway.audit import chain, lanes
from gateway.audit.chain import End, Seal
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import AuditHead

PUBLISHED: Final = "head published"
"""The act whose row has the letters of a head as its detail."""


@dataclass(frozen=True, slots=True)
class Head:
    """How far all lanes had come at a moment. `rows` counts all that were ever written."""

    day: str
    at: datetime
    rows: int
    ends: tuple[End, ...]
    letters: str

    def is_true(self, seal: Seal) -> bool:
        """Whether the service itself wrote this."""
        return self.letters == chain.of_head(seal, self.day, self.at, self.rows, self.ends)


def is_due(session: Session) -> bool:
    """Whether this day has no head yet."""
    return session.get(AuditHead, _day(session.at)) is None


def published(connection: Connection) -> list[Head]:
    """All heads that were kept, oldest first."""
    found = connection.execute(select(*AuditHead.__table__.columns).order_by(AuditHead.day))
    return [
        Head(
            row.day,
            row.at,
            row.rows,
            tuple(End(lane, seq, bytes.fromhex(digest)) for lane, seq, digest in row.lanes),
            row.letters,
        )
        for row in found
    ]


def of_now(connection: Connection, seal: Seal, at: datetime) -> Head | None:
    """The head of this moment; None of an empty log."""
    extents = [lane.extent for lane in lanes.read(connection, seal)]
    if not extents:
        return None
    ends = tuple(End(one.lane, one.seq, one.digest) for one in extents)
    day, rows = _day(at), sum(end.seq for end in ends)
    return Head(day, at, rows, ends, chain.of_head(seal, day, at, rows, ends))


def keep(session: Session, head: Head) -> bool:
    """Keep the head of its day; False when the day has one."""
    return add_once(
        session,
        AuditHead,
        day=head.day,
        at=head.at,
        rows=head.rows,
        lanes=[[end.lane, end.seq, end.digest.hex()] for end in head.ends],
        letters=head.letters,
    )


def _day(at: datetime) -> str:
    return at.date().isoformat()
