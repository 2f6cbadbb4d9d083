"""The only code of the house with keys and ciphers.

Ask `Vault.open(folder, role)` for what the role may do; `create_keys(root)` makes the files.
"""

from gateway.vault.create import create_keys
from gateway.vault.errors import (
    CannotOpen,
    KeyFolderExposed,
    KeyMalformed,
    KeyMissing,
    KeyOfAnotherRole,
    KeysExist,
    NotForThisRole,
    VaultError,
)
from gateway.vault.fields import DataKey, Where, WrappedKey
from gateway.vault.fingerprints import FingerprintPurpose
from gateway.vault.roles import Recipient, Role
from gateway.vault.vault import KeyPurpose, Vault

__all__ = [
    "CannotOpen",
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
    "Vault",
    "VaultError",
    "Where",
    "WrappedKey",
    "create_keys",
]
