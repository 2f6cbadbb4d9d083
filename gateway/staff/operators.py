"""The worst of what a person must look at goes to the operators by SMS."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateway.runtime.alarms import Kind, sound
from gateway.sms import to_staff
from gateway.staff import roster
from gateway.store.database import Session
from gateway.store.models import Urgency

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


def wake(session: Session, kind: Kind, **facts: str | int | None) -> None:
    """Sound an alarm, and send an SMS to each operator: at most one an hour for each kind.

    The SMS is a row of the outbox in the transaction of what went wrong.
    """
    sound(kind, **facts)
    if kind not in WAKES_OPERATOR:
        return
    for person in roster.operators(session):
        to_staff.tell(
            session,
            person.id,
            "alarm",
            key=f"alarm:{kind}:{person.id}:{session.at:%Y%m%d%H}",
            lives=ALARM_LIVES,
            values={"kind": kind},
            urgency=Urgency.P1,
        )
