"""Secrets and PINs: checked, never read, and no faster when there is nothing to check."""

from __future__ import annotations

from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vault import CannotOpen, NotForThisRole, Vault
from gateway.vault.hidden import KeyBytes
from gateway.vault.keyring import Keyring
from gateway.vault.roles import KeyName
from gateway.vault.secrets import Secrets, default_hasher

OLD, NEW = "20261124a", "20270101a"
PEPPERS = {OLD: KeyBytes(bytes(range(32))), NEW: KeyBytes(bytes(range(1, 33)))}


class WatchedHasher(PasswordHasher):
    """A cheap hasher that remembers every hash it was asked to verify."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified: list[str] = []

    def verify(self, stored: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified.append(str(stored))
        return super().verify(stored, password)


class Credulous(WatchedHasher):
    """Finds that every secret matches."""

    def verify(self, stored: str | bytes, password: str | bytes) -> Literal[True]:
        self.verified += [str(stored), str(password)]
        return True


@pytest.fixture(scope="module")
def checker() -> Secrets:
    return Secrets(PEPPERS, WatchedHasher())


@settings(max_examples=30)
@given(secret=st.text(st.characters(), max_size=12), other=st.text(st.characters(), max_size=12))
def test_only_the_same_secret_matches(checker: Secrets, secret: str, other: str) -> None:
    stored = checker.hash(secret)
    assert checker.check(stored, secret)
    assert checker.check(stored, other) == (secret == other)


def test_the_same_secret_never_hashes_the_same_and_is_not_in_its_hash(checker: Secrets) -> None:
    hashes = {checker.hash("48215937") for _ in range(20)}
    assert len(hashes) == 20
    assert not any("48215937" in stored for stored in hashes)


def test_without_the_pepper_the_right_secret_does_not_match(checker: Secrets) -> None:
    other = Secrets({NEW: KeyBytes.random()}, WatchedHasher())
    assert not other.check(checker.hash("4821"), "4821")


def test_no_hash_costs_the_work_of_a_wrong_secret() -> None:
    """Given no hash, when a secret is checked, then one hash of equal cost is verified."""
    hasher = WatchedHasher()
    checker = Secrets(PEPPERS, hasher)
    assert not checker.check(checker.hash("4821"), "1111")
    assert not checker.check(None, "1111")
    wrong, nothing = (extract_parameters(stored) for stored in hasher.verified)
    assert wrong == nothing


def test_no_secret_matches_no_hash(checker: Secrets) -> None:
    for secret in ["", "0000", "4821", "None"]:
        assert checker.check(None, secret) is False
    assert Secrets(PEPPERS, Credulous()).check(None, "4821") is False


def test_a_secret_made_with_an_older_pepper_is_still_checked(checker: Secrets) -> None:
    older = Secrets({OLD: PEPPERS[OLD]}, WatchedHasher()).hash("4821")
    assert checker.check(older, "4821")
    assert not checker.check(older, "4822")
    assert checker.hash("4821").startswith(f"{NEW}$argon2id$")


def test_a_pepper_that_is_not_held_is_an_error_and_not_a_wrong_secret(checker: Secrets) -> None:
    older_only = Secrets({OLD: PEPPERS[OLD]}, WatchedHasher())
    with pytest.raises(CannotOpen, match="pepper key that is not held"):
        older_only.check(checker.hash("4821"), "4821")


@pytest.mark.parametrize(
    "damaged",
    ["", "4821", f"{NEW}", f"{NEW}$", f"{NEW}$argon2id$v=19$m=8,t=1,p=1$", f"{NEW}$2b$12$abc"],
)
def test_a_damaged_hash_is_an_error_that_quotes_nothing(checker: Secrets, damaged: str) -> None:
    with pytest.raises(CannotOpen) as refusal:
        checker.check(damaged, "4821")
    assert "4821" not in str(refusal.value)


def test_a_hash_cut_off_anywhere_never_matches(checker: Secrets) -> None:
    stored = checker.hash("4821")
    for length in range(len(stored)):
        try:
            assert not checker.check(stored[:length], "4821")
        except CannotOpen:
            continue


def test_a_check_needs_less_than_twenty_megabytes_and_one_core() -> None:
    parameters = extract_parameters(default_hasher().hash("4821"))
    assert parameters.type is Type.ID
    assert parameters.memory_cost * 1024 < 20_000_000
    assert (parameters.time_cost, parameters.parallelism) == (3, 1)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


def test_a_role_without_pepper_checks_no_secrets() -> None:
    keys = {KeyName("lookup", OLD, "secret"): KeyBytes.random()}
    worker = Vault(Keyring("worker", keys), WatchedHasher())
    with pytest.raises(NotForThisRole, match="the worker role holds no pepper key"):
        worker.hash_secret("4821")
    with pytest.raises(NotForThisRole):
        worker.check_secret(None, "4821")
