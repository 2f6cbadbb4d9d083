"""The vault: all that the rest of the house may ask of keys, by the role of the process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

from argon2 import PasswordHasher

from gateway.vault.boxes import Boxes, Place
from gateway.vault.encoding import pad
from gateway.vault.errors import CannotOpen, NotForThisRole
from gateway.vault.fields import (
    FIELD_BLOCK,
    VERSION,
    DataKey,
    SessionCipher,
    Where,
    WrappedKey,
    split_key_id,
    strip_version,
    unpadded,
)
from gateway.vault.fingerprints import AlertDigits, FingerprintPurpose, Fingerprints
from gateway.vault.hidden import KEY_BYTES, Hidden, KeyBytes
from gateway.vault.keyring import Keyring, load_keyring
from gateway.vault.roles import Kind, Recipient, Role
from gateway.vault.secrets import Secrets, default_hasher

KeyPurpose = Literal["contact", "answers"]

RECIPIENTS: dict[KeyPurpose, tuple[Recipient, ...]] = {
    "contact": ("sender", "centre", "escrow"),
    "answers": ("centre", "escrow"),
}
"""Who may open a data key. The worker sends an SMS to a number and has no use for answers."""

Part = TypeVar("Part")


class Vault(Hidden):
    """The keys of one role, ready for use by many threads: nothing in it changes after `open`.

    An operation whose key the role does not hold raises NotForThisRole; whatever does not open
    raises CannotOpen. Nothing ever falls back to plain text.
    """

    __slots__ = ("_alerts", "_boxes", "_fingerprints", "_secrets", "_sessions", "role")

    def __init__(self, keyring: Keyring, hasher: PasswordHasher) -> None:
        self.role = keyring.role
        self._boxes = Boxes(keyring)
        sessions = keyring.held("session", "secret")
        self._sessions = SessionCipher(sessions) if sessions else None
        peppers = keyring.held("pepper", "secret")
        self._secrets = Secrets(peppers, hasher) if peppers else None
        lookup, alert = keyring.only("lookup"), keyring.only("alert")
        self._fingerprints = Fingerprints(lookup) if lookup else None
        self._alerts = AlertDigits(alert) if alert else None

    @classmethod
    def open(cls, folder: Path, role: Role) -> Vault:
        """Read the key folder of `role`. Some 20 ms; raises what `load_keyring` raises."""
        return cls(load_keyring(folder, role), default_hasher())

    def new_key(self, report_id: str, purpose: KeyPurpose) -> DataKey:
        """A fresh data key, wrapped for all who may open it; the report need not exist yet."""
        key, place = KeyBytes.random(), _place_of_key(report_id, purpose)
        wrapped = (
            WrappedKey(recipient, *self._boxes.seal(recipient, place, key.reveal()))
            for recipient in RECIPIENTS[purpose]
        )
        return DataKey(key, tuple(wrapped))

    def unwrap(self, report_id: str, purpose: KeyPurpose, wrapped: WrappedKey) -> DataKey:
        """The data key again, for a role that holds the private half; else CannotOpen."""
        place = _place_of_key(report_id, purpose)
        raw = self._boxes.open(wrapped.recipient, wrapped.key_id, place, wrapped.sealed)
        if len(raw) != KEY_BYTES:
            raise CannotOpen("the sealed box holds no data key")
        return DataKey(KeyBytes(raw), (wrapped,))

    def seal_for(self, recipient: Recipient, plaintext: bytes, where: Where) -> bytes:
        """Seal one value, such as a member's number, that only `recipient` will read.

        Layout: version 0x01 | key id (9, ASCII) | box of (SHA-256 of the place | padded value).
        """
        padded = pad(plaintext, FIELD_BLOCK)
        key_id, sealed = self._boxes.seal(recipient, _place_of_value(where), padded)
        return VERSION + key_id.encode() + sealed

    def open_sealed(self, recipient: Recipient, ciphertext: bytes, where: Where) -> bytes:
        """Undo `seal_for`, for a role that holds the private half; else CannotOpen."""
        key_id, sealed = split_key_id(strip_version(ciphertext))
        return unpadded(self._boxes.open(recipient, key_id, _place_of_value(where), sealed))

    def seal_session(self, session_key: bytes, data: bytes) -> bytes:
        """Encrypt session data; `session_key` is its fingerprint, the name of its row in Redis."""
        return self._of_role(self._sessions, "session").seal(session_key, data)

    def open_session(self, session_key: bytes, sealed: bytes) -> bytes:
        return self._of_role(self._sessions, "session").open(session_key, sealed)

    def fingerprint(self, purpose: FingerprintPurpose, part: str, *more: str) -> bytes:
        """16 bytes by which a value is found again without being kept."""
        return self._of_role(self._fingerprints, "lookup").of(purpose, part, *more)

    def hash_secret(self, secret: str) -> str:
        """Hash a 4-digit secret or a PIN for keeping: about 15 ms, 12 MiB, 110 characters."""
        return self._of_role(self._secrets, "pepper").hash(secret)

    def check_secret(self, stored: str | None, secret: str) -> bool:
        """Check a secret in the same time whether there is a hash (None: no such code) or not."""
        return self._of_role(self._secrets, "pepper").check(stored, secret)

    def alert_digits(self, alert_id: str) -> str:
        """The four one-time digits of an alert."""
        return self._of_role(self._alerts, "alert").of(alert_id)

    def alert_digits_match(self, alert_id: str, typed: str) -> bool:
        """Whether a reply carries the digits of this alert, compared in constant time."""
        return self._of_role(self._alerts, "alert").match(alert_id, typed)

    def _of_role(self, part: Part | None, kind: Kind) -> Part:
        if part is None:
            raise NotForThisRole(f"the {self.role} role holds no {kind} key")
        return part


def _place_of_key(report_id: str, purpose: KeyPurpose) -> Place:
    return Place("data key", purpose, report_id)


def _place_of_value(where: Where) -> Place:
    return Place("value", where.table, where.column, where.row)
