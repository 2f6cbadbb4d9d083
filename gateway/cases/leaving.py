"""A member of staff leaves: from now on she is told nothing, is shown nothing, and has nothing.

Her row stays without number and PIN, because the log and the reports name it. Whatever waits for
her goes on to others in the same transaction: no caller must wait for a person who is gone.
"""

from __future__ import annotations

from typing import Protocol

from gateway.audit import log as audit
from gateway.cases import casework
from gateway.cases.escalation import EscalationPolicy
from gateway.staff import duty, roster, staff_list
from gateway.staff.parts import StaffParts
from gateway.staff.roster import HasLeft
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Staff


class LeavingParts(StaffParts, Protocol):
    """What taking somebody out needs of a process."""

    @property
    def policy(self) -> EscalationPolicy: ...


def take_out(parts: LeavingParts, who: str) -> int:
    """Take a person out for good; how many reports went on to others. Raises BadEntry, HasLeft."""
    with database.writing(parts.database, "staff.remove") as session:
        person = staff_list.named(session, parts, who)
        return remove(session, parts.policy, person)


def remove(session: Session, policy: EscalationPolicy, person: Staff) -> int:
    """Take her out for good; how many reports went on to others. Raises HasLeft.

    Locks are taken in the order of all others: the duty of her centre, herself, then the reports.
    """
    duty.one_after_another(session, person)
    if not roster.is_still_here(session, person):
        raise HasLeft("she has left already")
    person.left_at, person.opted_out_at = session.at, person.opted_out_at or session.at
    person.number_hash, person.number, person.pin_hash = None, None, None
    duty.leave(session, person)
    audit.record(session, audit.OPERATOR, "removed", detail=person.id)
    return casework.release(session, policy, person)
