"""What can go wrong with keys, each as a class named after the fact.

None of these passes by itself: trying again never helps, somebody has to put a file right. A
message says what to do and may name a file or a key id; it never holds key material, a plain text
or a secret, so it can be shown and logged as it is.
"""

from __future__ import annotations

from gateway.runtime.errors import OperatorError


class VaultError(OperatorError):
    """Base of everything the vault raises."""


class KeyFolderExposed(VaultError):
    """A key folder or a key file can be read or changed by other users of this machine."""


class KeyMissing(VaultError):
    """A key that this role needs is not there, or its file cannot be read."""


class KeyMalformed(VaultError):
    """A file of the key folder is not a key, or does not fit the other half of its pair."""


class KeyOfAnotherRole(VaultError):
    """The folder holds a key which this role must not have."""


class KeysExist(VaultError):
    """New keys were asked for where something is already kept; nothing was changed."""


class NotForThisRole(VaultError):
    """The code asked for an operation whose key this role does not hold: a mistake of ours."""


class CannotOpen(VaultError):
    """This cannot be opened here: altered, moved from its place, or sealed for other keys."""


class UnknownKey(CannotOpen):
    """This was sealed under a key whose file is not here, or not here yet."""


class CannotRotate(VaultError):
    """Keys cannot be rotated as things are; nothing that is in use was changed."""
