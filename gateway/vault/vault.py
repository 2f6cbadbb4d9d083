"""The vault: all that the rest of the service may ask of keys, by the role of the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from argon2 import PasswordHasher

from gateway.vault.boxes import Boxes, Place
from gateway.vault.encoding import pad
from gateway.vault.errors import CannotOpen, NotForThisRole, UnknownKey
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
from gateway.vault.fingerprints import ROOTS, AlertDigits, FingerprintPurpose, Fingerprints
from gateway.vault.hidden import KEY_BYTES, Hidden, KeyBytes
from gateway.vault.keyring import Keyring
from gateway.vault.roles import SESSIONS, Kind, Recipient, Role
from gateway.vault.secrets import Secrets, default_hasher
from gateway.vault.watching import Complain, Source, Watched

KeyPurpose = Literal["contact", "answers"]

RECIPIENTS: dict[KeyPurpose, tuple[Recipient, ...]] = {
    "contact": ("sender", "centre", "escrow"),
    "answers": ("centre", "escrow"),
}
"""Who may open a data key. The worker sends an SMS to a number and has no use for answers."""

Part = TypeVar("Part")
Result = TypeVar("Result")


class OpenedKeys(Hidden):
    """What can be done with the keys of one role, made anew whenever they change."""

    __slots__ = ("alerts", "boxes", "fingerprints", "pins", "role", "secrets", "sessions")

    def __init__(self, keyring: Keyring, hasher: PasswordHasher) -> None:
        self.role = keyring.role
        self.boxes = Boxes(keyring)
        self.sessions = _sessions(keyring)
        self.secrets = _secrets(keyring, "pepper", hasher)
        self.pins = _secrets(keyring, "staff-pepper", hasher)
        self.fingerprints = Fingerprints(_roots(keyring))
        alert = keyring.only("alert")
        self.alerts = AlertDigits(alert) if alert else None


def _sessions(keyring: Keyring) -> SessionCipher | None:
    """For the calls of the role's own line: no role holds the session keys of both."""
    for kind in sorted(SESSIONS):
        newest = keyring.newest(kind, "secret")
        if newest:
            return SessionCipher(keyring.openers(kind), newest)
    return None


def _secrets(keyring: Keyring, pepper: Kind, hasher: PasswordHasher) -> Secrets | None:
    newest = keyring.newest(pepper, "secret")
    return Secrets(keyring.openers(pepper), newest, hasher) if newest else None


def _roots(keyring: Keyring) -> dict[Kind, KeyBytes]:
    """The keys that fingerprints are made with: of those that rotate, the newest."""
    held = {kind: keyring.held(kind, "secret") for kind in set(ROOTS.values())}
    return {kind: keys[max(keys)] for kind, keys in held.items() if keys}


class Vault(Hidden):
    """The keys of one role, for use by many threads; they rotate under a running process.

    An operation whose key the role does not hold raises NotForThisRole; whatever does not open
    raises CannotOpen. Nothing ever falls back to plain text.
    """

    __slots__ = ("_keys", "role")

    def __init__(self, keys: Source[OpenedKeys], role: Role) -> None:
        self._keys, self.role = keys, role

    @classmethod
    def open(
        cls,
        folder: Path,
        role: Role,
        complain: Complain = lambda fault: None,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> Vault:
        """Read the key folder of `role`. Some 20 ms; raises what `load_keyring` raises.

        `complain` is told when the folder becomes unusable later; the keys it had stay in use.
        """
        chosen = hasher or default_hasher()

        def make(keyring: Keyring) -> OpenedKeys:
            return OpenedKeys(keyring, chosen)

        return cls(Watched(folder, role, make, complain, clock), role)

    def new_key(self, report_id: str, purpose: KeyPurpose) -> DataKey:
        """A fresh data key, wrapped for all who may open it; the report need not exist yet."""
        key, place = KeyBytes.random(), _place_of_key(report_id, purpose)
        boxes = self._keys.parts().boxes
        wrapped = (
            WrappedKey(recipient, *boxes.seal(recipient, place, key.reveal()))
            for recipient in RECIPIENTS[purpose]
        )
        return DataKey(key, tuple(wrapped))

    def unwrap(self, report_id: str, purpose: KeyPurpose, wrapped: WrappedKey) -> DataKey:
        """The data key again, for a role that holds the private half; else CannotOpen."""
        return DataKey(self._data_key(report_id, purpose, wrapped), (wrapped,))

    def rewrap(
        self, report_id: str, purpose: KeyPurpose, wrapped: WrappedKey, recipient: Recipient
    ) -> WrappedKey:
        """The same data key under the newest key of `recipient`; CannotOpen as for `unwrap`."""
        key, place = self._data_key(report_id, purpose, wrapped), _place_of_key(report_id, purpose)
        boxes = self._keys.parts().boxes
        return WrappedKey(recipient, *boxes.seal(recipient, place, key.reveal()))

    def seal_for(self, recipient: Recipient, plaintext: bytes, where: Where) -> bytes:
        """Seal one value, such as a member's number, that only `recipient` will read.

        Layout: version 0x01 | key id (9, ASCII) | box of (SHA-256 of the place | padded value).
        """
        padded = pad(plaintext, FIELD_BLOCK)
        boxes = self._keys.parts().boxes
        key_id, sealed = boxes.seal(recipient, _place_of_value(where), padded)
        return VERSION + key_id.encode() + sealed

    def open_sealed(self, recipient: Recipient, ciphertext: bytes, where: Where) -> bytes:
        """Undo `seal_for`, for a role that holds the private half; else CannotOpen."""
        key_id, sealed = split_key_id(strip_version(ciphertext))
        place = _place_of_value(where)
        return unpadded(
            self._opened(lambda parts: parts.boxes.open(recipient, key_id, place, sealed))
        )

    def newest(self, recipient: Recipient) -> str:
        """The id of the key that is sealed to now."""
        return self._keys.parts().boxes.newest(recipient)

    def seal_session(self, session_key: bytes, data: bytes) -> bytes:
        """Encrypt session data; `session_key` is its fingerprint, the name of its row in Redis.

        Under the key of the role's own line: callers' and staff's calls do not open each other.
        """
        return self._of_role(self._keys.parts().sessions, "session").seal(session_key, data)

    def open_session(self, session_key: bytes, sealed: bytes) -> bytes:
        """Undo `seal_session`, or raise CannotOpen."""
        return self._opened(
            lambda parts: self._of_role(parts.sessions, "session").open(session_key, sealed)
        )

    def fingerprint(self, purpose: FingerprintPurpose, part: str, *more: str) -> bytes:
        """16 bytes by which a value is found again without being kept."""
        prints = self._keys.parts().fingerprints
        able = prints if prints.can(purpose) else None
        return self._of_role(able, ROOTS[purpose]).of(purpose, part, *more)

    def hash_secret(self, secret: str, where: Where) -> str:
        """Hash a caller's 4-digit secret for its row: about 15 ms, 12 MiB, 110 characters."""
        return self._of_role(self._keys.parts().secrets, "pepper").hash(secret, where)

    def check_secret(self, stored: str | None, secret: str, where: Where) -> bool:
        """Check a secret in the same time whether there is a hash (None: no such row) or not."""
        return self._opened(
            lambda parts: self._of_role(parts.secrets, "pepper").check(stored, secret, where)
        )

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash should be made anew now that its secret is at hand, and right."""
        return self._of_role(self._keys.parts().secrets, "pepper").is_outdated(stored)

    def hash_pin(self, pin: str, where: Where) -> str:
        """Hash the PIN of a member of staff, under a pepper that the callers' process has not."""
        return self._of_role(self._keys.parts().pins, "staff-pepper").hash(pin, where)

    def check_pin(self, stored: str | None, pin: str, where: Where) -> bool:
        """Check a PIN in the same time whether there is a hash (None: no such person) or not."""
        return self._opened(
            lambda parts: self._of_role(parts.pins, "staff-pepper").check(stored, pin, where)
        )

    def is_pin_outdated(self, stored: str) -> bool:
        """Whether the hash of a PIN should be made anew now that the PIN is at hand, and right."""
        return self._of_role(self._keys.parts().pins, "staff-pepper").is_outdated(stored)

    def alert_digits(self, alert_id: str) -> str:
        """The four one-time digits of an alert."""
        return self._of_role(self._keys.parts().alerts, "alert").of(alert_id)

    def alert_digits_match(self, alert_id: str, typed: str) -> bool:
        """Whether a reply carries the digits of this alert, compared in constant time."""
        return self._of_role(self._keys.parts().alerts, "alert").match(alert_id, typed)

    def _data_key(self, report_id: str, purpose: KeyPurpose, wrapped: WrappedKey) -> KeyBytes:
        place = _place_of_key(report_id, purpose)
        raw = self._opened(
            lambda parts: parts.boxes.open(wrapped.recipient, wrapped.key_id, place, wrapped.sealed)
        )
        if len(raw) != KEY_BYTES:
            raise CannotOpen("the sealed box holds no data key")
        return KeyBytes(raw)

    def _opened(self, open_with: Callable[[OpenedKeys], Result]) -> Result:
        """Open with the keys at hand; when one is missing, look whether it has come since."""
        parts = self._keys.parts()
        try:
            return open_with(parts)
        except UnknownKey:
            newer = self._keys.newer_than(parts)
            if newer is None:
                raise
        return open_with(newer)

    def _of_role(self, part: Part | None, kind: Kind) -> Part:
        if part is None:
            raise NotForThisRole(f"the {self.role} role holds no {kind} key")
        return part


def sealed_under(ciphertext: bytes) -> str:
    """The id of the key that a value of `Vault.seal_for` was sealed to."""
    return split_key_id(strip_version(ciphertext))[0]


def _place_of_key(report_id: str, purpose: KeyPurpose) -> Place:
    return Place("data key", purpose, report_id)


def _place_of_value(where: Where) -> Place:
    return Place("value", where.table, where.column, where.row)
