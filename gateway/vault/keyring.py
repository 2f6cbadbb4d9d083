"""Reads a key folder, and refuses to start on one that is not exactly right.

A key file is one line of base64 (32 bytes); its name says the rest. A folder is refused for one
key too many as much as for one too few, and for anything in it that is not a key: a forgotten
`sender-20261124a.private.bak` is a private key too.
"""

from __future__ import annotations

import base64
import binascii
import errno
import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from gateway.vault.errors import KeyFolderExposed, KeyMalformed, KeyMissing, KeyOfAnotherRole
from gateway.vault.hidden import Hidden, KeyBytes
from gateway.vault.roles import (
    HOLDINGS,
    SINGLE,
    Half,
    KeyName,
    Kind,
    Role,
    may_hold,
    parse_filename,
)

_LONGEST_LINE = 64
_EVERYTHING_OF_OTHERS = 0o077
_WRITING_BY_OTHERS = 0o022


class Keyring(Hidden):
    """The checked keys of one role, held in memory and never changed after loading."""

    __slots__ = ("_keys", "role")

    def __init__(self, role: Role, keys: Mapping[KeyName, KeyBytes]) -> None:
        self.role = role
        self._keys = keys

    def held(self, kind: Kind, half: Half) -> Mapping[str, KeyBytes]:
        """Key id to key, oldest first; empty when this role holds none."""
        names = sorted(name for name in self._keys if (name.kind, name.half) == (kind, half))
        return {name.key_id: self._keys[name] for name in names}

    def openers(self, kind: Kind) -> Mapping[str, KeyBytes]:
        """The secrets that open or check, those included that make nothing new yet."""
        return {**self.held(kind, "next"), **self.held(kind, "secret")}

    def newest(self, kind: Kind, half: Half) -> str | None:
        """The id of the key that makes what is new; None when this role holds none."""
        return max(self.held(kind, half), default=None)

    def only(self, kind: Kind) -> KeyBytes | None:
        """The one key of a kind of which there may be only one; None where the role has none."""
        return next(iter(self.held(kind, "secret").values()), None)


def load_keyring(folder: Path, role: Role) -> Keyring:
    """Read and check every key of `role`.

    Raises KeyFolderExposed, KeyMissing, KeyMalformed or KeyOfAnotherRole; each says what to do.
    """
    names = _names(folder)
    for name in names:
        _refuse_another_role(folder / name.filename, name, role)
    keyring = Keyring(role, {name: read_key(folder / name.filename, name.half) for name in names})
    for kind, half in sorted(HOLDINGS[role]):
        _need(keyring, folder, kind, half)
    _refuse_broken_pairs(keyring, folder)
    return keyring


def _names(folder: Path) -> list[KeyName]:
    with _readable(folder):
        paths = sorted(folder.iterdir())
    if _mode(folder) & _EVERYTHING_OF_OTHERS:
        raise KeyFolderExposed(
            f"the key folder can be reached by other users: run `chmod 700 {_quoted(folder)}`"
        )
    return [_name(path) for path in paths]


def _name(path: Path) -> KeyName:
    name = parse_filename(path.name)
    if name is None:
        raise KeyMalformed(f"{path} is not named as a key file: move it out of the key folder")
    return name


def _refuse_another_role(path: Path, name: KeyName, role: Role) -> None:
    if not may_hold(role, name):
        raise KeyOfAnotherRole(
            f"{path} is not for the {role} role: move it to the folder of a role that needs it"
        )


def read_key(path: Path, half: Half) -> KeyBytes:
    """One key, from a file that nobody else can read. Raises what `load_keyring` raises."""
    with _readable(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        _refuse_exposed(path, half, os.fstat(descriptor).st_mode)
        key = _decoded(path, descriptor)
    finally:
        os.close(descriptor)
    if key is None or (half == "public" and not _can_seal(key)):
        raise KeyMalformed(f"{path} holds no key: copy it again from where the keys were made")
    return key


def _refuse_exposed(path: Path, half: Half, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise KeyMalformed(f"{path} is not a file: move it out of the key folder")
    if mode & (_WRITING_BY_OTHERS if half == "public" else _EVERYTHING_OF_OTHERS):
        raise KeyFolderExposed(
            f"a key file is open to other users: run `chmod 600 {_quoted(path)}`"
        )


def _mode(path: Path) -> int:
    with _readable(path):
        return path.stat().st_mode


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the system's refusal into a line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise KeyMalformed(f"{path} is a link: put a copy of the key in its place") from None
        raise KeyMissing(
            f"{path} cannot be read ({error.strerror}): run `isange keys new`, "
            "or correct the path and the owner of the key folder"
        ) from None


def _decoded(path: Path, descriptor: int) -> KeyBytes | None:
    """The key in a file, or None: the line must not be in a frame that raises."""
    with _readable(path):
        line = os.read(descriptor, _LONGEST_LINE + 1).strip()
    try:
        return KeyBytes(base64.b64decode(line, validate=True))
    except (binascii.Error, ValueError):
        return None


def _can_seal(key: KeyBytes) -> bool:
    """False for the few points of the curve to which libsodium refuses to seal."""
    try:
        SealedBox(PublicKey(key.reveal())).encrypt(b"")
    except CryptoError:
        return False
    return True


def _need(keyring: Keyring, folder: Path, kind: Kind, half: Half) -> None:
    held = keyring.held(kind, half)
    if not held:
        raise KeyMissing(
            f"no {kind} key ({kind}-….{half}) for the {keyring.role} role in {folder}: "
            "make keys with `isange keys new`, or copy it from where the keys were made"
        )
    if kind in SINGLE and len(held) > 1:
        raise KeyMalformed(
            f"there is more than one {kind} key in {folder}: keep the one that stored rows "
            "were made with, which is the same for every role"
        )


def _refuse_broken_pairs(keyring: Keyring, folder: Path) -> None:
    """Refuse public halves that this role, which reads their kind, could not open again.

    Everything would be sealed to them without an error, and lost.
    """
    for kind, half in HOLDINGS[keyring.role]:
        if half != "private":
            continue
        privates = keyring.held(kind, "private")
        for key_id, public in keyring.held(kind, "public").items():
            if key_id not in privates:
                raise KeyMissing(
                    f"{KeyName(kind, key_id, 'private').filename} is missing in {folder}: copy "
                    "the private half there before its public half"
                )
            if not _is_pair(privates[key_id], public):
                raise KeyMalformed(
                    f"the halves of {kind}-{key_id} in {folder} are not one pair: copy both "
                    "again from where the keys were made"
                )


def _is_pair(private: KeyBytes, public: KeyBytes) -> bool:
    return bytes(PrivateKey(private.reveal()).public_key) == public.reveal()


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
