"""How an SMS leaves us: one protocol, one file a provider, typed outcomes.

A provider knows its own wire and nothing of reports. It is called with no database transaction
open, from many threads at once, and answers with exactly one outcome; it does not raise for
anything the network or the provider can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from gateway.runtime import phones
from gateway.runtime.phones import Msisdn, NotANumber


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the message; `message_id` is what delivery reports will quote."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """This number will never take this message: trying again cannot help.

    `opted_out` is True when the number's owner blocks us (an alarm when it is a staff number).
    """

    reason: str
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class TryLater:
    """A passing fault, and the message was certainly not sent.

    `most` is how often it may be tried again after this answer, where it is disputed whether that
    helps; None is for as long as the message is worth sending.
    """

    reason: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class OperatorFault:
    """Credit, credentials or sender ID: the message waits and the operator is told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether the message went out (the answer never came)."""

    reason: str


Outcome = Accepted | Refused | TryLater | OperatorFault | Unknown
"""`reason` is one of a fixed set of words per provider, never the provider's own text."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether a provider answers, and the credit that it says is left (in its own currency)."""

    alive: bool
    balance: Decimal | None = None


class Provider(Protocol):
    @property
    def name(self) -> str: ...

    def send(self, to: Msisdn, text: str) -> Outcome:
        """Send one SMS. Blocks for at most the provider's own timeouts (13 s)."""
        ...

    def probe(self) -> Pulse:
        """Ask for a sign of life, sending nothing. Blocks for 7 s at most, and raises nothing."""
        ...


def is_whole(to: Msisdn) -> bool:
    """Whether this is a number as it should be: what providers make of another is anybody's guess.

    Some take `+1234`, Arabic digits or a newline at the end, and quote the number when they refuse.
    """
    try:
        return phones.parse(to.reveal()) == to
    except NotANumber:
        return False
