"""The machine of the tests: where their files lie, and which of its settings are ignored."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

MEMORY: Final = Path("/dev/shm")
"""A folder in memory, where a machine has one: a thousand small databases need no disk."""

NEEDED: Final = 1_000_000_000
"""Bytes that a run of all tests may have on disk at a time; most need half of it."""

PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
"""No test speaks with another machine, and no proxy knows the servers on this one."""


class NoRoom(Exception):
    """No folder can hold the tests' files; `str()` is one line that says what to do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The tests need {NEEDED / 1e9:g} GB in {folder}: make room there, or set TMPDIR to a "
            "folder that has it"
        )


def prepare(environment: MutableMapping[str, str]) -> None:
    """Choose where temporary files go, for this process and all that it starts. Raises NoRoom."""
    for name in PROXIES:
        environment.pop(name, None)
        environment.pop(name.upper(), None)
    if "TMPDIR" not in environment and _has_room(MEMORY):
        environment["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # It is looked up anew.
    chosen = Path(environment.get("TMPDIR") or tempfile.gettempdir())
    if not _has_room(chosen):
        raise NoRoom(chosen)


def _open_to_all() -> Path:
    """Where temporary files go that other users have to reach."""
    usual = [Path(tempfile.gettempdir()), MEMORY, Path("/tmp"), Path("/var/tmp")]
    return next((one for one in usual if is_reachable_by_all(one) and _has_room(one)), usual[0])


@contextmanager
def home_for_postgres() -> Iterator[Path]:
    """A folder that is gone afterwards, for a server that refuses to run as root.

    Not in pytest's own folder: every pytest that starts closes that to other users than ours.
    """
    with TemporaryDirectory(prefix="postgres-", dir=_open_to_all()) as home:
        Path(home).chmod(0o711)
        yield Path(home)


def is_reachable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def _has_room(folder: Path) -> bool:
    try:
        return os.access(folder, os.W_OK | os.X_OK) and shutil.disk_usage(folder).free > NEEDED
    except OSError:
        return False
