"""AES-256-GCM: the fields of a report under its data keys, and session data under the session key.

Everything sealed here is bound to its place by the associated data, so a value copied to another
row, column or session does not open. Two layouts are on disk, told apart by where they stand:

    field    version 0x01 | nonce (12) | cipher text and tag (16)
    session  version 0x01 | key id (9, ASCII) | nonce (12) | cipher text and tag (16)

Plain texts are padded first (`encoding.pad`), so a length tells next to nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.vault.encoding import pad, unpad
from gateway.vault.errors import CannotOpen, UnknownKey
from gateway.vault.hidden import Hidden, KeyBytes
from gateway.vault.roles import KEY_ID_LENGTH, Recipient

VERSION = b"\x01"
NONCE_BYTES = 12
TAG_BYTES = 16
FIELD_BLOCK = 256
"""Bytes. All the answers of a report as JSON are one block; a telephone number is one as well."""
SESSION_BLOCK = 1024
"""Bytes. A session holds the last screen word for word, and its length would name the screen."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a value in the database; `row` is the primary key as a string."""

    table: str
    column: str
    row: str

    def __post_init__(self) -> None:
        if "|" in self.table + self.column or not (self.table and self.column and self.row):
            raise ValueError("a place needs table, column and row, and no | in the first two")

    def bound(self) -> bytes:
        """The associated data: `table|column|row`."""
        return f"{self.table}|{self.column}|{self.row}".encode()


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key sealed for one recipient, as a row of the database keeps it."""

    recipient: Recipient
    key_id: str
    sealed: bytes = field(repr=False)


class Aead(Hidden):
    """AES-256-GCM with a random 96-bit nonce. Safe to use from many threads.

    Random nonces allow 2^32 messages a key: never reached by a report, and by the session key
    after four thousand million turns.
    """

    __slots__ = ("_aes",)

    def __init__(self, key: KeyBytes) -> None:
        self._aes = AESGCM(key.reveal())

    def seal(self, plaintext: bytes, bound_to: bytes) -> bytes:
        """Return nonce | cipher text | tag."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, plaintext, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """Undo `seal`, or raise CannotOpen."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise CannotOpen("the value was cut off")
        try:
            return self._aes.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag:
            raise CannotOpen("the value was altered, or belongs to another place") from None


class DataKey(Hidden):
    """The key of one report for one purpose. `wrapped` is what the database keeps of it."""

    __slots__ = ("_aead", "wrapped")

    def __init__(self, key: KeyBytes, wrapped: tuple[WrappedKey, ...]) -> None:
        self._aead = Aead(key)
        self.wrapped = wrapped

    def encrypt(self, plaintext: bytes, where: Where) -> bytes:
        """Seal a value for its place; 285 bytes come out of anything up to 255."""
        return VERSION + self._aead.seal(pad(plaintext, FIELD_BLOCK), where.bound())

    def decrypt(self, ciphertext: bytes, where: Where) -> bytes:
        """Open a value in its place, or raise CannotOpen."""
        body = strip_version(ciphertext)
        return unpadded(self._aead.open(body, where.bound()))


class SessionCipher(Hidden):
    """Session data for Redis: the key `newest` seals, any key held opens."""

    __slots__ = ("_by_id", "_newest")

    def __init__(self, keys: Mapping[str, KeyBytes], newest: str) -> None:
        self._newest = newest
        self._by_id = {key_id: Aead(key) for key_id, key in keys.items()}

    def seal(self, session_key: bytes, data: bytes) -> bytes:
        sealed = self._by_id[self._newest].seal(pad(data, SESSION_BLOCK), session_key)
        return VERSION + self._newest.encode() + sealed

    def open(self, session_key: bytes, sealed: bytes) -> bytes:
        key_id, body = split_key_id(strip_version(sealed))
        aead = self._by_id.get(key_id)
        if aead is None:
            raise UnknownKey("the session was sealed with a session key that is not held here")
        return unpadded(aead.open(body, session_key))


def strip_version(sealed: bytes) -> bytes:
    """What follows the version byte; CannotOpen for a version of the future, or nothing at all."""
    if not sealed.startswith(VERSION):
        raise CannotOpen("the value is in no format that this version of the service knows")
    return sealed[len(VERSION) :]


def split_key_id(body: bytes) -> tuple[str, bytes]:
    """Key id and the rest. An id that is cut off or altered is simply one that nobody holds."""
    return body[:KEY_ID_LENGTH].decode("ascii", "replace"), body[KEY_ID_LENGTH:]


def unpadded(padded: bytes) -> bytes:
    """Take the padding off, or raise CannotOpen: only our own mistake can bring that about."""
    plaintext = unpad(padded)
    if plaintext is None:
        raise CannotOpen("the value was sealed without padding")
    return plaintext
