"""The only code of the house with keys and ciphers.

Ask `Vault.open(folder, role)` for what the role may do; `create_keys(root)` makes the files.
"""

from gateway.vault.create import create_escrow, create_keys
from gateway.vault.errors import (
    CannotOpen,
    CannotRotate,
    KeyFolderExposed,
    KeyMalformed,
    KeyMissing,
    KeyOfAnotherRole,
    KeysExist,
    NotForThisRole,
    UnknownKey,
    VaultError,
)
from gateway.vault.fields import DataKey, Where, WrappedKey
from gateway.vault.fingerprints import FingerprintPurpose
from gateway.vault.roles import Recipient, Role
from gateway.vault.secrets import pepper_of, quick_hasher
from gateway.vault.vault import KeyPurpose, Vault, sealed_under

__all__ = [
    "CannotOpen",
    "CannotRotate",
    "DataKey",
    "FingerprintPurpose",
    "KeyFolderExposed",
    "KeyMalformed",
    "KeyMissing",
    "KeyOfAnotherRole",
    "KeyPurpose",
    "KeysExist",
    "NotForThisRole",
    "Recipient",
    "Role",
    "UnknownKey",
    "Vault",
    "VaultError",
    "Where",
    "WrappedKey",
    "create_escrow",
    "create_keys",
    "pepper_of",
    "quick_hasher",
    "sealed_under",
]
