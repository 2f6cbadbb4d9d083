"""New keys in the folders of all roles, in steps between which every process works.

    prepare   new private halves where they are read with, new secrets as `.next`: they open and
              check, but nothing is made with them yet
    switch    the public halves to all, the secrets in use: from now on new rows are for new keys
    finish    what nothing needs any more goes

Between two steps every process must have looked at its folder. Each step sees from the files what
is still to be done, so after a kill it is simply called again. The root may lack folders of roles
that run on other machines; `prepare`, `switch` and `finish` want all three.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.vault.create import new_private, public_half
from gateway.vault.errors import CannotRotate
from gateway.vault.files import flush_folder, put_key
from gateway.vault.hidden import KeyBytes
from gateway.vault.keyring import load_keyring, read_key
from gateway.vault.roles import (
    PAIRS,
    PEPPERS,
    SECRETS,
    SESSIONS,
    Half,
    KeyName,
    Kind,
    Role,
    may_hold,
    parse_filename,
)

ONLINE: Final[tuple[Role, ...]] = ("web", "staff", "worker")
OPENS: Final[dict[Kind, Role]] = {"sender": "worker", "centre": "staff"}
"""Who holds the private half."""

SESSIONS_LIVE: Final = 3600.0
"""Seconds after which nothing in Redis is sealed under a key that was replaced."""

_MAKING: Final = ".rotating"


@dataclass(frozen=True, slots=True)
class Folders:
    """The key folders under one root. Ask `locked` for them."""

    root: Path

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles whose folders are here."""
        return tuple(role for role in ONLINE if (self.root / role).is_dir())

    def names(self, role: Role) -> list[KeyName]:
        """The keys of one role, oldest first."""
        found = (parse_filename(path.name) for path in (self.root / role).iterdir())
        return sorted(name for name in found if name is not None)

    def ids(self, kind: Kind, *halves: Half, role: Role | None = None) -> set[str]:
        """The ids of which there is such a key in one folder, or in any."""
        folders = self.roles if role is None else (role,)
        names = (name for one in folders for name in self.names(one))
        return {name.key_id for name in names if name.kind == kind and name.half in halves}

    def current(self) -> str:
        """The id of the latest rotation, or of one under way, which began with a private half."""
        self._need_all()
        return max(set().union(*(self.ids(kind, "private") for kind in PAIRS)))

    def is_under_way(self) -> bool:
        """Whether a rotation was begun and is not at its end. Wants the folders of all roles."""
        return not self._is_switched(self.current()) or any(
            len(self.ids(kind, "private")) > 1 for kind in PAIRS
        )

    def prepare(self, today: date | None = None) -> str:
        """The id of the new keys, once their secret parts lie where they are needed."""
        key_id = self.current()
        if not self.is_under_way():
            key_id = _id_after(key_id, today or datetime.now(UTC).date())
        for kind in sorted(PAIRS):
            name = KeyName(kind, key_id, "private")
            if name not in self.names(OPENS[kind]):
                self._put(OPENS[kind], name, new_private())
        for kind in sorted(SECRETS):
            self._share(kind, key_id)
        return key_id

    def switch(self, key_id: str) -> None:
        """Let everything new be made with the new keys."""
        self._need_all()
        for kind in sorted(PAIRS):
            private = self._key(OPENS[kind], KeyName(kind, key_id, "private"))
            public = KeyName(kind, key_id, "public")
            for role in ONLINE:
                if public not in self.names(role):
                    self._put(role, public, public_half(private))
        for role, kind in _sharing():
            waiting = KeyName(kind, key_id, "next")
            if waiting in self.names(role):
                self._rename(role, waiting, KeyName(kind, key_id, "secret"))
        for kind in sorted(PAIRS):
            self._drop_older(kind, "public", key_id)

    def install_escrow(self, file: Path) -> str:
        """Give every role the public half of a new escrow pair; its id."""
        name = parse_filename(file.name)
        if name is None or (name.kind, name.half) != ("escrow", "public"):
            raise CannotRotate(f"{file} is not named as a public key of the escrow: give that one")
        if name.key_id < max(self.ids("escrow", "public")):
            raise CannotRotate(f"{file} is older than the key in use: make a new pair")
        key = read_key(file, "public")
        for role in self.roles:
            if name not in self.names(role):
                self._put(role, name, key)
            elif self._key(role, name).reveal() != key.reveal():
                raise CannotRotate(f"another key is called {file.name} already: make it tomorrow")
        self._drop_older("escrow", "public", name.key_id)
        return name.key_id

    def finish(self, key_id: str, peppers: Mapping[Kind, Collection[str]]) -> list[str]:
        """Remove what nothing needs: the names of what is left of older secrets, and stays.

        To be called when no row is sealed to older keys. `peppers` are those that hashes were
        made under. A session key stays for an hour after it was replaced.
        """
        self._need_all()
        for kind in sorted(PAIRS):
            self._drop_older(kind, "private", key_id)
        for kind in sorted(PEPPERS):
            self._drop_older(kind, "secret", key_id, peppers.get(kind, ()))
        for kind in sorted(SESSIONS):
            settled = [one for one in self.ids(kind, "secret") if self._is_settled(kind, one)]
            self._drop_older(kind, "secret", max(settled, default=""))
        older = {name for role, kind in _sharing() for name in self._older(role, kind, key_id)}
        return sorted(name.filename for name in older)

    def seconds_since(self, change: str, key_id: str) -> float:
        """How long ago the last file of "prepare" or "switch" came."""
        half: Half = "private" if change == "prepare" else "public"
        ages = [self._age(kind, key_id, half) for kind in PAIRS]
        ages += [self._age(kind, key_id) for kind in SECRETS]
        return min(ages)

    def check(self) -> None:
        """Raises what is wrong with a folder before anything is built on it."""
        if not self.roles:
            raise CannotRotate(
                f"{self.root} holds no key folders: give the folder above web, staff and worker"
            )
        for role in self.roles:
            load_keyring(self.root / role, role)

    def _is_switched(self, key_id: str) -> bool:
        return all(
            self.ids(kind, "public", role=role) == {key_id} for kind in PAIRS for role in self.roles
        ) and all(
            key_id in self.ids(kind, "secret", role=role)
            for role, kind in _sharing()
            if role in self.roles
        )

    def _share(self, kind: Kind, key_id: str) -> None:
        """Let every role that needs a secret have the same new one."""
        roles = [role for role, shared in _sharing() if shared == kind]
        have = {role: self._held(role, kind, key_id) for role in roles}
        made = next((self._key(role, name) for role, name in have.items() if name), None)
        for role in roles:
            if have[role] is None:
                made = made or KeyBytes.random()
                self._put(role, KeyName(kind, key_id, "next"), made)

    def _is_settled(self, kind: Kind, key_id: str) -> bool:
        """Whether every session that is alive was sealed since this key came into use."""
        return self._age(kind, key_id) > SESSIONS_LIVE

    def _held(self, role: Role, kind: Kind, key_id: str) -> KeyName | None:
        halves: tuple[Half, ...] = ("next", "secret")
        names = (KeyName(kind, key_id, half) for half in halves)
        return next((name for name in names if name in self.names(role)), None)

    def _older(self, role: Role, kind: Kind, key_id: str) -> list[KeyName]:
        return [name for name in self.names(role) if name.kind == kind and name.key_id < key_id]

    def _drop_older(self, kind: Kind, half: Half, key_id: str, but: Collection[str] = ()) -> None:
        for role in self.roles:
            for name in self._older(role, kind, key_id):
                if name.half == half and name.key_id not in but:
                    self._remove(role, name)

    def _age(self, kind: Kind, key_id: str, half: Half = "secret") -> float:
        files = (
            self.root / role / KeyName(kind, key_id, one).filename
            for role in self.roles
            for one in ((half, "next") if half == "secret" else (half,))
        )
        changed = [path.stat().st_ctime for path in files if path.exists()]
        return time.time() - max(changed, default=0.0)

    def _key(self, role: Role, name: KeyName) -> KeyBytes:
        return read_key(self.root / role / name.filename, name.half)

    def _put(self, role: Role, name: KeyName, key: KeyBytes) -> None:
        put_key(self.root / _MAKING, self.root / role / name.filename, key)

    def _rename(self, role: Role, old: KeyName, new: KeyName) -> None:
        folder = self.root / role
        (folder / old.filename).rename(folder / new.filename)
        flush_folder(folder)

    def _remove(self, role: Role, name: KeyName) -> None:
        (self.root / role / name.filename).unlink()
        flush_folder(self.root / role)

    def _need_all(self) -> None:
        missing = [role for role in ONLINE if role not in self.roles]
        if missing:
            raise CannotRotate(
                f"{self.root} lacks {', '.join(missing)}: this step wants the folders of all "
                "roles, see docs/keys.md for several machines"
            )


@contextmanager
def locked(root: Path) -> Iterator[Folders]:
    """The key folders under `root`, for one rotation at a time. Raises VaultError."""
    with _telling(root):
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folders = Folders(root)
            folders.check()
            shutil.rmtree(root / _MAKING, ignore_errors=True)
            (root / _MAKING).mkdir(mode=0o700)
            yield folders
            (root / _MAKING).rmdir()
        finally:
            os.close(descriptor)


@contextmanager
def _telling(root: Path) -> Iterator[None]:
    try:
        yield
    except BlockingIOError:
        raise CannotRotate(f"another rotation works in {root}: let it come to its end") from None
    except OSError as error:
        raise CannotRotate(
            f"the key folders under {root} cannot be changed ({error.strerror}): run this as the "
            "user that owns them, all on one disk"
        ) from None


def _sharing() -> list[tuple[Role, Kind]]:
    """Which roles hold which of the secrets that rotate."""
    return [
        (role, kind)
        for role in ONLINE
        for kind in sorted(SECRETS)
        if may_hold(role, KeyName(kind, "", "secret"))
    ]


def _id_after(newest: str, today: date) -> str:
    """An id greater than all before it, also on a machine whose clock is behind."""
    fresh = f"{today:%Y%m%d}a"
    if fresh > newest:
        return fresh
    if newest[8] < "z":
        return newest[:8] + chr(ord(newest[8]) + 1)
    day = datetime.strptime(newest[:8], "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
    return f"{day:%Y%m%d}a"
