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

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from gateway import database
from gateway.models import DeliveryReport, Outbox, OutboxState
from gateway.providers import Accepted, OperatorFault, Outcome, Refused, TryLater, Unknown
from gateway.vault import Vault, Where

Audience = Literal["staff", "caller"]

LEASE: Final = timedelta(seconds=25)
"""Longer than the slowest provider call (13 s), so that nobody sends what is being sent."""

MOST_SENDS: Final = 3
"""How often a message to staff may be handed to a provider that might have sent it."""

BACKOFF: Final = tuple(timedelta(seconds=s) for s in (2, 5, 15, 30, 60))
"""Waits before the next attempt; the last one repeats until the row expires."""

DELIVERY_RANK: Final = {"Sent": 1, "Submitted": 2, "Buffered": 2}
FINAL_DELIVERY: Final = frozenset({"Success", "Failed", "Rejected", "AbsentSubscriber", "Expired"})
"""What a provider says of an SMS; a final word is never taken back."""


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
    known = select(Outbox.id).where(Outbox.dedupe_key == dedupe_key)
    if session.scalars(known).first() is not None:
        return False
    row = Outbox(
        id=str(uuid.uuid4()),
        dedupe_key=dedupe_key,
        report_id=report_id,
        staff_id=staff_id,
        alert_id=alert_id,
        audience=audience,
        template=template,
        values=dict(values or {}),
        created_at=at,
        due_at=at,
        expires_at=at + lives,
        attempt=0,
        maybe_sent=0,
    )
    session.add(row)
    return True


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
    added = add(
        session,
        dedupe_key=dedupe_key,
        audience="caller",
        template=template,
        at=at,
        lives=lives,
    )
    if added:
        session.flush()
        row = session.scalars(select(Outbox).where(Outbox.dedupe_key == dedupe_key)).one()
        row.sealed = vault.seal_for("sender", letter, sealed_in(row.id))
    return added


def sealed_in(row_id: str) -> Where:
    """Where a sealed letter lies."""
    return Where("outbox", "sealed", row_id)


def claim(session: Session, at: datetime, most: int) -> Sequence[Outbox]:
    """Take up to `most` due rows for sending, staff before callers. Commit before you send."""
    rows = session.scalars(_due(at).limit(most).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state = OutboxState.SENDING
        row.lease_until = at + LEASE
        row.attempt += 1
        row.maybe_sent += 1
    return rows


def _due(at: datetime) -> Select[Outbox]:
    staff_first = Outbox.audience.desc()
    return (
        select(Outbox)
        .where(Outbox.state == OutboxState.PENDING, Outbox.due_at <= at)
        .order_by(staff_first, Outbox.due_at)
    )


def drop(row: Outbox, at: datetime, reason: str) -> None:
    """Give up a claimed row that was not sent."""
    row.maybe_sent -= 1
    _finish(row, at, OutboxState.DROPPED, reason)


def settle(session: Session, claimed: Claimed, outcome: Outcome, provider: str) -> Outbox | None:
    """Note what the provider said; None when the lease was lost to somebody else meanwhile."""
    query = select(Outbox).where(
        Outbox.id == claimed.id,
        Outbox.attempt == claimed.attempt,
        Outbox.state == OutboxState.SENDING,
    )
    row = session.scalars(query.with_for_update()).first()
    if row is None:
        return None
    row.provider = provider
    _note(session, row, outcome, database.now(session))
    return row


def _note(session: Session, row: Outbox, outcome: Outcome, at: datetime) -> None:
    match outcome:
        case Accepted(message_id):
            row.provider_message_id = message_id
            _finish(row, at, OutboxState.ACCEPTED, "accepted")
            _match_early_delivery(session, row)
        case Refused(reason):
            row.maybe_sent -= 1
            _finish(row, at, OutboxState.REFUSED, reason)
        case TryLater(reason) | OperatorFault(reason):
            row.maybe_sent -= 1
            _again(row, at, reason)
        case Unknown(reason):
            _doubtful(row, at, reason)


def _doubtful(row: Outbox, at: datetime, reason: str) -> None:
    if row.audience == "staff" and row.maybe_sent < MOST_SENDS:
        _again(row, at, reason)
    else:
        _finish(row, at, OutboxState.UNKNOWN, reason)


def _again(row: Outbox, at: datetime, reason: str) -> None:
    row.state, row.lease_until, row.outcome = OutboxState.PENDING, None, reason
    row.due_at = at + BACKOFF[min(row.attempt, len(BACKOFF)) - 1]


def _finish(row: Outbox, at: datetime, state: OutboxState, reason: str) -> None:
    row.state, row.lease_until, row.finished_at, row.outcome = state, None, at, reason


def recover(session: Session, at: datetime) -> int:
    """Take up what died while sending; how many rows that were."""
    query = select(Outbox).where(Outbox.state == OutboxState.SENDING, Outbox.lease_until < at)
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        _doubtful(row, at, "died while sending")
        if row.state == OutboxState.PENDING:
            row.due_at = at
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


def waiting(session: Session, at: datetime) -> int:
    """How many rows are due now."""
    return session.scalar(select(func.count()).select_from(_due(at).subquery())) or 0


def deliver(
    session: Session, message_id: str, status: str, reason: str | None, at: datetime
) -> bool:
    """Take in a delivery report: once each, in any order, before or after our own commit."""
    known = select(DeliveryReport.id).where(
        DeliveryReport.provider_message_id == message_id, DeliveryReport.status == status
    )
    if session.scalars(known).first() is not None:
        return False
    session.add(
        DeliveryReport(provider_message_id=message_id, status=status, reason=reason, received_at=at)
    )
    row = session.scalars(
        select(Outbox).where(Outbox.provider_message_id == message_id).with_for_update()
    ).first()
    if row is not None:
        row.delivery = _further(row.delivery, status)
    return True


def _match_early_delivery(session: Session, row: Outbox) -> None:
    """The report may have overtaken our own note of the message's id."""
    query = select(DeliveryReport.status).where(
        DeliveryReport.provider_message_id == row.provider_message_id
    )
    for status in session.scalars(query):
        row.delivery = _further(row.delivery, status)


def _further(known: str | None, told: str) -> str:
    """The more advanced of two delivery states; a final one stays."""
    if known is None or (known not in FINAL_DELIVERY and told in FINAL_DELIVERY):
        return told
    if known in FINAL_DELIVERY or DELIVERY_RANK.get(told, 0) <= DELIVERY_RANK.get(known, 0):
        return known
    return told
