"""What a person must look at: each kind is counted and logged.

docs/running.md tells for each kind what happened and what to do; a test compares.
"""

from __future__ import annotations

from typing import Literal

from gateway.runtime.logs import log
from gateway.runtime.metrics import ALARMS

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


def sound(kind: Kind, count: int = 1, /, **facts: str | int | None) -> None:
    """Count an alarm and log it. `facts` are keys that the log allows."""
    ALARMS.labels(kind).inc(count)
    log.error("alarm", kind=kind, count=count, **facts)
