"""Secrets and PINs hashed ahead of a transaction: one takes as long as all the rest of it.

SQLite has one writer at a time, and whoever hashes in a transaction has all others wait. So who
opens one does what it can foresee before, and brings it along. Where it turns out otherwise in the
transaction, because a row has changed meanwhile, it is done there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.store.database import Session
from gateway.vault.fields import Where
from gateway.vault.vault import Vault

_AHEAD: Final = "hashed_ahead"


@dataclass(frozen=True, slots=True)
class Hashes:
    """What was hashed and checked for one step of one person, and is forgotten with it."""

    hash_of: Callable[[str, Where], str]
    check_of: Callable[[str | None, str, Where], bool]
    new_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The id of a report that is made in the transaction: its secret is hashed for it alone."""
    _made: dict[tuple[str, Where], str] = field(default_factory=dict, repr=False)
    _checked: dict[tuple[str | None, str, Where], bool] = field(default_factory=dict, repr=False)

    def make(self, secret: str, where: Where) -> str:
        """The hash of a secret for its row."""
        key = secret, where
        if key not in self._made:
            self._made[key] = self.hash_of(secret, where)
        return self._made[key]

    def check(self, stored: str | None, secret: str, where: Where) -> bool:
        """Whether a secret is that of a hash; the same work where there is none."""
        key = stored, secret, where
        if key not in self._checked:
            self._checked[key] = self.check_of(stored, secret, where)
        return self._checked[key]

    def bring(self, session: Session) -> None:
        """Have them at hand in a transaction."""
        session.info[_AHEAD] = self


def of_secrets(vault: Vault) -> Hashes:
    """For the four digits of callers."""
    return Hashes(vault.hash_secret, vault.check_secret)


def of_pins(vault: Vault) -> Hashes:
    """For the PINs of staff."""
    return Hashes(vault.hash_pin, vault.check_pin)


def hashes_of(session: Session, otherwise: Hashes) -> Hashes:
    """What was brought along to this transaction; else what is given, which knows nothing yet."""
    found: Hashes = session.info.setdefault(_AHEAD, otherwise)
    return found
