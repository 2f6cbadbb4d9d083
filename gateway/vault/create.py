"""Makes the key files of a new installation: one folder per role, all at once or not at all."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from nacl.public import PrivateKey

from gateway.vault.errors import KeysExist
from gateway.vault.files import flush_folder, write_key
from gateway.vault.hidden import KeyBytes
from gateway.vault.roles import HOLDINGS, Half, KeyName, Kind, Recipient, Role


def create_keys(root: Path, today: date | None = None) -> Mapping[Role, Path]:
    """Write root/web, root/staff, root/worker and root/escrow; return the folder of each role.

    Folders get mode 0700 and files 0600. Everything is written and flushed beside `root` and then
    moved into place in one step, so a crash leaves no half-made set, and KeysExist is raised if
    `root` holds anything. `today` (UTC if None) goes into the key ids. The escrow folder is to be
    taken off the machine.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        keys = dict(_new_keys(f"{today or datetime.now(UTC).date():%Y%m%d}a"))
        for role, holding in HOLDINGS.items():
            mine = {name: key for name, key in keys.items() if (name.kind, name.half) in holding}
            _write_folder(making / role, mine)
        _move_into_place(making, root)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return {role: root / role for role in HOLDINGS}


def create_escrow(folder: Path, today: date | None = None) -> tuple[Path, Path]:
    """Make a new pair for the escrow in a new folder; where its private and public halves are.

    To be run where the private half is to stay: it never needs to be on a machine of the service.
    """
    key_id = f"{today or datetime.now(UTC).date():%Y%m%d}a"
    private = new_private()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = []
    halves: tuple[tuple[Half, KeyBytes], ...] = (
        ("private", private),
        ("public", public_half(private)),
    )
    for half, key in halves:
        paths.append(folder / KeyName("escrow", key_id, half).filename)
        try:
            write_key(paths[-1], key)
        except FileExistsError:
            raise KeysExist(f"{paths[-1]} is there already: choose another folder") from None
    flush_folder(folder)
    return paths[0], paths[1]


def new_private() -> KeyBytes:
    """A fresh private half (X25519)."""
    return KeyBytes(bytes(PrivateKey.generate()))


def public_half(private: KeyBytes) -> KeyBytes:
    """The public half that belongs to a private one."""
    return KeyBytes(bytes(PrivateKey(private.reveal()).public_key))


def _new_keys(key_id: str) -> Iterator[tuple[KeyName, KeyBytes]]:
    for kind in get_args(Kind):
        for half, key in _halves(kind).items():
            yield KeyName(kind, key_id, half), key


def _halves(kind: Kind) -> Mapping[Half, KeyBytes]:
    if kind not in get_args(Recipient):
        return {"secret": KeyBytes.random()}
    private = new_private()
    return {"private": private, "public": public_half(private)}


def _write_folder(folder: Path, keys: Mapping[KeyName, KeyBytes]) -> None:
    folder.mkdir(mode=0o700)
    for name, key in keys.items():
        write_key(folder / name.filename, key)
    flush_folder(folder)


def _move_into_place(made: Path, root: Path) -> None:
    """Rename over a root that is absent or empty; the kernel itself refuses any other."""
    flush_folder(made)
    try:
        made.rename(root)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise KeysExist(
                f"{root} already holds something: choose another folder, or move that away first"
            ) from None
        raise
    flush_folder(root.parent)
