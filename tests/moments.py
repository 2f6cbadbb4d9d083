"""A transaction that happens at another moment than now."""

from __future__ import annotations

from datetime import datetime

from gateway.store.database import Session


def as_of(session: Session, at: datetime) -> Session:
    """The same transaction, as if it happened then."""
    session.at = at
    return session
