"""Keys and ciphertexts that are wrong: each is one line that says what to do, and nothing opens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gateway.runtime.settings import Settings
from gateway.staff.operators import WAKES_OPERATOR
from gateway.vault.create import create_keys
from gateway.vault.errors import (
    CannotOpen,
    KeyFolderExposed,
    KeyMalformed,
    KeyMissing,
    KeyOfAnotherRole,
    VaultError,
)
from gateway.vault.fields import Where, WrappedKey
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from gateway.vault.watching import LOOK_EVERY, Watched
from gateway.wiring import Parts
from tests.alarm_counts import alarms
from tests.samples import SECRETS
from tests.services import PATIENCE, wait_until

ID = "20261124a"
HERE = Where("reports", "secret_hash", "R-41")
PEPPER = f"pepper-{ID}.secret"

Spoil = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", date(2026, 11, 24))
    return tmp_path / "keys"


def rewrite(content: bytes) -> Spoil:
    return lambda folder: (folder / PEPPER).write_bytes(content)


def link(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    (folder / PEPPER).rename(elsewhere)
    (folder / PEPPER).symlink_to(elsewhere)


def dangling(folder: Path) -> None:
    (folder / PEPPER).unlink()
    (folder / PEPPER).symlink_to("nowhere")


def folder_for_a_file(folder: Path) -> None:
    (folder / PEPPER).unlink()
    (folder / PEPPER).mkdir(mode=0o700)


def private_half(folder: Path) -> None:
    shutil.copy2(folder.parent / "staff" / f"centre-{ID}.private", folder)


def public_half_of_another(folder: Path) -> None:
    other = create_keys(folder.parent.parent / "other", date(2026, 11, 24))["web"]
    shutil.copy2(other / f"centre-{ID}.public", folder.parent / "staff")
    shutil.rmtree(folder)
    (folder.parent / "staff").rename(folder)


AT_START: dict[str, tuple[Spoil, type[VaultError], str]] = {
    "no folder": (shutil.rmtree, KeyMissing, "isange keys new"),
    "missing file": (lambda folder: (folder / PEPPER).unlink(), KeyMissing, "copy it from"),
    "empty file": (rewrite(b""), KeyMalformed, "copy it again"),
    "cut off": (rewrite(b"AAECAwQFBgc="), KeyMalformed, "copy it again"),
    "not base64": (rewrite(b"?" * 44), KeyMalformed, "copy it again"),
    "binary": (rewrite(bytes(range(32))), KeyMalformed, "copy it again"),
    "endless": (rewrite(b"A" * 10_000_000), KeyMalformed, "copy it again"),
    "link": (link, KeyMalformed, "put a copy of the key in its place"),
    "dangling link": (dangling, KeyMalformed, "put a copy of the key in its place"),
    "folder for a file": (
        folder_for_a_file,
        KeyMalformed,
        "move it out",
    ),
    "world-readable folder": (lambda folder: folder.chmod(0o755), KeyFolderExposed, "chmod 700"),
    "world-readable file": (
        lambda folder: (folder / PEPPER).chmod(0o644),
        KeyFolderExposed,
        "chmod 600",
    ),
    "key of another role": (private_half, KeyOfAnotherRole, "folder of a role that needs it"),
    "another installation": (public_half_of_another, VaultError, "not for the web role|one pair"),
    "forgotten copy": (
        lambda folder: shutil.copy2(folder / PEPPER, folder / f"{PEPPER}.bak"),
        KeyMalformed,
        "move it out",
    ),
    "waiting key of a kind that does not rotate": (
        lambda folder: (folder / f"lookup-{ID}.secret").rename(folder / f"lookup-{ID}.next"),
        KeyOfAnotherRole,
        "not for the web role",
    ),
    "only a waiting key": (
        lambda folder: (folder / PEPPER).rename(folder / f"pepper-{ID}.next"),
        KeyMissing,
        "no pepper key",
    ),
}


@pytest.mark.parametrize("case", AT_START)
def test_a_wrong_key_folder_stops_the_start_with_what_to_do(root: Path, case: str) -> None:
    spoil, kind, advice = AT_START[case]
    spoil(root / "web")
    with pytest.raises(kind, match=advice) as refusal:
        Vault.open(root / "web", "web")
    assert "\n" not in str(refusal.value)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so this is done as a user who may not."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_an_unreadable_key_stops_the_start_with_what_to_do(what: str) -> None:
    with tempfile.TemporaryDirectory(prefix="keys-") as home:
        Path(home).chmod(0o711)
        folder = create_keys(Path(home) / "keys")["web"]
        folder.parent.chmod(0o711)
        if os.geteuid() == 0 and what == "file":
            os.chown(folder, 65534, 65534)
        elif os.geteuid() != 0:
            (next(folder.iterdir()) if what == "file" else folder).chmod(0)
        with as_nobody(), pytest.raises(KeyMissing, match="the owner of the key folder"):
            Vault.open(folder, "web")


@pytest.mark.parametrize("command", ["web", "staff-web", "worker", "clock"])
def test_every_process_ends_at_its_start_with_one_line(root: Path, command: str) -> None:
    roles: dict[str, Role] = {"web": "web", "staff-web": "staff"}
    role = roles.get(command, "worker")
    (root / role).chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-m", "commands.cli", command],
        env={
            "DATABASE_URL": "sqlite://",
            "REDIS_URL": "unix:///nowhere",
            "ISANGE_KEYS": str(root / role),
            **SECRETS[role],
            "AT_USERNAME": "test",
            "AT_API_KEY": "test",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    lines = [line for line in ended.stderr.splitlines() if line]
    assert (ended.returncode, len(lines)) == (2, 1), ended.stderr
    assert f"chmod 700 {root / role}" in lines[0]


# One operation


def wrapped_key(root: Path) -> WrappedKey:
    key = Vault.open(root / "web", "web").new_key("R-41", "contact")
    return next(one for one in key.wrapped if one.recipient == "centre")


def truncated(root: Path) -> None:
    box = wrapped_key(root)
    cut = replace(box, sealed=box.sealed[:-1])
    Vault.open(root / "staff", "staff").unwrap("R-41", "contact", cut)


def unknown_id(root: Path) -> None:
    other = replace(wrapped_key(root), key_id="20991231z")
    Vault.open(root / "staff", "staff").unwrap("R-41", "contact", other)


def of_another_role(root: Path) -> None:
    Vault.open(root / "worker", "worker").unwrap("R-41", "contact", wrapped_key(root))


def truncated_value(root: Path) -> None:
    sealed = Vault.open(root / "web", "web").seal_for("sender", b"+250788000001", HERE)
    Vault.open(root / "worker", "worker").open_sealed("sender", sealed[:50], HERE)


def empty_value(root: Path) -> None:
    Vault.open(root / "worker", "worker").open_sealed("sender", b"", HERE)


def plain_value(root: Path) -> None:
    Vault.open(root / "worker", "worker").open_sealed("sender", b"+250788000001", HERE)


def session_of_another(root: Path) -> None:
    other = create_keys(root.parent / "other", date(2026, 11, 25))["web"]
    sealed = Vault.open(other, "web").seal_session(b"name", b"state")
    Vault.open(root / "web", "web").open_session(b"name", sealed)


def hash_of_another(root: Path) -> None:
    other = create_keys(root.parent / "other", date(2026, 11, 25))["web"]
    stored = Vault.open(other, "web").hash_secret("4821", HERE)
    Vault.open(root / "web", "web").check_secret(stored, "4821", HERE)


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        (truncated, "was altered"),
        (unknown_id, r"centre-20991231z\.private' is not in the key folder of the staff role"),
        (of_another_role, r"\.private' is not in the key folder of the worker role"),
        (truncated_value, "was altered"),
        (empty_value, "in no format"),
        (plain_value, "in no format"),
        (session_of_another, "session key that is not held here"),
        (hash_of_another, "pepper key that is not held here"),
    ],
)
def test_what_does_not_open_fails_in_that_one_operation(
    root: Path, operation: Callable[[Path], None], says: str
) -> None:
    with pytest.raises(CannotOpen, match=says) as refusal:
        operation(root)
    assert not re.search(r"\+250|4821|state", str(refusal.value))
    vault = Vault.open(root / "staff", "staff")
    vault.unwrap("R-41", "contact", wrapped_key(root))


# While the process runs


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


WHILE_RUNNING = sorted(AT_START.keys() - {"another installation"})


@pytest.mark.parametrize("case", WHILE_RUNNING)
def test_a_folder_that_breaks_leaves_the_old_keys_in_use_and_is_told(root: Path, case: str) -> None:
    """Given a running process, when its folder breaks, it works on, and says so once."""
    clock, told = Clock(), list[VaultError]()
    vault = Vault.open(root / "web", "web", told.append, clock=clock)
    stored = vault.hash_secret("4821", HERE)
    good = root.parent / "good"
    shutil.copytree(root / "web", good)
    spoil, kind, _ = AT_START[case]
    spoil(root / "web")
    for _ in range(4):
        clock.now += LOOK_EVERY
        assert vault.check_secret(stored, "4821", HERE)
        sealed = vault.seal_for("sender", b"+250788000001", HERE)
        assert b"+250788000001" not in sealed
    assert [type(fault) for fault in told] == [kind]

    shutil.rmtree(root / "web", ignore_errors=True)
    shutil.copytree(good, root / "web")
    newer = create_keys(root.parent / "newer", date(2027, 1, 1))["web"]
    shutil.copy2(newer / "sender-20270101a.public", root / "web")
    clock.now += LOOK_EVERY
    assert b"20270101a" in vault.seal_for("sender", b"", HERE), "a mended folder is read again"
    assert len(told) == 1


def test_files_that_are_copied_one_by_one_are_no_alarm(root: Path) -> None:
    """Given a public half that arrives a moment before its private half, nobody is woken."""
    clock, told = Clock(), list[VaultError]()
    staff = Vault.open(root / "staff", "staff", told.append, clock=clock)
    newer = create_keys(root.parent / "newer", date(2027, 1, 1))["staff"]
    for half in ("public", "private"):
        shutil.copy2(newer / f"centre-20270101a.{half}", root / "staff")
        clock.now += LOOK_EVERY
        staff.seal_for("centre", b"x", HERE)
    assert told == []
    assert staff.newest("centre") == "20270101a"


def test_an_unknown_key_id_has_the_folder_looked_at_at_once(root: Path) -> None:
    clock = Clock()
    staff = Vault.open(root / "staff", "staff", clock=clock)
    newer = create_keys(root.parent / "newer", date(2027, 1, 1))
    key = Vault.open(newer["web"], "web").new_key("R-41", "contact")
    box = next(one for one in key.wrapped if one.recipient == "centre")
    with pytest.raises(CannotOpen):
        staff.unwrap("R-41", "contact", box)
    shutil.copy2(newer["staff"] / "centre-20270101a.private", root / "staff")
    staff.unwrap("R-41", "contact", box)


def test_a_look_that_finds_nothing_newer_says_so(root: Path) -> None:
    """Whoever could not open a value opens it again only with keys that he had not."""
    watched = Watched(root / "web", "web", lambda keyring: object())
    before = watched.parts()
    assert watched.newer_than(before) is None
    newer = create_keys(root.parent / "newer", date(2027, 1, 1))["web"]
    shutil.copy2(newer / "sender-20270101a.public", root / "web")
    assert watched.newer_than(before) is watched.parts() is not before


def test_between_two_looks_a_folder_costs_nothing(root: Path) -> None:
    clock, told = Clock(), list[VaultError]()
    web = Vault.open(root / "web", "web", told.append, clock=clock)
    shutil.rmtree(root / "web")
    clock.now += LOOK_EVERY - 0.1
    assert web.newest("sender") == ID
    assert told == []


def test_the_operator_is_told_of_unreadable_keys(
    settings: Callable[..., Settings], root: Path
) -> None:
    """Given a worker whose folder breaks, then an alarm counts up, and it works on."""
    parts = Parts(settings("worker", ISANGE_KEYS=str(root / "worker")), "worker")
    before, digits = alarms("keys_unreadable"), parts.vault.alert_digits("41")
    (root / "worker").chmod(0o755)
    wait_until(
        lambda: parts.vault.alert_digits("41") and alarms("keys_unreadable") > before,
        "the alarm counts",
    )
    assert parts.vault.alert_digits("41") == digits
    assert "keys_unreadable" in WAKES_OPERATOR
    parts.database.dispose()
