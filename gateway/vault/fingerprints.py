"""HMACs: finding a number without keeping it, and the one-time digits of a staff alert."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final, Literal

from gateway.vault.encoding import encode_parts
from gateway.vault.hidden import Hidden, KeyBytes
from gateway.vault.roles import Kind

FingerprintPurpose = Literal[
    "contact",
    "staff",
    "session",
    "typed",
    "staff_session",
    "staff_typed",
    "code",
    "code_try",
    "limits",
    "audit",
]
"""What a fingerprint is for; the same value has unrelated fingerprints for two purposes.

contact: a caller's number beside her report. staff: a member's number. session: session id and
number, the key in Redis. typed: what the network sent as history. staff_session and staff_typed:
the same of a call of staff. code: the code of a report. code_try: tries at "my code". limits:
counters of use. audit: what the audit log holds.
"""

ROOTS: Final[Mapping[FingerprintPurpose, Kind]] = {
    "contact": "lookup",
    "staff": "lookup",
    "session": "lookup",
    "typed": "session",
    "staff_session": "staff-session",
    "staff_typed": "staff-session",
    "code": "lookup",
    "code_try": "lookup",
    "limits": "lookup",
    "audit": "lookup",
}
"""The key that each purpose has its own derived from.

What was typed is short, and grows a key at a time: who could make its fingerprint would guess it
from that which lies in Redis, PIN included. So it takes the key that opens the session itself. It
rotates, and a call under way then is typed again once. The name of a caller's session must not
change in between, for what she did hangs on it.
"""

FINGERPRINT_BYTES = 16
_DIGITS = 4


def _hmac(key: KeyBytes, *parts: str) -> bytes:
    return hmac.digest(key.reveal(), encode_parts(*parts), "sha256")


class Fingerprints(Hidden):
    """HMAC-SHA256 cut to 16 bytes, under a key per purpose derived once from its root."""

    __slots__ = ("_keys",)

    def __init__(self, roots: Mapping[Kind, KeyBytes]) -> None:
        """`roots` are the keys that this role holds; others' purposes are not for it."""
        self._keys: dict[FingerprintPurpose, KeyBytes] = {
            purpose: KeyBytes(_hmac(roots[kind], "fingerprint", purpose))
            for purpose, kind in ROOTS.items()
            if kind in roots
        }

    def can(self, purpose: FingerprintPurpose) -> bool:
        """Whether this role makes fingerprints for this purpose."""
        return purpose in self._keys

    def of(self, purpose: FingerprintPurpose, *parts: str) -> bytes:
        """16 bytes; parts are kept apart, so ("ab", "c") differs from ("a", "bc")."""
        return _hmac(self._keys[purpose], *parts)[:FINGERPRINT_BYTES]


class AlertDigits(Hidden):
    """Four digits per alert, the same whenever they are asked for: a repeated SMS says the same.

    They show that a reply answers this alert. They are no secret to hold against a guesser: the
    reply must also come from the registered number, and tries are counted where it is read.
    """

    __slots__ = ("_key",)

    def __init__(self, key: KeyBytes) -> None:
        self._key = key

    def of(self, alert_id: str) -> str:
        """Uniform over 0000 to 9999: 256 bits make the remainder's bias unmeasurable."""
        number = int.from_bytes(_hmac(self._key, "alert", alert_id))
        return f"{number % 10**_DIGITS:0{_DIGITS}d}"

    def match(self, alert_id: str, typed: str) -> bool:
        """Compare in constant time; anything but the four ASCII digits is simply wrong."""
        expected = self.of(alert_id).encode()
        return hmac.compare_digest(expected, typed.encode("utf-8", "surrogatepass"))
