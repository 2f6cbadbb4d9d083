"""Wrong PINs of a member of staff: how many there were, who hears of it, and when none counts.

Four digits can be guessed by whoever has her phone and time. So five wrong ones within half an hour
lock her line for as long, and fifteen since the last right one lock it until an operator gives her
another PIN; after ten her lead and the operator know. What is typed while the line is locked is not
looked at, teaches nobody anything, and does not count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from gateway.audit import log as audit
from gateway.runtime import alarms
from gateway.sms import to_staff
from gateway.staff import operators, roster
from gateway.store.database import Session
from gateway.store.models import PinTry, Staff

MOST_PIN_TRIES: Final = 5
LOCKED_FOR: Final = timedelta(minutes=30)
"""So many wrong PINs within this time lock the line for that number."""

MANY: Final = 10
MOST_EVER: Final = 15
"""Wrong PINs since the last right one with which others hear of it, and which lock for good."""

_TOLD_AT: Final[dict[int, Literal["pin_guessed", "pin_locked"]]] = {
    MANY: "pin_guessed",
    MOST_EVER: "pin_locked",
}

TOLD_LIVES: Final = timedelta(hours=6)
"""Longer than other news: a lead who wakes up must still hear of it."""


def is_locked(session: Session, person: Staff) -> bool:
    """Whether no PIN of hers counts now. Called in turn, so that many at once are counted."""
    lately = _wrong(session, person, max(session.at - LOCKED_FOR, person.pin_set_at))
    return lately >= MOST_PIN_TRIES or is_locked_for_good(session, person)


def is_locked_for_good(session: Session, person: Staff) -> bool:
    """Whether only another PIN opens her line again."""
    return _wrong(session, person, _last_right(session, person)) >= MOST_EVER


def note(session: Session, person: Staff, request: bytes, *, right: bool) -> None:
    """Keep that a PIN was tried on this occasion, and tell others when too many were wrong."""
    session.add(PinTry(request=request, staff_id=person.id, tried_at=session.at, right=right))
    session.flush()
    if not right:
        kind = _TOLD_AT.get(_wrong(session, person, _last_right(session, person)))
        if kind:
            _tell(session, person, kind)


def refused(session: Session, person: Staff) -> None:
    """A PIN was wrong, or was not looked at."""
    audit.record(session, audit.staff(person.id), "wrong PIN")
    alarms.sound("wrong_pin", centre=person.centre_id)


def is_over() -> ColumnElement[bool]:
    """In a query about tries: those that say nothing any more about how many were wrong."""
    later = aliased(PinTry)
    right_since = exists().where(
        later.staff_id == PinTry.staff_id,
        later.right.is_(True),
        later.tried_at > PinTry.tried_at,
    )
    of_old = or_(Staff.pin_set_at >= PinTry.tried_at, Staff.left_at.is_not(None))
    return or_(right_since, exists().where(Staff.id == PinTry.staff_id, of_old))


def _last_right(session: Session, person: Staff) -> datetime:
    """When she last typed the right one; before that, when it was given to her."""
    tries = select(func.max(PinTry.tried_at))
    right = session.scalar(tries.where(PinTry.staff_id == person.id, PinTry.right.is_(True)))
    return max(right or person.pin_set_at, person.pin_set_at)


def _wrong(session: Session, person: Staff, since: datetime) -> int:
    query = select(func.count()).where(
        PinTry.staff_id == person.id, PinTry.right.is_(False), PinTry.tried_at > since
    )
    return session.scalar(query) or 0


def _tell(session: Session, person: Staff, kind: Literal["pin_guessed", "pin_locked"]) -> None:
    operators.wake(session, kind, centre=person.centre_id)
    others = [one for one in roster.leads(session, person.centre_id) if one.id != person.id]
    for lead in others if person.role in roster.ALERTED else ():
        key = f"{kind}:{person.id}:{lead.id}:{session.at.isoformat()}"
        role = {"role": person.role}
        to_staff.tell(session, lead.id, kind, key=key, lives=TOLD_LIVES, values=role)
