"""How the service does, in a few figures: for a monitor, a load balancer and `isange doctor`.

One transaction, and each query goes by an index, so that it may be asked every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, func, select

from gateway.staff import roster
from gateway.store import database, liveness
from gateway.store.database import Session
from gateway.store.models import Outbox, OutboxState, Report, ReportState, Urgency

LONGEST_SILENCE: Final = 60
"""Seconds without a sign of life after which no clock runs: it ticks every two."""

LONGEST_UNSENT: Final = 60
"""Seconds that an SMS may wait before something is wrong with worker, clock or provider."""

A_DAY: Final = timedelta(days=1)

Trouble = Literal["clock", "unsent", "national_duty"]
"""What is wrong although calls are answered, as `/readyz` names it."""


@dataclass(frozen=True, slots=True)
class Status:
    """Seconds are None where there is nothing to count from: no SMS waits, no clock ever ran."""

    oldest_unsent: float | None
    """Seconds since the SMS that waits longest should have left."""
    oldest_unaccepted: float | None
    """Seconds since the report was made that nobody has accepted for longest."""
    unknown_sends: int
    """SMS of the last day of which nobody knows whether they left."""
    clock_silent: float | None
    worker_silent: float | None
    """Seconds since the last one of its kind was alive; a worker without work is silent."""
    national_duty: bool
    """Whether anybody is on duty at the national desk."""

    def troubles(self) -> Iterator[Trouble]:
        """What a person must look at now."""
        if self.clock_silent is None or self.clock_silent > LONGEST_SILENCE:
            yield "clock"
        if self.oldest_unsent is not None and self.oldest_unsent > LONGEST_UNSENT:
            yield "unsent"
        if not self.national_duty:
            yield "national_duty"


def read(engine: Engine, desk: str) -> Status:
    """Look now. Raises database.DatabaseDown. `desk` is the id of the national desk."""
    with database.reading(engine) as session:
        last = liveness.last_alive(session)
        return Status(
            oldest_unsent=_seconds(_unsent_since(session), session.at),
            oldest_unaccepted=_seconds(_unaccepted_since(session), session.at),
            unknown_sends=_unknown(session),
            clock_silent=_seconds(last.get("clock"), session.at),
            worker_silent=_seconds(last.get("worker"), session.at),
            national_duty=roster.is_covered(session, desk),
        )


def _seconds(since: datetime | None, at: datetime) -> float | None:
    return round(max(0.0, (at - since).total_seconds()), 1) if since else None


def _unsent_since(session: Session) -> datetime | None:
    """Since when an SMS waits. One to staff that was tried in vain waits since it was written.

    One to a caller may be written days before it is due, and is dropped when it is late.
    """
    waiting = Outbox.state.in_((OutboxState.PENDING, OutboxState.SENDING))
    tried = (Outbox.urgency <= Urgency.NEWS, Outbox.attempt > 0)
    moments = (
        session.scalar(select(func.min(Outbox.created_at)).where(waiting, *tried)),
        session.scalar(select(func.min(Outbox.due_at)).where(waiting, Outbox.due_at <= session.at)),
    )
    return min((one for one in moments if one), default=None)


def _unaccepted_since(session: Session) -> datetime | None:
    """Without those that share another's alert, and those of which nobody is told (now)."""
    waiting = (
        Report.state == ReportState.RECEIVED,
        Report.folded_into.is_(None),
        Report.waiting.is_(None),
    )
    return session.scalar(select(func.min(Report.created_at)).where(*waiting))


def _unknown(session: Session) -> int:
    lately = (Outbox.state == OutboxState.UNKNOWN, Outbox.due_at > session.at - A_DAY)
    return session.scalar(select(func.count()).select_from(Outbox).where(*lately)) or 0
