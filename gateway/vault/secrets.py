"""The caller's 4-digit secret and the PIN of staff: kept so that they can be checked, not read.

Four digits are 10,000 guesses, which no slow hash withstands. So the hash is taken of an HMAC
under the pepper: without that key file the database gives nothing to guess at. Argon2id stands
behind it for the day the pepper is lost as well, and the number of tries is limited elsewhere.
Callers' secrets and PINs have a pepper each: who can check the ones can neither guess nor make the
others.

A hash is bound to its row like everything encrypted: who can write to the database, and knows the
secret of one report, must not get into another one by copying its hash there.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from gateway.vault.encoding import encode_parts
from gateway.vault.errors import CannotOpen, UnknownKey
from gateway.vault.fields import Where
from gateway.vault.hidden import Hidden, KeyBytes

TIME_COST = 3
MEMORY_KIB = 12 * 1024
PARALLELISM = 1
"""One of the settings OWASP recommends (12 MiB, 3 passes, 1 lane): 15 ms on one core here.

Web threads run it while a caller waits, several at once, so memory and cores are kept small.
A change shows in new hashes alone: as long as older ones are kept, an unknown code can be told from
a wrong secret by the time it takes.
"""


def default_hasher() -> PasswordHasher:
    return PasswordHasher(
        time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, hash_len=32
    )


def quick_hasher() -> PasswordHasher:
    """For hundreds of made-up people whose PINs are printed anyway: next to no cost, no safety."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32)


_NOWHERE = Where("nowhere", "secret", "none")


class Secrets(Hidden):
    """Hashes are `pepper id $ Argon2id string`: the pepper `newest` makes, any held checks."""

    __slots__ = ("_dummy", "_hasher", "_newest", "_peppers")

    def __init__(
        self, peppers: Mapping[str, KeyBytes], newest: str, hasher: PasswordHasher
    ) -> None:
        self._peppers = peppers
        self._newest = newest
        self._hasher = hasher
        self._dummy = self.hash(secrets.token_hex(), _NOWHERE)

    def hash(self, secret: str, where: Where) -> str:
        """About 110 ASCII characters, different each time for the same secret."""
        peppered = self._peppered(self._newest, secret, where)
        return f"{self._newest}{self._hasher.hash(peppered)}"

    def check(self, stored: str | None, secret: str, where: Where) -> bool:
        """Whether `secret` made this hash for this place.

        None is checked against a hash that nothing made: an unknown code takes the time of a wrong
        secret. Raises CannotOpen when the hash is none of ours or its pepper is not held: that is
        a damaged row, not a wrong secret.
        """
        pepper_id, argon2id = _parted(self._dummy if stored is None else stored)
        if pepper_id not in self._peppers:
            raise UnknownKey("the secret was hashed with a pepper key that is not held here")
        matches = self._verified(argon2id, self._peppered(pepper_id, secret, where))
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made under an older pepper or at another cost than new ones are."""
        pepper_id, argon2id = _parted(stored)
        return pepper_id != self._newest or self._hasher.check_needs_rehash(argon2id)

    def _verified(self, argon2id: str, peppered: bytes) -> bool:
        try:
            return self._hasher.verify(argon2id, peppered)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError):
            raise CannotOpen("the stored hash of a secret is damaged") from None

    def _peppered(self, pepper_id: str, secret: str, where: Where) -> bytes:
        place = (where.table, where.column, where.row)
        pepper = self._peppers[pepper_id].reveal()
        return hmac.digest(pepper, encode_parts("secret", *place, secret), "sha256")


def pepper_of(stored: str) -> str:
    """The id of the pepper that a hash was made under."""
    return _parted(stored)[0]


def _parted(stored: str) -> tuple[str, str]:
    """The pepper's id and the Argon2id string, which begins with its dollar sign."""
    pepper_id, separator, argon2id = stored.partition("$")
    return pepper_id, separator + argon2id
