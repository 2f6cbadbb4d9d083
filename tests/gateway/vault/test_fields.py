"""Fields, data keys and sealed values: they open in their own place, for their own role, only."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.vault.create import create_keys
from gateway.vault.errors import CannotOpen, NotForThisRole
from gateway.vault.fields import DataKey, Where, WrappedKey
from gateway.vault.fingerprints import FingerprintPurpose
from gateway.vault.roles import Recipient, Role
from gateway.vault.vault import KeyPurpose, Vault

NUMBER = b"+250788000001"
HERE = Where("contacts", "number", "R-41")
ELSEWHERE = [
    Where("staff", "number", "R-41"),
    Where("contacts", "other_number", "R-41"),
    Where("contacts", "number", "R-42"),
    Where("contacts", "number", "R-41 "),
]
READERS: dict[Recipient, Role] = {"sender": "worker", "centre": "staff", "escrow": "escrow"}

Vaults = dict[Role, Vault]


def open_all(root: Path) -> Vaults:
    return {role: Vault.open(root / role, role) for role in get_args(Role)}


@pytest.fixture(scope="module")
def vaults(tmp_path_factory: pytest.TempPathFactory) -> Vaults:
    root = tmp_path_factory.mktemp("fields") / "keys"
    create_keys(root, date(2026, 11, 24))
    return open_all(root)


@pytest.fixture(scope="module")
def key(vaults: Vaults) -> DataKey:
    return vaults["web"].new_key("R-41", "contact")


def wrapped_for(key: DataKey, recipient: Recipient) -> WrappedKey:
    return next(wrapped for wrapped in key.wrapped if wrapped.recipient == recipient)


def flipped(sealed: bytes, bit: int) -> bytes:
    bit %= len(sealed) * 8
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(sealed))


# Fields under a data key


@given(plaintext=st.binary(max_size=2000), row=st.text(min_size=1, max_size=40).filter(str.isascii))
def test_what_was_encrypted_comes_back(key: DataKey, plaintext: bytes, row: str) -> None:
    where = Where("reports", "answers", row)
    assert key.decrypt(key.encrypt(plaintext, where), where) == plaintext


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_field_moved_to_another_place_does_not_open(key: DataKey, where: Where) -> None:
    with pytest.raises(CannotOpen):
        key.decrypt(key.encrypt(NUMBER, HERE), where)


def test_a_field_cut_off_anywhere_does_not_open(key: DataKey) -> None:
    sealed = key.encrypt(NUMBER, HERE)
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            key.decrypt(sealed[:length], HERE)
    with pytest.raises(CannotOpen):
        key.decrypt(sealed + b"\x00", HERE)


@given(bit=st.integers(0, 10_000))
def test_a_field_with_one_bit_changed_does_not_open(key: DataKey, bit: int) -> None:
    sealed = key.encrypt(NUMBER, HERE)
    with pytest.raises(CannotOpen):
        key.decrypt(flipped(sealed, bit), HERE)


@given(noise=st.binary(max_size=400))
def test_noise_does_not_open(key: DataKey, vaults: Vaults, noise: bytes) -> None:
    with pytest.raises(CannotOpen):
        key.decrypt(noise, HERE)
    with pytest.raises(CannotOpen):
        vaults["worker"].open_sealed("sender", noise, HERE)


def test_another_key_of_the_same_report_does_not_open_a_field(vaults: Vaults, key: DataKey) -> None:
    other = vaults["web"].new_key("R-41", "contact")
    with pytest.raises(CannotOpen):
        other.decrypt(key.encrypt(NUMBER, HERE), HERE)


def test_the_same_value_never_looks_the_same_twice(key: DataKey) -> None:
    assert len({key.encrypt(NUMBER, HERE) for _ in range(50)}) == 50


def test_the_length_of_an_answer_does_not_tell_which_it_was(key: DataKey) -> None:
    answers = [b"", b"older", b"within_72h", b"x" * 255]
    assert {len(key.encrypt(answer, HERE)) for answer in answers} == {285}


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [("a|b", "c", "d"), ("a", "b|c", "d"), ("", "b", "c"), ("a", "", "c"), ("a", "b", "")],
)
def test_a_place_that_could_be_read_two_ways_is_refused(table: str, column: str, row: str) -> None:
    with pytest.raises(ValueError, match="a place needs"):
        Where(table, column, row)


# Wrapped data keys


@pytest.mark.parametrize(
    ("purpose", "recipients"),
    [("contact", ["sender", "centre", "escrow"]), ("answers", ["centre", "escrow"])],
)
def test_each_recipient_and_nobody_else_unwraps_a_data_key(
    vaults: Vaults, purpose: KeyPurpose, recipients: list[Recipient]
) -> None:
    new = vaults["web"].new_key("R-41", purpose)
    sealed = new.encrypt(NUMBER, HERE)
    assert [wrapped.recipient for wrapped in new.wrapped] == recipients
    for wrapped in new.wrapped:
        for role, vault in vaults.items():
            if role == READERS[wrapped.recipient]:
                assert vault.unwrap("R-41", purpose, wrapped).decrypt(sealed, HERE) == NUMBER
            else:
                with pytest.raises(CannotOpen, match="is not in the key folder"):
                    vault.unwrap("R-41", purpose, wrapped)


@pytest.mark.parametrize("recipient", ["centre", "escrow"])
def test_a_data_key_that_is_wrapped_anew_is_the_same_for_its_new_reader(
    vaults: Vaults, key: DataKey, recipient: Recipient
) -> None:
    sealed = key.encrypt(NUMBER, HERE)
    old = wrapped_for(key, "centre")
    new = vaults["staff"].rewrap("R-41", "contact", old, recipient)
    assert new.recipient == recipient
    assert new.sealed != old.sealed
    opened = vaults[READERS[recipient]].unwrap("R-41", "contact", new)
    assert opened.decrypt(sealed, HERE) == NUMBER


def test_the_callers_process_reads_nothing_back(vaults: Vaults, key: DataKey) -> None:
    for wrapped in key.wrapped:
        with pytest.raises(CannotOpen):
            vaults["web"].unwrap("R-41", "contact", wrapped)


def test_a_wrapped_key_moved_to_another_report_or_purpose_does_not_open(
    vaults: Vaults, key: DataKey
) -> None:
    wrapped = wrapped_for(key, "centre")
    staff = vaults["staff"]
    staff.unwrap("R-41", "contact", wrapped)
    with pytest.raises(CannotOpen, match="another place"):
        staff.unwrap("R-42", "contact", wrapped)
    with pytest.raises(CannotOpen, match="another place"):
        staff.unwrap("R-41", "answers", wrapped)


def test_a_wrapped_key_given_to_another_recipient_does_not_open(
    vaults: Vaults, key: DataKey
) -> None:
    swapped = replace(wrapped_for(key, "centre"), sealed=wrapped_for(key, "sender").sealed)
    with pytest.raises(CannotOpen):
        vaults["staff"].unwrap("R-41", "contact", swapped)


def test_a_wrapped_key_cut_off_anywhere_does_not_open(vaults: Vaults, key: DataKey) -> None:
    wrapped = wrapped_for(key, "centre")
    for length in range(len(wrapped.sealed)):
        cut = replace(wrapped, sealed=wrapped.sealed[:length])
        with pytest.raises(CannotOpen):
            vaults["staff"].unwrap("R-41", "contact", cut)


@given(bit=st.integers(0, 10_000))
def test_a_wrapped_key_with_one_bit_changed_does_not_open(
    vaults: Vaults, key: DataKey, bit: int
) -> None:
    wrapped = wrapped_for(key, "centre")
    altered = replace(wrapped, sealed=flipped(wrapped.sealed, bit))
    with pytest.raises(CannotOpen):
        vaults["staff"].unwrap("R-41", "contact", altered)


@pytest.mark.parametrize("key_id", ["20200101a", "", "x" * 200, "20261124a\n"])
def test_an_unknown_key_id_names_the_file_that_is_missing(
    vaults: Vaults, key: DataKey, key_id: str
) -> None:
    unknown = replace(wrapped_for(key, "centre"), key_id=key_id)
    with pytest.raises(CannotOpen, match=r"centre-.*\.private' is not in the key folder"):
        vaults["staff"].unwrap("R-41", "contact", unknown)


def test_a_value_sealed_for_the_centre_never_passes_as_a_data_key(vaults: Vaults) -> None:
    value = vaults["web"].seal_for("centre", bytes(32), Where("contact", "R-41", "x"))
    wrapped = WrappedKey("centre", value[1:10].decode(), value[10:])
    with pytest.raises(CannotOpen):
        vaults["staff"].unwrap("R-41", "contact", wrapped)


def test_escrow_can_seal_nothing(vaults: Vaults) -> None:
    with pytest.raises(NotForThisRole, match="no public sender key"):
        vaults["escrow"].new_key("R-41", "contact")
    with pytest.raises(NotForThisRole, match="no public centre key"):
        vaults["escrow"].seal_for("centre", NUMBER, HERE)


# One value sealed for one reader


@pytest.mark.parametrize("recipient", get_args(Recipient))
def test_a_sealed_value_opens_for_its_recipient_alone(vaults: Vaults, recipient: Recipient) -> None:
    sealed = vaults["web"].seal_for(recipient, NUMBER, HERE)
    for role, vault in vaults.items():
        if role == READERS[recipient]:
            assert vault.open_sealed(recipient, sealed, HERE) == NUMBER
        else:
            with pytest.raises(CannotOpen, match="is not in the key folder"):
                vault.open_sealed(recipient, sealed, HERE)


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_sealed_value_moved_to_another_place_does_not_open(vaults: Vaults, where: Where) -> None:
    sealed = vaults["staff"].seal_for("sender", NUMBER, HERE)
    with pytest.raises(CannotOpen, match="another place"):
        vaults["worker"].open_sealed("sender", sealed, where)


def test_a_sealed_value_cut_off_anywhere_does_not_open(vaults: Vaults) -> None:
    sealed = vaults["web"].seal_for("sender", NUMBER, HERE)
    for length in range(len(sealed)):
        with pytest.raises(CannotOpen):
            vaults["worker"].open_sealed("sender", sealed[:length], HERE)


@given(bit=st.integers(0, 10_000))
def test_a_sealed_value_with_one_bit_changed_does_not_open(vaults: Vaults, bit: int) -> None:
    sealed = vaults["web"].seal_for("sender", NUMBER, HERE)
    with pytest.raises(CannotOpen):
        vaults["worker"].open_sealed("sender", flipped(sealed, bit), HERE)


# Sessions


@given(data=st.binary(max_size=5000))
@pytest.mark.parametrize("app", ["web", "staff"])
def test_a_session_comes_back(vaults: Vaults, app: Role, data: bytes) -> None:
    sealed = vaults[app].seal_session(b"name", data)
    assert vaults[app].open_session(b"name", sealed) == data


@pytest.mark.parametrize(("one", "other"), [("web", "staff"), ("staff", "web")])
def test_no_app_reads_or_forges_a_session_of_the_other(
    vaults: Vaults, one: Role, other: Role
) -> None:
    with pytest.raises(CannotOpen):
        vaults[other].open_session(b"name", vaults[one].seal_session(b"name", b"state"))


@pytest.mark.parametrize("purpose", ["staff_session", "staff_typed"])
@pytest.mark.parametrize("role", ["web", "worker"])
def test_nobody_else_finds_a_call_of_staff(
    vaults: Vaults, role: Role, purpose: FingerprintPurpose
) -> None:
    assert len(vaults["staff"].fingerprint(purpose, "x")) == 16
    with pytest.raises(NotForThisRole, match=f"the {role} role holds no staff-session key"):
        vaults[role].fingerprint(purpose, "x")


def test_the_worker_cannot_tell_what_a_caller_typed(vaults: Vaults) -> None:
    """It can read Redis, where the fingerprint of what she typed so far lies in the clear."""
    assert len(vaults["web"].fingerprint("typed", "x")) == 16
    with pytest.raises(NotForThisRole, match="the worker role holds no session key"):
        vaults["worker"].fingerprint("typed", "x")


def test_a_session_put_under_another_name_does_not_open(vaults: Vaults) -> None:
    web = vaults["web"]
    sealed = web.seal_session(web.fingerprint("session", "ATUid_1"), b"state")
    with pytest.raises(CannotOpen):
        web.open_session(web.fingerprint("session", "ATUid_2"), sealed)


def test_a_session_cut_off_or_altered_anywhere_does_not_open(vaults: Vaults) -> None:
    web = vaults["web"]
    sealed = web.seal_session(b"name", b"state")
    for at in range(len(sealed)):
        with pytest.raises(CannotOpen):
            web.open_session(b"name", sealed[:at])
        with pytest.raises(CannotOpen):
            web.open_session(b"name", flipped(sealed, at * 8))


def test_the_length_of_a_session_does_not_tell_the_screen(vaults: Vaults) -> None:
    lengths = {len(vaults["web"].seal_session(b"name", b"x" * size)) for size in (0, 300, 1023)}
    assert lengths == {1062}


def test_the_worker_has_no_session_key(vaults: Vaults) -> None:
    with pytest.raises(NotForThisRole, match="the worker role holds no session key"):
        vaults["worker"].seal_session(b"name", b"state")
    with pytest.raises(NotForThisRole, match="the worker role holds no session key"):
        vaults["worker"].open_session(b"name", b"state")


# Newer keys beside older ones


def test_after_new_keys_were_added_old_rows_open_and_new_rows_use_the_new(tmp_path: Path) -> None:
    roots = [tmp_path / "2026", tmp_path / "2027"]
    for root, day in zip(roots, [date(2026, 11, 24), date(2027, 1, 1)], strict=True):
        create_keys(root, day)
    before = open_all(roots[0])
    old_key = before["web"].new_key("R-41", "contact")
    old_value = before["web"].seal_for("sender", NUMBER, HERE)
    old_session = before["web"].seal_session(b"name", b"state")

    for file in roots[1].glob("*/*"):
        if not file.name.startswith(("lookup-", "alert-")):
            shutil.copy2(file, roots[0] / file.parent.name)
    after = open_all(roots[0])

    opened = after["staff"].unwrap("R-41", "contact", wrapped_for(old_key, "centre"))
    assert opened.decrypt(old_key.encrypt(NUMBER, HERE), HERE) == NUMBER
    assert after["worker"].open_sealed("sender", old_value, HERE) == NUMBER
    assert after["web"].open_session(b"name", old_session) == b"state"
    new_key = after["web"].new_key("R-42", "contact")
    assert {wrapped.key_id for wrapped in new_key.wrapped} == {"20270101a"}
    assert b"20270101a" in after["web"].seal_for("sender", NUMBER, HERE)
    before["web"].open_session(b"name", after["web"].seal_session(b"name", b"state"))
    before["worker"].unwrap("R-42", "contact", wrapped_for(new_key, "sender"))


# Many threads


def test_many_threads_use_one_vault_and_one_key(vaults: Vaults, key: DataKey) -> None:
    def work(number: int) -> bool:
        value, name = str(number).encode() * 9, str(number).encode()
        report = f"R-{number}"
        new = vaults["web"].new_key(report, "answers")
        session = vaults["staff"].seal_session(name, value)
        opened = vaults["staff"].unwrap(report, "answers", new.wrapped[0])
        return (
            key.decrypt(key.encrypt(value, HERE), HERE) == value
            and opened.decrypt(new.encrypt(value, HERE), HERE) == value
            and vaults["staff"].open_session(name, session) == value
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(400)))
