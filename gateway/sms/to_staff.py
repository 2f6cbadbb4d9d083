"""News to one member of staff: every SMS to staff but the alerts goes this way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.sms import outbox
from gateway.store.database import Session
from gateway.store.models import Urgency

LIVES: Final = timedelta(minutes=30)
"""News is dropped after this: by then it is overtaken by what followed."""


def tell(
    session: Session,
    staff_id: str | None,
    template: str,
    *,
    key: str,
    report_id: str | None = None,
    values: Mapping[str, Any] | None = None,
    due_at: datetime | None = None,
    lives: timedelta = LIVES,
    urgency: Urgency = Urgency.NEWS,
) -> bool:
    """Queue it in the transaction of what is told, unless `key` already did; as `outbox.add`."""
    return outbox.add(
        session,
        dedupe_key=key,
        audience="staff",
        template=template,
        due_at=due_at,
        lives=lives,
        report_id=report_id,
        staff_id=staff_id,
        values=values,
        urgency=urgency,
    )
