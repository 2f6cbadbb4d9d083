"""Every SMS that is to leave, as rows: written with what causes them, claimed by lease, sent once.

A row is claimed (`sending`, committed) before the provider is called and settled after. If the
process dies in between nobody knows whether the SMS went out. For staff it is sent again, at most
three times: a second alert wakes somebody twice, a lost one wakes nobody. For a caller it is never
sent again by itself: a second SMS can expose her, a lost courtesy cannot.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from gateway import delivery
from gateway.models import Outbox, OutboxState
from gateway.once import add_once
from gateway.providers import Accepted, OperatorFault, Outcome, Refused, TryLater, Unknown
from gateway.vault import Vault, Where

Audience = Literal["staff", "caller"]

LONGEST_KEY: Final = 120
"""Characters of a dedupe key."""

LEASE: Final = timedelta(seconds=25)
"""Longer than the slowest provider call (13 s), so that nobody sends what is being sent."""

MOST_SENDS: Final = 3
"""How often a message to staff may be handed to a provider that might have sent it."""

BACKOFF: Final = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 45))
"""Waits after a passing fault, by attempt; the last one repeats until the row expires."""

AFTER_DOUBT: Final = (timedelta(seconds=10), timedelta(seconds=45))
"""Waits after a send that may have arrived: no hurry, and long enough to outlast an outage."""

AFTER_OPERATORS_FAULT: Final = timedelta(seconds=45)
"""Credit or credentials: a person must act first."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process, and no other, may hand to a provider until the lease ends."""

    id: str
    attempt: int


def add(
    session: Session,
    *,
    dedupe_key: str,
    audience: Audience,
    template: str,
    at: datetime,
    lives: timedelta,
    report_id: str | None = None,
    staff_id: str | None = None,
    alert_id: str | None = None,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Queue one SMS, unless `dedupe_key` already did; whether it was added.

    After `at + lives` it is dropped rather than sent late. `values` are for the template and hold
    nothing personal.
    """
    return add_once(
        session,
        Outbox,
        id=str(uuid.uuid4()),
        dedupe_key=dedupe_key,
        report_id=report_id,
        staff_id=staff_id,
        alert_id=alert_id,
        audience=audience,
        template=template,
        values=dict(values or {}),
        **_times(at, lives),
    )


def add_sealed(
    session: Session,
    vault: Vault,
    letter: bytes,
    *,
    dedupe_key: str,
    template: str,
    at: datetime,
    lives: timedelta,
) -> bool:
    """Queue an SMS to a caller whose number and text only the sender can read (JSON)."""
    row_id = str(uuid.uuid4())
    return add_once(
        session,
        Outbox,
        id=row_id,
        dedupe_key=dedupe_key,
        audience="caller",
        template=template,
        sealed=vault.seal_for("sender", letter, sealed_in(row_id)),
        **_times(at, lives),
    )


def sealed_in(row_id: str) -> Where:
    """Where a sealed letter lies."""
    return Where("outbox", "sealed", row_id)


def _times(at: datetime, lives: timedelta) -> dict[str, datetime]:
    return {"created_at": at, "due_at": at, "expires_at": at + lives}


def claim(session: Session, at: datetime, most: int) -> Sequence[Outbox]:
    """Take up to `most` due rows for sending, staff before callers. Commit before you send."""
    staff_first = Outbox.audience.desc()
    query = select(Outbox).where(*_is_due(at)).order_by(staff_first, Outbox.due_at).limit(most)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state = OutboxState.SENDING
        row.lease_until = at + LEASE
        row.attempt += 1
        row.maybe_sent += 1
    return rows


def _is_due(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return Outbox.state == OutboxState.PENDING, Outbox.due_at <= at


def drop(row: Outbox, at: datetime, reason: str) -> None:
    """Give up a claimed row that was not sent."""
    row.maybe_sent -= 1
    _finish(row, at, OutboxState.DROPPED, reason)


def settle(
    session: Session, claimed: Claimed, outcome: Outcome, provider: str, at: datetime
) -> Outbox | None:
    """Note what the provider said; None when that came too late to matter.

    A row whose lease ran out meanwhile, and that nobody claimed since, still learns whether the
    SMS was taken: then it need not be sent again.
    """
    if isinstance(outcome, Accepted):
        delivery.lock(session, outcome.message_id)
    query = select(Outbox).where(Outbox.id == claimed.id, Outbox.attempt == claimed.attempt)
    row = session.scalars(query.with_for_update()).first()
    if row is None or not _may_learn(row, outcome):
        return None
    row.provider = provider
    _note(session, row, outcome, at)
    return row


def _may_learn(row: Outbox, outcome: Outcome) -> bool:
    if row.state == OutboxState.SENDING:
        return True
    recovered = row.state in {OutboxState.PENDING, OutboxState.UNKNOWN}
    return recovered and isinstance(outcome, Accepted | Refused)


def _note(session: Session, row: Outbox, outcome: Outcome, at: datetime) -> None:
    match outcome:
        case Accepted(message_id):
            _finish(row, at, OutboxState.ACCEPTED, "accepted")
            delivery.sent_as(session, row, message_id)
        case Refused(reason):
            row.maybe_sent -= 1
            _finish(row, at, OutboxState.REFUSED, reason)
        case TryLater(reason, most):
            row.maybe_sent -= 1
            row.bounces += most is not None
            if most is not None and row.bounces > most:
                _finish(row, at, OutboxState.REFUSED, reason)
            else:
                _again(row, at + _step(BACKOFF, row.attempt), reason)
        case OperatorFault(reason):
            row.maybe_sent -= 1
            _again(row, at + AFTER_OPERATORS_FAULT, reason)
        case Unknown(reason):
            _doubt(row, at, reason)


def _doubt(row: Outbox, at: datetime, reason: str) -> None:
    if row.audience == "staff" and row.maybe_sent < MOST_SENDS:
        _again(row, at + _step(AFTER_DOUBT, row.maybe_sent), reason)
    else:
        _finish(row, at, OutboxState.UNKNOWN, reason)


def _step(waits: Sequence[timedelta], count: int) -> timedelta:
    return waits[min(count, len(waits)) - 1]


def _again(row: Outbox, due_at: datetime, reason: str) -> None:
    row.state, row.lease_until, row.outcome, row.due_at = OutboxState.PENDING, None, reason, due_at


def _finish(row: Outbox, at: datetime, state: OutboxState, reason: str) -> None:
    row.state, row.lease_until, row.finished_at, row.outcome = state, None, at, reason
    row.sealed = None


def recover(session: Session, at: datetime) -> int:
    """Take up what died while sending; how many rows that were."""
    query = select(Outbox).where(Outbox.state == OutboxState.SENDING, Outbox.lease_until < at)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        _doubt(row, at, "died while sending")
        if row.state == OutboxState.PENDING:
            row.due_at = at  # The lease was the wait.
    return len(rows)


def withdraw(session: Session, report_id: str, audience: Audience, at: datetime) -> None:
    """Drop what has not left yet to this audience about a report."""
    session.execute(
        update(Outbox)
        .where(
            Outbox.report_id == report_id,
            Outbox.audience == audience,
            Outbox.state == OutboxState.PENDING,
        )
        .values(state=OutboxState.DROPPED, finished_at=at, outcome="withdrawn")
    )


def due_since(session: Session, at: datetime) -> datetime | None:
    """Since when the oldest row waits that is due and that nobody has claimed; None when none."""
    return session.scalar(select(func.min(Outbox.due_at)).where(*_is_due(at)))
