"""The addresses at which the provider calls us.

Callbacks are unsigned, so an unguessable path segment stands for a signature: one for each kind,
derived from a secret of the operator's, with two secrets live at once while they are rotated.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final, Literal, get_args

Kind = Literal["ussd", "events", "sms", "delivery", "opt-out", "staff", "hubtel"]
KINDS: Final = get_args(Kind)

PATHS: Final[dict[Kind, str]] = {
    **{kind: f"/at/<secret>/{kind}" for kind in KINDS},
    "hubtel": "/hubtel/<secret>/ussd",
}
"""Where each kind is served; `<secret>` stands for its segment."""


def segment(secret: str, kind: Kind) -> str:
    """The path segment of one kind of callback: 160 bits, lower-case letters and digits."""
    digest = hmac.digest(secret.encode(), f"isange callback {kind}".encode(), "sha256")
    return base64.b32encode(digest[:20]).decode().lower()


def url(base: str, secret: str, kind: Kind) -> str:
    """The whole address to enter at the provider's for one kind of callback."""
    return base.rstrip("/") + PATHS[kind].replace("<secret>", segment(secret, kind))


class Doors:
    """Tells a real callback from a forged one, in the same time for both."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._segments = {
            kind: tuple(segment(secret, kind).encode() for secret in secrets) for kind in KINDS
        }

    def open(self, kind: Kind, given: str) -> bool:
        """Whether `given` is a live segment of this kind of callback."""
        offered = given.encode("utf-8", "surrogatepass")
        matches = [hmac.compare_digest(offered, live) for live in self._segments[kind]]
        return any(matches)
