"""Which key belongs where: the line between the process that writes and those that read.

The callers' process faces the world, so it holds public halves and can seal what it could never
read back. The private halves are with the staff app, the worker, and on paper or a stick in a
safe (escrow). What signs a member of staff in is made with keys that the staff app alone has. That
line is drawn in `HOLDINGS` and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, cast, get_args

Role = Literal["web", "staff", "worker", "escrow"]
"""The process, or for escrow the safe, that a key folder is made for. The clock is a worker."""
Recipient = Literal["sender", "centre", "escrow"]
"""Whom something is sealed for. sender: the worker that sends SMS. centre: the staff app."""
Kind = Literal[
    "sender",
    "centre",
    "escrow",
    "session",
    "staff-session",
    "lookup",
    "pepper",
    "staff-pepper",
    "alert",
]
Half = Literal["public", "private", "secret", "next"]
"""public and private are the halves of an X25519 pair; secret is a key in one piece.

next is a secret that opens and checks already, but makes nothing new yet: while keys are rotated,
every process must hold it before the first one uses it.
"""
Holding = frozenset[tuple[Kind, Half]]

_PUBLIC: Holding = frozenset({("sender", "public"), ("centre", "public"), ("escrow", "public")})
_WEB: Holding = frozenset(
    {("session", "secret"), ("lookup", "secret"), ("pepper", "secret"), ("alert", "secret")}
)
_STAFF: Holding = frozenset(
    {
        ("centre", "private"),
        ("staff-session", "secret"),
        ("lookup", "secret"),
        ("pepper", "secret"),
        ("staff-pepper", "secret"),
    }
)
_WORKER: Holding = frozenset({("sender", "private"), ("lookup", "secret"), ("alert", "secret")})
_ESCROW: Holding = frozenset({("escrow", "private")})

HOLDINGS: Mapping[Role, Holding] = MappingProxyType(
    {
        "web": _PUBLIC | _WEB,
        "staff": _PUBLIC | _STAFF,
        "worker": _PUBLIC | _WORKER,
        "escrow": _ESCROW,
    }
)
"""What each folder holds: at least one key of each of these, and nothing else."""

SINGLE: frozenset[Kind] = frozenset({"lookup", "alert"})
"""Kinds of which a second key is a mistake: what they make carries no key id to tell it by."""

PAIRS: frozenset[Kind] = frozenset({"sender", "centre"})
"""Pairs that rotate here. The pair of the escrow is made, and its private half kept, elsewhere."""

SESSIONS: frozenset[Kind] = frozenset({"session", "staff-session"})
"""What calls under way are sealed under: those of callers, and those of staff."""

PEPPERS: frozenset[Kind] = frozenset({"pepper", "staff-pepper"})
"""For the four digits of callers, and for the PINs of staff."""

SECRETS: frozenset[Kind] = SESSIONS | PEPPERS
"""Secrets that rotate. What lookup and alert keys make is compared, so it cannot be made anew."""

KEY_ID_LENGTH = 9
_FILENAME = re.compile(
    rf"({'|'.join(get_args(Kind))})-([0-9]{{8}}[a-z])\.({'|'.join(get_args(Half))})"
)


class KeyName(NamedTuple):
    """What the name of a key file says. Ids begin with a date, so the newest is the greatest."""

    kind: Kind
    key_id: str
    half: Half

    @property
    def filename(self) -> str:
        return f"{self.kind}-{self.key_id}.{self.half}"


def may_hold(role: Role, name: KeyName) -> bool:
    """Whether a key may lie in the folder of this role."""
    half: Half = "secret" if name.half == "next" and name.kind in SECRETS else name.half
    return (name.kind, half) in HOLDINGS[role]


def parse_filename(filename: str) -> KeyName | None:
    """Read `sender-20261124a.private`; None when this is no name of a key file."""
    found = _FILENAME.fullmatch(filename)
    if found is None:
        return None
    kind, key_id, half = found.groups()
    return KeyName(cast(Kind, kind), key_id, cast(Half, half))
