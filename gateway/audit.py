"""Who did what to which report, written in the transaction of the act itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from gateway import models

CALLER: Final = "caller"
SERVICE: Final = "service"
OPERATOR: Final = "operator"


def staff(staff_id: str) -> str:
    """A member of staff as an actor."""
    return f"staff:{staff_id}"


def record(
    session: Session,
    at: datetime,
    actor: str,
    act: str,
    report_id: str | None = None,
    detail: str | None = None,
) -> None:
    """Add a row. `detail` is a word from the code, never anything that was typed."""
    session.add(models.Audit(at=at, actor=actor, act=act, report_id=report_id, detail=detail))
