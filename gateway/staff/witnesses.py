"""The head of each day goes by SMS to witnesses who work for somebody else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from gateway.audit import heads
from gateway.audit import log as audit
from gateway.audit.heads import PUBLISHED, Head
from gateway.sms import outbox
from gateway.staff import roster

LIVES: Final = timedelta(hours=24)
"""The SMS to a witness is dropped after this: the next head follows, and covers this one."""


def publish(session: Session, at: datetime) -> Head | None:
    """Keep and send the head of this day, unless it has one; None then, or with an empty log."""
    session.flush()
    head = heads.of_now(session.connection(), audit.seal_of(session), at)
    if head is None or not heads.keep(session, head):
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
