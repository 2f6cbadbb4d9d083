"""The addresses at which the provider calls us.

Callbacks are unsigned, so an unguessable path segment stands for a signature: one for each kind,
derived from a secret of the operator's, with two secrets live at once while they are rotated. The
callers' app and the staff app have a secret each.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final, Literal, get_args

Kind = Literal[
    "ussd",
    "events",
    "sms",
    "delivery",
    "opt-out",
    "staff",
    "hubtel",
    "kannel-delivery",
    "kannel-sms",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

OF_STAFF: Final[tuple[Kind, ...]] = ("staff",)
"""The kinds of the staff app, whose addresses are made from secrets of its own,"""

OF_CALLERS: Final[tuple[Kind, ...]] = tuple(kind for kind in KINDS if kind not in OF_STAFF)
"""and those of the callers' app."""

PATHS: Final[dict[Kind, str]] = {
    **{kind: f"/at/<secret>/{kind}" for kind in KINDS},
    "hubtel": "/hubtel/<secret>/ussd",
    "kannel-delivery": "/kannel/<secret>/delivery",
    "kannel-sms": "/kannel/<secret>/sms",
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
    """Tells the addresses at which an app may be called from all other paths, in the same time."""

    def __init__(self, secrets: tuple[str, ...], kinds: tuple[Kind, ...]) -> None:
        self._live = [(url("", one, kind).encode(), kind) for one in secrets for kind in kinds]

    def kind_at(self, path: str) -> Kind | None:
        """What is called at a path, as WSGI writes it (bytes as Latin-1); None for a stranger's."""
        given = path.encode("latin-1", "replace")
        found = [kind for live, kind in self._live if hmac.compare_digest(given, live)]
        return found[0] if found else None
