"""The tables of the audit log; gateway.store.models has them among all others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base


class Audit(Base):
    """Who did what, written in the transaction of the act itself; gateway.audit.log alone writes
    it.

    Each row is the next of its lane, and its digest covers it and all before it there.
    """

    __tablename__ = "audit"
    __table_args__ = (
        UniqueConstraint("lane", "seq"),
        Index("audit_of_actor", "actor", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    lane: Mapped[int]
    seq: Mapped[int]
    digest: Mapped[bytes]
    at: Mapped[datetime]
    actor: Mapped[str]
    act: Mapped[str]
    report_id: Mapped[str | None] = mapped_column(index=True)
    detail: Mapped[str | None] = mapped_column(String(200))


class AuditLane(Base):
    """How far a lane of the audit has come, and after which row it begins since the last purge.

    The seal covers all of it: a lane that was set back by hand has none that fits.
    """

    __tablename__ = "audit_lanes"

    lane: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    digest: Mapped[bytes]
    kept_after: Mapped[int]
    kept_digest: Mapped[bytes]
    begun_at: Mapped[datetime]
    seal: Mapped[bytes]


class AuditHead(Base):
    """How far all lanes had come on a day, with the letters that were published of it."""

    __tablename__ = "audit_heads"

    day: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    rows: Mapped[int]
    """How many rows had ever been written."""
    lanes: Mapped[list[list[Any]]] = mapped_column(JSON)
    """[lane, seq, digest in hex] of each."""
    letters: Mapped[str] = mapped_column(unique=True)
