"""What a provider says became of an SMS: once each, in any order, before or after our own note.

A delivery report may overtake our note of the id that it quotes. So the transaction of the report
and that of the note take the same lock first, and whichever comes second sees the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from gateway.store.database import Session
from gateway.store.insert_once import add_once, in_turn
from gateway.store.models import (
    Alert,
    AlertState,
    DeliveryReport,
    Outbox,
    OutboxState,
    Report,
    ReportState,
)

RANK: Final = {"Sent": 1, "Submitted": 2, "Buffered": 2}
FAILED: Final = frozenset({"Failed", "Rejected", "AbsentSubscriber", "Expired"})
FINAL: Final = FAILED | {"Success"}
"""A state only ever moves on to a higher rank; a final one is never taken back."""

GIVEN_UP: Final = frozenset({OutboxState.DROPPED, OutboxState.REFUSED, OutboxState.UNKNOWN})
"""The states in which nobody knows of an SMS to have left, and none will leave any more."""

_NOT_ACCEPTED: Final = frozenset(OutboxState) - {OutboxState.ACCEPTED}
"""Put this way, no database begins its search with all that ever left."""

LONGEST_ID: Final = 120
LONGEST_WORD: Final = 64


def take_in(session: Session, message_id: str, status: str, reason: str | None) -> bool:
    """Keep a delivery report; whether it is a new one. A word that nobody knows is kept as well."""
    message_id, status = _storable(message_id, LONGEST_ID), _storable(status, LONGEST_WORD)
    lock(session, message_id)
    new = add_once(
        session,
        DeliveryReport,
        provider_message_id=message_id,
        status=status,
        reason=_storable(reason, LONGEST_WORD) if reason else None,
        received_at=session.at,
    )
    query = select(Outbox).where(Outbox.provider_message_id == message_id)
    row = session.scalars(query.with_for_update()).first() if new else None
    if row is not None:
        row.delivery = further(row.delivery, status)
    return new


def about(session: Session, message_id: str) -> Outbox | None:
    """The SMS that a provider calls so; None for one that is not ours, or not noted yet."""
    query = select(Outbox).where(Outbox.provider_message_id == _storable(message_id, LONGEST_ID))
    return session.scalars(query).first()


def missed(session: Session, within: timedelta) -> Sequence[Outbox]:
    """Alerts that left so long ago and of which nobody knows whether they arrived; each once.

    Only of reports that still wait: for all others it does not matter any more.
    """
    query = (
        select(Outbox)
        .join(Alert, Alert.id == Outbox.alert_id)
        .join(Report, Report.id == Outbox.report_id)
        .where(
            Outbox.state.not_in(_NOT_ACCEPTED),
            Outbox.finished_at <= session.at - within,
            Outbox.missed_at.is_(None),
            or_(Outbox.delivery.is_(None), Outbox.delivery.not_in(FINAL)),
            Alert.state == AlertState.OPEN,
            Report.state == ReportState.RECEIVED,
        )
        .with_for_update(of=Outbox, skip_locked=True)
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.missed_at = session.at
    return rows


def is_in_vain(row: Outbox) -> bool:
    """Whether an SMS did not reach its phone as far as anybody knows, and never will."""
    return row.delivery in FAILED or row.state in GIVEN_UP


def stranded(session: Session) -> Sequence[Outbox]:
    """The last SMS of each open alert that reached nobody, although nobody else was asked.

    Who notes that it was in vain asks the next person after that, and may have died in between.
    """
    later = aliased(Outbox)
    followed = select(later.id).where(
        later.report_id == Outbox.report_id,  # There is an index on it.
        later.alert_id == Outbox.alert_id,
        later.created_at > Outbox.created_at,
    )
    query = (
        select(Outbox)
        .join(Alert, Alert.id == Outbox.alert_id)
        .join(Report, Report.id == Outbox.report_id)
        .where(
            Report.state == ReportState.RECEIVED,
            Alert.state == AlertState.OPEN,
            or_(Outbox.state.in_(GIVEN_UP), Outbox.delivery.in_(FAILED)),
            ~followed.exists(),
        )
    )
    return session.scalars(query).all()


def sent_as(session: Session, row: Outbox, message_id: str) -> None:
    """Note under which id a provider took an SMS, and what is known of it already.

    `lock` was taken before the row was, as `take_in` does it.
    """
    row.provider_message_id = _storable(message_id, LONGEST_ID) or None
    early = (
        select(DeliveryReport.status)
        .where(DeliveryReport.provider_message_id == row.provider_message_id)
        .order_by(DeliveryReport.id)
    )
    for status in session.scalars(early):
        row.delivery = further(row.delivery, status)


def lock(session: Session, message_id: str) -> None:
    """Let transactions about the same SMS go one after another."""
    in_turn(session, _storable(message_id, LONGEST_ID))


def further(known: str | None, told: str) -> str:
    """The more advanced of two delivery states; a final one stays."""
    if known is None or (known not in FINAL and told in FINAL):
        return told
    if known in FINAL or RANK.get(told, 0) <= RANK.get(known, 0):
        return known
    return told


def _storable(text: str, longest: int) -> str:
    """As much of a stranger's text as a column takes; PostgreSQL takes no NUL."""
    return text.replace("\0", "")[:longest]
