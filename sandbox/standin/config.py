"""What a stand-in is told when it starts. Nothing here belongs to one country."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

Kind = Literal["ussd", "events", "sms", "delivery", "opt_out", "staff_ussd"]
"""The kinds of callback, by the name of the URL that each is posted to."""


class RefusedInProduction(RuntimeError):
    """The stand-in takes any message and delivers none: it must never face real callers."""

    def __init__(self) -> None:
        super().__init__("the stand-in does not run where ISANGE_ENV=production")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Where the application wants to be called; a kind without a URL is not called at all.

    The URLs are hidden from repr, because an application may keep a secret in their path.
    """

    ussd: str | None = field(default=None, repr=False)
    events: str | None = field(default=None, repr=False)
    sms: str | None = field(default=None, repr=False)
    delivery: str | None = field(default=None, repr=False)
    opt_out: str | None = field(default=None, repr=False)
    staff_ussd: str | None = field(default=None, repr=False)

    def url(self, kind: Kind) -> str | None:
        value: str | None = getattr(self, kind)
        return value


@dataclass(frozen=True, slots=True)
class Config:
    """One account at the pretend provider. Times are in seconds.

    `folder` holds the record of accepted messages and outlives the process. The USSD limits are
    those that Africa's Talking publishes for Kenya; it publishes none for other countries.
    """

    folder: Path
    username: str
    api_key: str = field(repr=False)
    callbacks: Callbacks = field(default_factory=Callbacks)
    sender: str = "AFRICASTKNG"
    """Stands where a message names no sender, and where an incoming one names no address."""
    staff_service_code: str | None = None
    """USSD sessions on this code are posted to `callbacks.staff_ussd`."""
    currency: str = "KES"
    price: Decimal = Decimal("0.8")
    """What each accepted recipient costs, whatever the length of the text."""
    balance: Decimal = Decimal(1_000_000)
    """The credit of the account; what an SMS costs more than that is refused."""
    network_code: str = "99999"
    latency: float = 0.0
    """How long every answer to a sending call takes, on top of any behaviour."""
    content_type: str = "application/json"
    reports: tuple[str, ...] = ("Success",)
    """The delivery reports of an accepted message, in the order in which they are posted."""
    report_delay: float = 0.2
    retry_every: float = 2.0
    patience: float = 600.0
    """How long a callback is repeated before it is given up."""
    connect_limit: float = 10.0
    answer_limit: float = 15.0
    session_life: float = 180.0


def refuse_production() -> None:
    """Raise RefusedInProduction where the environment says that callers are real."""
    if os.environ.get("ISANGE_ENV") == "production":
        raise RefusedInProduction
