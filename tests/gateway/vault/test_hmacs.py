"""Fingerprints and the one-time digits of an alert."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault.create import create_keys
from gateway.vault.encoding import encode_parts, pad, unpad
from gateway.vault.errors import NotForThisRole
from gateway.vault.fingerprints import ROOTS, AlertDigits, FingerprintPurpose, Fingerprints
from gateway.vault.hidden import KeyBytes
from gateway.vault.vault import Vault

PARTS = st.lists(st.text(st.characters(), max_size=8), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hmacs") / "keys"
    create_keys(root, date(2026, 11, 24))
    return root


@given(one=PARTS, other=PARTS)
def test_two_lists_of_parts_never_read_the_same(one: list[str], other: list[str]) -> None:
    assert (encode_parts(*one) == encode_parts(*other)) == (one == other)


def test_the_border_between_parts_counts() -> None:
    prints = Fingerprints(dict.fromkeys(ROOTS.values(), KeyBytes(bytes(32))))
    splits = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc")]
    assert len({prints.of("session", *parts) for parts in splits}) == len(splits)


def test_a_value_has_an_unrelated_fingerprint_for_every_purpose() -> None:
    prints = Fingerprints(dict.fromkeys(ROOTS.values(), KeyBytes(bytes(32))))
    purposes = get_args(FingerprintPurpose)
    found = {prints.of(purpose, "+250788000001") for purpose in purposes}
    assert len(found) == len(purposes)
    assert {len(value) for value in found} == {16}


def test_what_no_encoding_knows_still_has_a_fingerprint() -> None:
    """A caller's bytes that were not UTF-8 reach us as lone surrogates."""
    prints = Fingerprints(dict.fromkeys(ROOTS.values(), KeyBytes(bytes(32))))
    assert prints.of("typed", "\udcff") != prints.of("typed", "\udcfe")


def test_every_process_of_an_installation_finds_the_same_number(root: Path) -> None:
    vaults = [
        Vault.open(root / "web", "web"),
        Vault.open(root / "staff", "staff"),
        Vault.open(root / "worker", "worker"),
    ]
    assert len({vault.fingerprint("staff", "+250788000001") for vault in vaults}) == 1


def test_another_installation_finds_nothing(root: Path, tmp_path: Path) -> None:
    other = create_keys(tmp_path / "other")["worker"]
    ours = Vault.open(root / "worker", "worker").fingerprint("contact", "+250788000001")
    assert Vault.open(other, "worker").fingerprint("contact", "+250788000001") != ours


def test_escrow_finds_no_numbers_and_staff_make_no_digits(root: Path) -> None:
    escrow, staff = Vault.open(root / "escrow", "escrow"), Vault.open(root / "staff", "staff")
    with pytest.raises(NotForThisRole, match="the escrow role holds no lookup key"):
        escrow.fingerprint("contact", "+250788000001")
    with pytest.raises(NotForThisRole, match="the staff role holds no alert key"):
        staff.alert_digits("41")
    with pytest.raises(NotForThisRole, match="the staff role holds no alert key"):
        staff.alert_digits_match("41", "1992")


def test_the_worker_writes_the_digits_that_web_expects(root: Path) -> None:
    worker, web = Vault.open(root / "worker", "worker"), Vault.open(root / "web", "web")
    digits = worker.alert_digits("41")
    assert digits == worker.alert_digits("41"), "a repeated SMS must say the same"
    assert web.alert_digits_match("41", digits)
    assert not web.alert_digits_match("42", digits)


def test_only_the_exact_digits_match() -> None:
    alerts = AlertDigits(KeyBytes(bytes(range(32))))
    assert alerts.match("41", "1992")
    full_width = "\uff11\uff19\uff19\uff12"
    for typed in ["", "199", "19922", "1993", " 1992", "1992\n", full_width, "\udcff", "1992\x00"]:
        assert not alerts.match("41", typed), typed


def test_digits_are_spread_evenly_and_keep_their_leading_zeros() -> None:
    """20,000 alerts: each digit in each position 2,000 times, give or take five deviations."""
    alerts = AlertDigits(KeyBytes(bytes(range(32))))
    made = [alerts.of(str(alert)) for alert in range(20_000)]
    assert {len(digits) for digits in made} == {4}
    for position in range(4):
        counts = Counter(digits[position] for digits in made)
        assert sorted(counts) == list("0123456789")
        assert all(abs(count - 2_000) < 5 * 42.4 for count in counts.values())


@given(plaintext=st.binary(max_size=600), block=st.integers(1, 300))
def test_padding_comes_off_and_fills_whole_blocks(plaintext: bytes, block: int) -> None:
    padded = pad(plaintext, block)
    assert unpad(padded) == plaintext
    assert len(padded) % block == 0
    assert len(plaintext) < len(padded) <= len(plaintext) + block


@pytest.mark.parametrize("never_padded", [b"", b"\x00\x00", b"text", b"\x80text", b"\x80\x00x"])
def test_what_was_never_padded_is_told(never_padded: bytes) -> None:
    assert unpad(never_padded) is None
