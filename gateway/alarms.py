"""What a person must look at: counted, logged, and for the worst of it an SMS to the operator.

docs/running.md tells for each kind what happened and what to do; a test compares.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy.orm import Session

from gateway import outbox, roster
from gateway.logs import log
from gateway.metrics import ALARMS
from gateway.models import Urgency

Kind = Literal[
    "audit_broken",
    "accepted_but_idle",
    "balance_low",
    "callback_from_elsewhere",
    "clock_failed",
    "died_while_sending",
    "digits_guessed",
    "flood",
    "keys_unreadable",
    "nobody_accepts",
    "nobody_on_duty",
    "nobody_on_rung",
    "nobody_to_alert",
    "not_accepted",
    "not_delivered",
    "not_reported",
    "operator_fault",
    "outcome_not_noted",
    "phone_silent",
    "pin_guessed",
    "pin_locked",
    "provider_failing",
    "reply_loop",
    "reply_not_understood",
    "reveal_limit",
    "send_unknown",
    "sessions_down",
    "sms_dropped",
    "spending_cap",
    "staff_number_blocked",
    "staff_number_refused",
    "staff_opted_out",
    "timer_late",
    "wrong_pin",
]

ALARM_LIVES: Final = timedelta(hours=6)
"""A message to the operator that could not leave for so long is overtaken by others."""

WAKES_OPERATOR: Final[frozenset[Kind]] = frozenset(
    {
        "accepted_but_idle",
        "flood",
        "keys_unreadable",
        "nobody_accepts",
        "nobody_on_duty",
        "nobody_on_rung",
        "nobody_to_alert",
        "not_accepted",
        "not_delivered",
        "not_reported",
        "operator_fault",
        "phone_silent",
        "pin_guessed",
        "pin_locked",
        "provider_failing",
        "sms_dropped",
        "spending_cap",
        "staff_number_blocked",
        "staff_number_refused",
        "staff_opted_out",
        "timer_late",
    }
)
"""Kinds that cannot wait until somebody looks at a dashboard."""


def sound(kind: Kind, count: int = 1, /, **facts: str | int | None) -> None:
    """Count an alarm and log it. `facts` are keys that the log allows."""
    ALARMS.labels(kind).inc(count)
    log.error("alarm", kind=kind, count=count, **facts)


def wake(session: Session, at: datetime, kind: Kind, **facts: str | int | None) -> None:
    """The same, and an SMS to each operator: at most one an hour for each kind.

    The SMS is a row of the outbox in the transaction of what went wrong.
    """
    sound(kind, **facts)
    if kind not in WAKES_OPERATOR:
        return
    for person in roster.operators(session):
        outbox.add(
            session,
            dedupe_key=f"alarm:{kind}:{person.id}:{at:%Y%m%d%H}",
            audience="staff",
            template="alarm",
            at=at,
            lives=ALARM_LIVES,
            staff_id=person.id,
            values={"kind": kind},
            urgency=Urgency.P1,
        )
