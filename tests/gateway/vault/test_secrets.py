"""Secrets and PINs: checked, never read, and no faster when there is nothing to check."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vault.create import create_keys
from gateway.vault.errors import CannotOpen, NotForThisRole
from gateway.vault.fields import Where
from gateway.vault.hidden import KeyBytes
from gateway.vault.roles import Role
from gateway.vault.secrets import Secrets, default_hasher, pepper_of
from gateway.vault.vault import Vault

HERE = Where("reports", "secret_hash", "R-41")
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
    return Secrets(PEPPERS, NEW, WatchedHasher())


@settings(max_examples=30)
@given(secret=st.text(st.characters(), max_size=12), other=st.text(st.characters(), max_size=12))
def test_only_the_same_secret_matches(checker: Secrets, secret: str, other: str) -> None:
    stored = checker.hash(secret, HERE)
    assert checker.check(stored, secret, HERE)
    assert checker.check(stored, other, HERE) == (secret == other)


def test_the_same_secret_never_hashes_the_same_and_is_not_in_its_hash(checker: Secrets) -> None:
    hashes = {checker.hash("48215937", HERE) for _ in range(20)}
    assert len(hashes) == 20
    assert not any("48215937" in stored for stored in hashes)


def test_without_the_pepper_the_right_secret_does_not_match(checker: Secrets) -> None:
    other = Secrets({NEW: KeyBytes.random()}, NEW, WatchedHasher())
    assert not other.check(checker.hash("4821", HERE), "4821", HERE)


def test_no_hash_costs_the_work_of_a_wrong_secret() -> None:
    """Given no hash, when a secret is checked, then one hash of equal cost is verified."""
    hasher = WatchedHasher()
    checker = Secrets(PEPPERS, NEW, hasher)
    assert not checker.check(checker.hash("4821", HERE), "1111", HERE)
    assert not checker.check(None, "1111", HERE)
    wrong, nothing = (extract_parameters(stored) for stored in hasher.verified)
    assert wrong == nothing


def test_no_secret_matches_no_hash(checker: Secrets) -> None:
    for secret in ["", "0000", "4821", "None"]:
        assert checker.check(None, secret, HERE) is False
    assert Secrets(PEPPERS, NEW, Credulous()).check(None, "4821", HERE) is False


def test_a_secret_made_with_an_older_pepper_is_still_checked(checker: Secrets) -> None:
    older = Secrets({OLD: PEPPERS[OLD]}, OLD, WatchedHasher()).hash("4821", HERE)
    assert checker.check(older, "4821", HERE)
    assert not checker.check(older, "4822", HERE)
    assert checker.hash("4821", HERE).startswith(f"{NEW}$argon2id$")


def test_a_pepper_that_is_not_held_is_an_error_and_not_a_wrong_secret(checker: Secrets) -> None:
    older_only = Secrets({OLD: PEPPERS[OLD]}, OLD, WatchedHasher())
    with pytest.raises(CannotOpen, match="pepper key that is not held"):
        older_only.check(checker.hash("4821", HERE), "4821", HERE)


@pytest.mark.parametrize(
    "damaged",
    ["", "4821", f"{NEW}", f"{NEW}$", f"{NEW}$argon2id$v=19$m=8,t=1,p=1$", f"{NEW}$2b$12$abc"],
)
def test_a_damaged_hash_is_an_error_that_quotes_nothing(checker: Secrets, damaged: str) -> None:
    with pytest.raises(CannotOpen) as refusal:
        checker.check(damaged, "4821", HERE)
    assert "4821" not in str(refusal.value)


def test_a_hash_cut_off_anywhere_never_matches(checker: Secrets) -> None:
    stored = checker.hash("4821", HERE)
    for length in range(len(stored)):
        try:
            assert not checker.check(stored[:length], "4821", HERE)
        except CannotOpen:
            continue


def test_a_check_needs_less_than_twenty_megabytes_and_one_core() -> None:
    parameters = extract_parameters(default_hasher().hash("4821"))
    assert parameters.type is Type.ID
    assert parameters.memory_cost * 1024 < 20_000_000
    assert (parameters.time_cost, parameters.parallelism) == (3, 1)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


def test_a_role_without_pepper_checks_no_secrets(tmp_path: Path) -> None:
    worker = Vault.open(create_keys(tmp_path / "keys")["worker"], "worker")
    with pytest.raises(NotForThisRole, match="the worker role holds no pepper key"):
        worker.hash_secret("4821", HERE)
    with pytest.raises(NotForThisRole, match="the worker role holds no pepper key"):
        worker.check_secret(None, "4821", HERE)
    with pytest.raises(NotForThisRole, match="the worker role holds no pepper key"):
        worker.is_outdated("20261124a$argon2id$")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_the_staff_app_alone_makes_and_checks_pins(tmp_path: Path, role: Role) -> None:
    """Or who gets into another process could register himself, or guess a PIN from its hash."""
    folders = create_keys(tmp_path / "keys")
    staff, other = Vault.open(folders["staff"], "staff"), Vault.open(folders[role], role)
    stored = staff.hash_pin("4711", HERE)
    assert staff.check_pin(stored, "4711", HERE)
    assert not staff.check_pin(stored, "4712", HERE)
    assert not staff.check_secret(stored, "4711", HERE), "the callers' pepper made it"
    for refused in (
        lambda: other.hash_pin("4711", HERE),
        lambda: other.check_pin(stored, "4711", HERE),
        lambda: other.is_pin_outdated(stored),
    ):
        with pytest.raises(NotForThisRole, match=f"the {role} role holds no staff-pepper key"):
            refused()


@pytest.mark.parametrize(
    "elsewhere",
    [
        Where("reports", "secret_hash", "R-42"),
        Where("staff", "pin_hash", "R-41"),
        Where("reports", "pin_hash", "R-41"),
        Where("reports", "secret_hash", "R-4"),
    ],
)
def test_a_hash_moved_to_another_place_does_not_match(checker: Secrets, elsewhere: Where) -> None:
    """Given the secret of one's own report, copying its hash opens nobody else's."""
    stored = checker.hash("4821", HERE)
    assert checker.check(stored, "4821", HERE)
    assert not checker.check(stored, "4821", elsewhere)


def test_a_hash_is_outdated_by_a_newer_pepper_or_another_cost(checker: Secrets) -> None:
    assert not checker.is_outdated(checker.hash("4821", HERE))
    older = Secrets({OLD: PEPPERS[OLD]}, OLD, WatchedHasher()).hash("4821", HERE)
    assert checker.is_outdated(older)
    assert pepper_of(older) == OLD
    costly = Secrets(PEPPERS, NEW, default_hasher()).hash("4821", HERE)
    assert checker.is_outdated(costly)


def test_a_pepper_that_only_waits_checks_but_makes_nothing() -> None:
    """Given that not every process holds the new pepper yet, none of them may use it."""
    waiting = Secrets(PEPPERS, OLD, WatchedHasher())
    assert pepper_of(waiting.hash("4821", HERE)) == OLD
    switched = Secrets(PEPPERS, NEW, WatchedHasher()).hash("4821", HERE)
    assert waiting.check(switched, "4821", HERE)
