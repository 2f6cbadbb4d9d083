"""The head of each day goes by SMS to witnesses who work for somebody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateway.audit import heads
from gateway.audit import log as audit
from gateway.audit.heads import PUBLISHED, Head
from gateway.sms import to_staff
from gateway.staff import roster
from gateway.store.database import Session

LIVES: Final = timedelta(hours=24)
"""The SMS to a witness is dropped after this: the next head follows, and covers this one."""


def publish(session: Session) -> Head | None:
    """Keep and send the head of this day, unless it has one; None then, or with an empty log."""
    session.flush()
    head = heads.of_now(session.connection(), audit.seal_of(session), session.at)
    if head is None or not heads.keep(session, head):
        return None
    audit.record(session, audit.SERVICE, PUBLISHED, detail=head.letters)
    for person in roster.witnesses(session):
        key, letters = f"head:{head.day}:{person.id}", {"head": head.letters}
        to_staff.tell(session, person.id, "audit_head", key=key, lives=LIVES, values=letters)
    return head
