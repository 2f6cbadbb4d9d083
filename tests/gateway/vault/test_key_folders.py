"""Key folders: what a new installation gets, and every folder the service refuses to start on."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from gateway.vault.create import create_keys
from gateway.vault.errors import (
    KeyFolderExposed,
    KeyMalformed,
    KeyMissing,
    KeyOfAnotherRole,
    KeysExist,
    VaultError,
)
from gateway.vault.keyring import load_keyring
from gateway.vault.roles import Role
from gateway.vault.vault import Vault

DAY = date(2026, 11, 24)
ROLES: tuple[Role, ...] = get_args(Role)

EXPECTED_FILES: dict[Role, set[str]] = {
    "web": {
        "sender-20261124a.public",
        "centre-20261124a.public",
        "escrow-20261124a.public",
        "session-20261124a.secret",
        "lookup-20261124a.secret",
        "pepper-20261124a.secret",
        "alert-20261124a.secret",
    },
    "staff": {
        "sender-20261124a.public",
        "centre-20261124a.public",
        "escrow-20261124a.public",
        "centre-20261124a.private",
        "staff-session-20261124a.secret",
        "lookup-20261124a.secret",
        "pepper-20261124a.secret",
        "staff-pepper-20261124a.secret",
    },
    "worker": {
        "sender-20261124a.public",
        "centre-20261124a.public",
        "escrow-20261124a.public",
        "sender-20261124a.private",
        "lookup-20261124a.secret",
        "alert-20261124a.secret",
    },
    "escrow": {"escrow-20261124a.private"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", DAY)
    return tmp_path / "keys"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_key(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def test_each_role_gets_its_own_keys_and_no_others(root: Path) -> None:
    found = {role: {path.name for path in (root / role).iterdir()} for role in ROLES}
    assert found == EXPECTED_FILES


def test_folders_and_files_are_for_their_owner_alone(root: Path) -> None:
    folders = [root, *(root / role for role in ROLES)]
    files = [file for role in ROLES for file in (root / role).iterdir()]
    assert {mode(folder) for folder in folders} == {0o700}
    assert {mode(file) for file in files} == {0o600}


def test_a_key_file_is_one_line_of_base64_and_roles_share_what_they_must(root: Path) -> None:
    contents: dict[str, set[bytes]] = {}
    for role in ROLES:
        for file in (root / role).iterdir():
            contents.setdefault(file.name, set()).add(file.read_bytes())
    assert all(len(copies) == 1 for copies in contents.values()), "roles differ in a shared key"
    lines = [copies.pop() for copies in contents.values()]
    assert all(line.endswith(b"\n") and len(base64.b64decode(line)) == 32 for line in lines)
    assert len(set(lines)) == len(lines), "two keys are the same"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_opens_its_new_folder(root: Path, role: Role) -> None:
    assert Vault.open(root / role, role).role == role


def test_a_second_installation_has_other_keys(root: Path, tmp_path: Path) -> None:
    create_keys(tmp_path / "second", DAY)
    for file in (root / "web").iterdir():
        assert file.read_bytes() != (tmp_path / "second" / "web" / file.name).read_bytes()


def test_new_keys_never_overwrite_and_leave_nothing_behind(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.*")}
    with pytest.raises(KeysExist, match="already holds something"):
        create_keys(root)
    assert {path: path.read_bytes() for path in root.rglob("*.*")} == before
    assert list(root.parent.iterdir()) == [root]


def test_new_keys_refuse_a_root_that_holds_anything_at_all(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "note.txt").write_text("mine")
    with pytest.raises(KeysExist):
        create_keys(tmp_path / "keys")
    with pytest.raises(KeysExist):
        create_keys(tmp_path / "keys" / "note.txt")
    assert (tmp_path / "keys" / "note.txt").read_text() == "mine"


def test_new_keys_fill_an_empty_folder_and_close_it(tmp_path: Path) -> None:
    (tmp_path / "deep" / "keys").mkdir(parents=True, mode=0o755)
    assert create_keys(tmp_path / "deep" / "keys")["web"] == tmp_path / "deep" / "keys" / "web"
    assert mode(tmp_path / "deep" / "keys") == 0o700


@pytest.mark.parametrize("bits", [0o710, 0o701, 0o770, 0o705, 0o750])
def test_a_folder_open_to_others_is_refused(root: Path, bits: int) -> None:
    (root / "web").chmod(bits)
    with pytest.raises(KeyFolderExposed, match=f"chmod 700 {root / 'web'}"):
        load_keyring(root / "web", "web")


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602])
@pytest.mark.parametrize("name", ["centre-20261124a.private", "pepper-20261124a.secret"])
def test_a_private_file_open_to_others_is_refused(root: Path, name: str, bits: int) -> None:
    (root / "staff" / name).chmod(bits)
    with pytest.raises(KeyFolderExposed, match=f"chmod 600 {root / 'staff' / name}"):
        load_keyring(root / "staff", "staff")


def test_a_public_file_may_be_read_by_others_but_not_changed(root: Path) -> None:
    public = root / "web" / "centre-20261124a.public"
    public.chmod(0o644)
    load_keyring(root / "web", "web")
    public.chmod(0o664)
    with pytest.raises(KeyFolderExposed):
        load_keyring(root / "web", "web")


def test_the_command_to_run_survives_a_path_with_spaces(tmp_path: Path) -> None:
    folder = create_keys(tmp_path / "my keys", DAY)["web"]
    folder.chmod(0o755)
    with pytest.raises(KeyFolderExposed, match=f"chmod 700 '{folder}'"):
        load_keyring(folder, "web")


@pytest.mark.parametrize(
    ("role", "name"),
    [(role, name) for role in ROLES for name in sorted(EXPECTED_FILES[role])],
)
def test_a_missing_key_is_named_with_the_command_that_makes_it(
    root: Path, role: Role, name: str
) -> None:
    (root / role / name).unlink()
    kind, half = name.partition("-")[0], name.rpartition(".")[2]
    with pytest.raises(KeyMissing, match=r"copy|isange keys new") as refusal:
        load_keyring(root / role, role)
    assert kind in str(refusal.value)
    assert half in str(refusal.value)


@pytest.mark.parametrize(
    ("role", "owner", "name"),
    [
        ("web", "worker", "sender-20261124a.private"),
        ("web", "staff", "centre-20261124a.private"),
        ("web", "escrow", "escrow-20261124a.private"),
        ("web", "staff", "staff-session-20261124a.secret"),
        ("web", "staff", "staff-pepper-20261124a.secret"),
        ("staff", "worker", "sender-20261124a.private"),
        ("staff", "escrow", "escrow-20261124a.private"),
        ("staff", "web", "alert-20261124a.secret"),
        ("staff", "web", "session-20261124a.secret"),
        ("worker", "staff", "centre-20261124a.private"),
        ("worker", "escrow", "escrow-20261124a.private"),
        ("worker", "web", "session-20261124a.secret"),
        ("worker", "web", "pepper-20261124a.secret"),
        ("worker", "staff", "staff-session-20261124a.secret"),
        ("worker", "staff", "staff-pepper-20261124a.secret"),
        ("escrow", "staff", "centre-20261124a.private"),
        ("escrow", "web", "lookup-20261124a.secret"),
    ],
)
def test_a_key_of_another_role_is_refused(root: Path, role: Role, owner: Role, name: str) -> None:
    shutil.copy2(root / owner / name, root / role / name)
    with pytest.raises(KeyOfAnotherRole, match=f"{name} is not for the {role} role"):
        load_keyring(root / role, role)


def test_a_folder_of_before_staff_had_keys_of_their_own_is_told_apart(root: Path) -> None:
    """Each start says the next thing to do, in one line."""
    staff = root / "staff"
    (staff / "staff-session-20261124a.secret").rename(staff / "session-20261124a.secret")
    pepper = (staff / "staff-pepper-20261124a.secret").rename(root / "later")
    with pytest.raises(KeyOfAnotherRole, match=r"session-.* is not for the staff role: move it"):
        load_keyring(staff, "staff")
    (staff / "session-20261124a.secret").rename(staff / "staff-session-20261124a.secret")
    with pytest.raises(KeyMissing, match=r"no staff-pepper key .* `isange keys new`"):
        load_keyring(staff, "staff")
    pepper.rename(staff / "staff-pepper-20261124a.secret")
    load_keyring(staff, "staff")


@pytest.mark.parametrize("role", ROLES)
def test_the_folder_of_one_role_does_not_serve_another(root: Path, role: Role) -> None:
    for other in ROLES:
        if other != role:
            with pytest.raises(VaultError):
                load_keyring(root / other, role)


@pytest.mark.parametrize(
    "name",
    [
        "sender-20261124a.private.bak",
        ".sender-20261124a.private.swp",
        "sender.private",
        "sender-20261124.private",
        "sender-20261124A.private",
        "sender-\uff12\uff10\uff12\uff161124a.private",
        "SENDER-20261124a.private",
        "notes.txt",
    ],
)
def test_anything_not_named_as_a_key_is_refused(root: Path, name: str) -> None:
    write_key(root / "worker" / name, b"")
    with pytest.raises(KeyMalformed, match="move it out"):
        load_keyring(root / "worker", "worker")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not base64, by any means\n",
        base64.b64encode(bytes(range(1, 32))),
        base64.b64encode(bytes(range(1, 34))),
        base64.b64encode(bytes(range(1, 33)))[:-4],
        base64.b64encode(bytes(range(1, 33))) * 2,
        base64.b64encode(bytes(range(1, 33))) + b"\n" + base64.b64encode(bytes(range(1, 33))),
        bytes(range(32)),
        bytes(44),
    ],
)
@pytest.mark.parametrize("name", ["lookup-20261124a.secret", "centre-20261124a.public"])
def test_a_malformed_key_is_refused(root: Path, name: str, content: bytes) -> None:
    write_key(root / "web" / name, content)
    with pytest.raises(KeyMalformed, match=f"{name} holds no key"):
        load_keyring(root / "web", "web")


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_public_half_that_nothing_can_be_sealed_to_is_refused(root: Path, point: bytes) -> None:
    write_key(root / "web" / "centre-20261124a.public", base64.b64encode(point))
    with pytest.raises(KeyMalformed, match=r"centre-20261124a\.public holds no key"):
        load_keyring(root / "web", "web")


def test_a_key_copied_on_another_system_is_read(root: Path) -> None:
    file = root / "web" / "lookup-20261124a.secret"
    before = Vault.open(root / "web", "web").fingerprint("contact", "x")
    write_key(file, file.read_bytes().strip() + b"\r\n")
    assert Vault.open(root / "web", "web").fingerprint("contact", "x") == before


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


def plain_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("")
    folder.chmod(0o600)


def under_a_file(folder: Path) -> None:
    shutil.rmtree(folder.parent)
    folder.parent.write_text("")


@pytest.mark.parametrize("spoil", [missing, plain_file, under_a_file])
def test_a_folder_that_cannot_be_read_says_what_to_do(
    root: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(root / "web")
    with pytest.raises(KeyMissing, match="isange keys new"):
        load_keyring(root / "web", "web")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_key_that_is_no_file_is_refused_and_does_not_hang(
    root: Path, make: Callable[[Path, int], None]
) -> None:
    path = root / "web" / "pepper-20261124a.secret"
    path.unlink()
    make(path, 0o600)
    with pytest.raises(KeyMalformed, match="is not a file"):
        load_keyring(root / "web", "web")


def test_halves_that_are_not_one_pair_are_refused(root: Path, tmp_path: Path) -> None:
    other = create_keys(tmp_path / "other", DAY)["staff"]
    shutil.copy2(other / "centre-20261124a.private", root / "staff")
    with pytest.raises(KeyMalformed, match="not one pair"):
        load_keyring(root / "staff", "staff")


def test_a_newer_public_half_without_its_private_half_is_refused(
    root: Path, tmp_path: Path
) -> None:
    """Or everything sealed from then on could be read by nobody but escrow."""
    newer = create_keys(tmp_path / "newer", date(2027, 1, 1))["staff"]
    shutil.copy2(newer / "centre-20270101a.public", root / "staff")
    with pytest.raises(KeyMissing, match=r"centre-20270101a\.private"):
        load_keyring(root / "staff", "staff")


@pytest.mark.parametrize("kind", ["lookup", "alert"])
def test_a_second_key_of_a_kind_without_ids_is_refused(
    root: Path, tmp_path: Path, kind: str
) -> None:
    newer = create_keys(tmp_path / "newer", date(2027, 1, 1))["web"]
    shutil.copy2(newer / f"{kind}-20270101a.secret", root / "web")
    with pytest.raises(KeyMalformed, match=f"more than one {kind} key"):
        load_keyring(root / "web", "web")
