"""Sealed boxes (libsodium, X25519): what one process writes and only another can read.

Inside a box stand 32 bytes that name its place, SHA-256 of the encoded parts, and then the
content; so a box copied to another report or row is refused by whoever opens it. A box does not
say who sealed it: it keeps a secret, it proves nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import get_args

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from gateway.vault.encoding import encode_parts
from gateway.vault.errors import CannotOpen, NotForThisRole, UnknownKey
from gateway.vault.hidden import Hidden
from gateway.vault.keyring import Keyring
from gateway.vault.roles import KeyName, Recipient

_PLACE_BYTES = 32


class Place(Hidden):
    """What a box is bound to: a label that keeps the uses apart, and the parts of the place."""

    __slots__ = ("digest",)

    def __init__(self, label: str, *parts: str) -> None:
        self.digest = hashlib.sha256(encode_parts(label, *parts)).digest()


class Boxes(Hidden):
    """The public halves this role seals to, and the private halves it opens with."""

    __slots__ = ("_newest", "_openers", "_role")

    def __init__(self, keyring: Keyring) -> None:
        self._role = keyring.role
        self._newest: dict[Recipient, tuple[str, SealedBox[PublicKey]]] = {}
        self._openers: dict[tuple[Recipient, str], SealedBox[PrivateKey]] = {}
        for recipient in get_args(Recipient):
            for key_id, key in keyring.held(recipient, "public").items():
                self._newest[recipient] = key_id, SealedBox(PublicKey(key.reveal()))
            for key_id, key in keyring.held(recipient, "private").items():
                self._openers[recipient, key_id] = SealedBox(PrivateKey(key.reveal()))

    def seal(self, recipient: Recipient, place: Place, content: bytes) -> tuple[str, bytes]:
        """Return the id of the newest key of `recipient` and the box sealed to it."""
        key_id = self.newest(recipient)
        return key_id, self._newest[recipient][1].encrypt(place.digest + content)

    def newest(self, recipient: Recipient) -> str:
        """The id of the key that `seal` uses."""
        if recipient not in self._newest:
            raise NotForThisRole(f"the {self._role} role holds no public {recipient} key")
        return self._newest[recipient][0]

    def open(self, recipient: Recipient, key_id: str, place: Place, sealed: bytes) -> bytes:
        """The content of a box that belongs to `place`, or CannotOpen."""
        box = self._openers.get((recipient, key_id))
        if box is None:
            raise UnknownKey(self._no_private_half(recipient, key_id))
        content = _content(box, place, sealed)
        if content is None:
            raise CannotOpen("the sealed box was altered, or belongs to another place")
        return content

    def _no_private_half(self, recipient: Recipient, key_id: str) -> str:
        name = KeyName(recipient, key_id, "private").filename
        return f"{name!r} is not in the key folder of the {self._role} role: nothing opens without"


def _content(box: SealedBox[PrivateKey], place: Place, sealed: bytes) -> bytes | None:
    """Open and compare; None instead of an error, so that no frame that raises holds a key."""
    try:
        opened = box.decrypt(sealed)
    except CryptoError:
        return None
    if not hmac.compare_digest(opened[:_PLACE_BYTES], place.digest):
        return None
    return opened[_PLACE_BYTES:]
