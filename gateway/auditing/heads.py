"""The head of each day: how far the whole log had come, in letters that outsiders keep.

Who sets back the whole database, or holds a key and writes the log anew, leaves nothing inside that
contradicts him. A head that left the house does: it went to the log of the service, and by SMS to
witnesses who work for somebody else. Heads are kept here too, so that a published one is found
again and compared with the rows; that each was published is a row of the log itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from gateway import audit, outbox, roster
from gateway.auditing import chain, lanes
from gateway.auditing.chain import End, Seal
from gateway.models import AuditHead
from gateway.once import add_once

PUBLISHED: Final = "head published"
"""The act whose row has the letters of a head as its detail."""

LIVES: Final = timedelta(hours=24)
"""The SMS to a witness is dropped after this: the next head follows, and covers this one."""


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


def is_due(session: Session, at: datetime) -> bool:
    """Whether this day has no head yet."""
    return session.get(AuditHead, _day(at)) is None


def publish(session: Session, at: datetime) -> Head | None:
    """Keep and send the head of this day, unless it has one; None then, or with an empty log."""
    session.flush()
    head = _now(session.connection(), audit.seal_of(session), at)
    if head is None or not _keep(session, head):
        return None
    audit.record(session, at, audit.SERVICE, PUBLISHED, detail=head.letters)
    for person in roster.witnesses(session):
        outbox.add(
            session,
            dedupe_key=f"head:{head.day}:{person.id}",
            audience="staff",
            template="audit_head",
            at=at,
            lives=LIVES,
            staff_id=person.id,
            values={"head": head.letters},
        )
    return head


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


def _now(connection: Connection, seal: Seal, at: datetime) -> Head | None:
    extents = [lane.extent for lane in lanes.read(connection, seal)]
    if not extents:
        return None
    ends = tuple(End(one.lane, one.seq, one.digest) for one in extents)
    day, rows = _day(at), sum(end.seq for end in ends)
    return Head(day, at, rows, ends, chain.of_head(seal, day, at, rows, ends))


def _keep(session: Session, head: Head) -> bool:
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
