"""How much is spent on SMS to callers in a day, and what no longer leaves when it is too much.

What callers ask for by SMS is counted and never stopped: who writes to the line is answered. What
the service sends by itself is a courtesy, and above the cap it is dropped. SMS to staff are not
even counted: no cap may stop an alert.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from gateway.staff import operators
from gateway.store.database import Session
from gateway.store.insert_once import in_turn
from gateway.store.models import Outbox, OutboxState

REASON: Final = "spending cap"
"""Why such an SMS did not leave, as its row says."""

_COSTS: Final = (OutboxState.SENDING, OutboxState.ACCEPTED, OutboxState.UNKNOWN)


def is_above(session: Session, most: int, zone: ZoneInfo) -> bool:
    """Whether more SMS to callers than `most` were due today, those just claimed included.

    0 is no cap. Workers that count at the same moment may let a batch too many through: better than
    a staff alert that waits behind the counting. The first time on a day is an alarm.
    """
    if not most:
        return False
    session.flush()
    today = _midnight(session.at, zone)
    query = select(func.count()).where(
        Outbox.state.in_(_COSTS), Outbox.due_at >= today, Outbox.audience == "caller"
    )
    above = (session.scalar(query) or 0) > most
    if above:
        _tell_once(session, today)
    return above


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)


def _tell_once(session: Session, today: datetime) -> None:
    """The first SMS that is dropped on a day is an alarm; those after it find it dropped."""
    in_turn(session, REASON)
    dropped = select(Outbox.id).where(
        Outbox.state == OutboxState.DROPPED, Outbox.due_at >= today, Outbox.outcome == REASON
    )
    if session.scalars(dropped.limit(1)).first() is None:
        operators.wake(session, "spending_cap")
