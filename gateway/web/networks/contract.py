"""How USSD steps reach us: one file a network provider, each to one neutral turn and back.

A `cumulative` provider sends everything typed in the session at every step; an `incremental` one
sends the newest input alone. The conversation and the session belong to us either way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from gateway.runtime import phones
from gateway.runtime.phones import Msisdn, NotANumber

LONGEST_SESSION_ID: Final = 120
LONGEST_NETWORK: Final = 16


class Unusable(ValueError):
    """A step without a session or a number: there is nobody to hold a conversation with."""


class SessionOver(Exception):
    """The network tells that the session ended; nobody reads an answer.

    `by_us`: our own last screen ended it. Otherwise the line cut.
    """

    def __init__(self, session_id: str, msisdn: Msisdn, *, by_us: bool) -> None:
        super().__init__("the session is over")
        self.session_id, self.msisdn, self.by_us = session_id, msisdn, by_us


@dataclass(frozen=True, slots=True)
class NetworkStep:
    """A neutral turn. `text`: the whole history (cumulative), or the newest input (incremental).

    An incremental `text` of None opens the session.
    """

    session_id: str = field(repr=False)
    msisdn: Msisdn
    text: str | None = field(repr=False)
    network: str | None = None
    id: str | None = field(default=None, repr=False)
    """What tells a repeat of the same step from the same input typed again, if the network does."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The body of an HTTP answer with status 200."""

    body: str
    content_type: str


class Network(Protocol):
    """One provider's wire."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Literal["cumulative", "incremental"]: ...

    def parse(self, body: bytes) -> NetworkStep:
        """Read a request's body. Raises Unusable, which quotes nothing, and SessionOver."""
        ...

    def render(self, text: str, *, ends: bool, body: bytes) -> Rendered:
        """Answer the request in `body` with a screen."""
        ...


def session_and_number(session_id: str, number: str, region: str) -> tuple[str, Msisdn]:
    """The two fields without which there is no conversation. Raises Unusable."""
    if not session_id or len(session_id) > LONGEST_SESSION_ID:
        raise Unusable
    try:
        return session_id, phones.parse(number, region)
    except NotANumber:
        raise Unusable from None


def network_code(given: str) -> str | None:
    """A network's code as it is kept: unknown ones too, but no other text."""
    code = given.strip()[:LONGEST_NETWORK]
    return code if code.isalnum() else None
