"""No key leaves the process by accident: not by print, pickle or copy, nor by a traceback."""

from __future__ import annotations

import base64
import copy
import importlib
import inspect
import pickle
import pkgutil
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

import gateway.vault
from gateway.vault.boxes import Boxes
from gateway.vault.create import create_keys
from gateway.vault.errors import VaultError
from gateway.vault.fields import DataKey, Where, WrappedKey
from gateway.vault.hidden import Hidden, KeyBytes
from gateway.vault.keyring import Keyring, load_keyring
from gateway.vault.roles import KeyName, Role
from gateway.vault.rotating import Folders
from gateway.vault.vault import Vault
from gateway.vault.watching import Source

ID = "20261124a"
HERE = Where("contacts", "number", "R-41")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "keys"
    create_keys(root, date(2026, 11, 24))
    return root


def forms(raw: bytes) -> Iterator[str]:
    """How a key looks when something prints it, whole or its first half."""
    for part in (raw, raw[:16]):
        yield repr(part)[2:-1]
        yield part.hex()
        yield base64.b64encode(part).decode().rstrip("=")[:-1]
        yield str(list(part))[1:-1]


def keys_in(root: Path) -> list[bytes]:
    return [base64.b64decode(file.read_bytes()) for file in sorted(root.glob("*/*"))]


def assert_shows_no_key(text: str, keys: list[bytes]) -> None:
    for raw in keys:
        assert not any(form in text for form in forms(raw))


def shown(error: BaseException) -> str:
    """The traceback with the locals of every frame but those of this file."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    assert frames is not None, "the failure came from the test itself"
    detail = traceback.TracebackException(type(error), error, frames, capture_locals=True)
    return "".join(detail.format())


def holders(root: Path) -> list[Hidden]:
    vault = Vault.open(root / "staff", "staff")
    keyring = load_keyring(root / "staff", "staff")
    parts = [getattr(vault, slot) for slot in Vault.__slots__]
    return [
        vault,
        keyring,
        Boxes(keyring),
        KeyBytes.random(),
        vault.new_key("R-41", "contact"),
        *(part for part in parts if isinstance(part, Hidden)),
    ]


def test_whatever_holds_a_key_prints_its_name_alone(root: Path) -> None:
    for holder in holders(root):
        name = f"<{type(holder).__name__}>"
        assert {repr(holder), str(holder), f"{holder}", f"{[holder]}"[1:-1]} == {name}
        assert not hasattr(holder, "__dict__"), "vars() and debuggers would show it"


@pytest.mark.parametrize("copy_of", [pickle.dumps, copy.copy, copy.deepcopy])
def test_whatever_holds_a_key_is_never_pickled_or_copied(
    root: Path, copy_of: Callable[[object], object]
) -> None:
    for holder in holders(root):
        with pytest.raises(TypeError, match="never pickled or copied"):
            copy_of(holder)


def test_every_class_of_the_vault_is_hidden_unless_it_holds_no_key() -> None:
    found = {
        member
        for module in pkgutil.iter_modules(gateway.vault.__path__, "gateway.vault.")
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if member.__module__.startswith("gateway.vault.")
    }
    open_ones = {c for c in found if not issubclass(c, Hidden | VaultError)}
    assert open_ones == {Where, WrappedKey, KeyName, Source, Folders}
    assert {Vault, DataKey, KeyBytes, Keyring} < found


def test_a_wrapped_key_prints_no_bytes(root: Path) -> None:
    wrapped = Vault.open(root / "web", "web").new_key("R-41", "contact").wrapped[0]
    assert repr(wrapped) == f"WrappedKey(recipient='sender', key_id='{ID}')"


def truncated_line(root: Path) -> None:
    file = root / "staff" / f"centre-{ID}.private"
    file.write_bytes(file.read_bytes()[:40])
    Vault.open(root / "staff", "staff")


def other_half(root: Path) -> None:
    file = root / "staff" / f"centre-{ID}.public"
    file.write_bytes((root / "web" / f"sender-{ID}.public").read_bytes())
    Vault.open(root / "staff", "staff")


def key_of_another_role(root: Path) -> None:
    (root / "escrow" / f"escrow-{ID}.private").rename(root / "web" / f"escrow-{ID}.private")
    Vault.open(root / "web", "web")


def second_lookup(root: Path) -> None:
    file = root / "web" / "lookup-20270101a.secret"
    file.write_bytes((root / "web" / f"lookup-{ID}.secret").read_bytes())
    file.chmod(0o600)
    Vault.open(root / "web", "web")


def exposed_file(root: Path) -> None:
    (root / "web" / f"pepper-{ID}.secret").chmod(0o644)
    Vault.open(root / "web", "web")


def centre_key(root: Path) -> WrappedKey:
    return Vault.open(root / "web", "web").new_key("R-41", "contact").wrapped[1]


def moved_wrapped_key(root: Path) -> None:
    Vault.open(root / "staff", "staff").unwrap("R-42", "contact", centre_key(root))


def altered_wrapped_key(root: Path) -> None:
    altered = replace(centre_key(root), sealed=bytes(112))
    Vault.open(root / "staff", "staff").unwrap("R-41", "contact", altered)


def wrapped_for_others(root: Path) -> None:
    Vault.open(root / "worker", "worker").unwrap("R-41", "contact", centre_key(root))


def altered_session(root: Path) -> None:
    vault = Vault.open(root / "web", "web")
    vault.open_session(b"other", vault.seal_session(b"name", b"state"))


def damaged_hash(root: Path) -> None:
    Vault.open(root / "web", "web").check_secret(f"{ID}$argon2id$v=19$", "4821", HERE)


def no_pepper_here(root: Path) -> None:
    Vault.open(root / "worker", "worker").hash_secret("4821", HERE)


def keys_exist(root: Path) -> None:
    create_keys(root)


@pytest.mark.parametrize(
    "fail",
    [
        truncated_line,
        other_half,
        key_of_another_role,
        second_lookup,
        exposed_file,
        moved_wrapped_key,
        altered_wrapped_key,
        wrapped_for_others,
        altered_session,
        damaged_hash,
        no_pepper_here,
        keys_exist,
    ],
)
def test_no_failure_shows_a_key_even_with_the_locals_of_every_frame(
    root: Path, fail: Callable[[Path], None]
) -> None:
    keys = keys_in(root)
    with pytest.raises(VaultError) as failure:
        fail(root)
    assert_shows_no_key(shown(failure.value), keys)
    assert failure.value.__suppress_context__ or failure.value.__context__ is None


def test_the_data_key_inside_a_moved_box_is_not_shown_either(root: Path) -> None:
    """Given a box with a known key, when it is opened for another report, then none of it shows."""
    vault = Vault.open(root / "staff", "staff")
    known = bytes(range(60, 92))
    box = vault.seal_for("centre", known, HERE)
    with pytest.raises(VaultError) as failure:
        vault.open_sealed("centre", box, Where("contacts", "number", "R-42"))
    with pytest.raises(VaultError) as another:
        DataKey(KeyBytes(known), ()).decrypt(bytes(300), HERE)
    for error in (failure.value, another.value):
        assert_shows_no_key(shown(error), [known])


def test_the_search_above_would_find_a_key(root: Path) -> None:
    keys = keys_in(root)
    printed = [repr(keys[0]), keys[1].hex(), base64.b64encode(keys[2]).decode(), str([*keys[3]])]
    for text in printed:
        with pytest.raises(AssertionError):
            assert_shows_no_key(f"x = {text}", keys)


def test_a_key_of_the_wrong_length_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValueError, match=r"^a key has 32 bytes$"):
        KeyBytes(b"s" * 31)


def test_roles_are_the_four_folders(root: Path) -> None:
    assert {path.name for path in root.iterdir()} == set(get_args(Role))
