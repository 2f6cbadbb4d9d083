"""HMACs: finding a number without keeping it, and the one-time digits of a staff alert."""

from __future__ import annotations

import hmac
from typing import Literal, get_args

from gateway.vault.encoding import encode_parts
from gateway.vault.hidden import Hidden, KeyBytes

FingerprintPurpose = Literal[
    "contact", "staff", "session", "typed", "code", "code_try", "limits", "audit"
]
"""What a fingerprint is for; the same value has unrelated fingerprints for two purposes.

contact: a caller's number beside her report. staff: a member's number. session: session id and
number, the key in Redis. typed: what the network sent as history. code: the code of a report.
code_try: tries at "my code". limits: counters of use. audit: what the audit log holds.
"""

FINGERPRINT_BYTES = 16
_DIGITS = 4


def _hmac(key: KeyBytes, *parts: str) -> bytes:
    return hmac.digest(key.reveal(), encode_parts(*parts), "sha256")


class Fingerprints(Hidden):
    """HMAC-SHA256 cut to 16 bytes, under a key per purpose derived once from the lookup root."""

    __slots__ = ("_keys",)

    def __init__(self, root: KeyBytes) -> None:
        self._keys: dict[FingerprintPurpose, KeyBytes] = {
            purpose: KeyBytes(_hmac(root, "fingerprint", purpose))
            for purpose in get_args(FingerprintPurpose)
        }

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
