"""A key folder that is looked at again while the process runs, so that keys rotate under it.

A look costs some 40 microseconds: names, sizes and times of some ten files. Keys are read again
when that changed, and take the place of the old ones all at once. A folder that has become unusable
changes nothing: the process goes on with the keys it has, and says that somebody must look.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from gateway.vault.errors import VaultError
from gateway.vault.hidden import Hidden
from gateway.vault.keyring import Keyring, load_keyring
from gateway.vault.roles import Role

LOOK_EVERY: Final = 2.0
"""Seconds between two looks, unless something was sealed under a key that nobody here holds."""

TRIES: Final = 5
"""How often a folder that changes while it is read is read again."""

Stamp = tuple[object, ...]
Complain = Callable[[VaultError], None]
"""Told what is wrong with a folder that was good before; must not raise."""

Parts = TypeVar("Parts")
Parts_co = TypeVar("Parts_co", covariant=True)


class Source(Protocol[Parts_co]):
    """Where a vault has its keys from."""

    def parts(self) -> Parts_co:
        """The newest there are."""
        ...

    def newer_than(self, parts: object) -> Parts_co | None:
        """What has come since `parts` were given out; None when nothing has."""
        ...


class Watched(Hidden, Generic[Parts]):
    """What is made from the keys of a folder, and made again when they change. For many threads."""

    __slots__ = (
        "_broken_since",
        "_clock",
        "_complain",
        "_fault",
        "_folder",
        "_lock",
        "_looked",
        "_make",
        "_parts",
        "_role",
        "_stamp",
    )

    def __init__(
        self,
        folder: Path,
        role: Role,
        make: Callable[[Keyring], Parts],
        complain: Complain = lambda fault: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the folder for the first time. Raises what `load_keyring` raises."""
        self._folder, self._role, self._make = folder, role, make
        self._complain, self._clock = complain, clock
        self._lock = threading.Lock()
        self._fault: VaultError | None = None
        self._looked = self._broken_since = clock()
        self._stamp, keyring = _read_steadily(folder, role)
        self._parts = make(keyring)

    def parts(self) -> Parts:
        """The newest there are. Looks at the folder, if the last look is long enough ago."""
        if self._clock() - self._looked >= LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._parts

    def newer_than(self, parts: object) -> Parts | None:
        """Look now, whenever the last look was; None when there is nothing newer."""
        with self._lock:
            self._look()
        return None if self._parts is parts else self._parts

    def _look(self) -> None:
        self._looked = self._clock()
        if _stamp(self._folder) != self._stamp:
            self._read()
        # Files that are copied come one by one: a folder is broken when it stays so for a look.
        if self._fault is not None and self._looked - self._broken_since >= LOOK_EVERY:
            fault, self._fault = self._fault, None
            self._broken_since = float("inf")
            self._complain(fault)

    def _read(self) -> None:
        try:
            self._stamp, keyring = _read_steadily(self._folder, self._role)
        except VaultError as error:
            if self._stamp:
                self._stamp = ()  # So that the next look reads again, whatever it sees.
                self._fault, self._broken_since = error, self._looked
            return
        self._parts, self._fault = self._make(keyring), None


def _read_steadily(folder: Path, role: Role) -> tuple[Stamp, Keyring]:
    """The keys, and the stamp that they belong to: a folder may change while it is read."""
    for last in (*(False,) * (TRIES - 1), True):
        before = _stamp(folder)
        try:
            keyring = load_keyring(folder, role)
        except VaultError:
            if last or _stamp(folder) == before:
                raise
            continue
        if last or _stamp(folder) == before:
            return before, keyring
    raise AssertionError


def _stamp(folder: Path) -> Stamp:
    """Changes whenever a file of the folder, or who may read it, does."""
    try:
        with os.scandir(folder) as entries:
            files = sorted((one.name, *_times(one.stat(follow_symlinks=False))) for one in entries)
        return (*_times(folder.stat()), *files)
    except OSError as error:
        return ("cannot be read", error.errno)


def _times(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns
