"""Key files on disk: written whole or not at all, and there after a power cut."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from gateway.vault.hidden import KeyBytes


def write_key(path: Path, key: KeyBytes) -> None:
    """Write a new file, mode 0600; FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key.reveal()) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def put_key(making: Path, path: Path, key: KeyBytes) -> None:
    """Put a key into a folder that is in use: no reader ever sees half a file there.

    It is written in `making`, on the same disk, and belongs to the owner of the folder.
    """
    draft = making / path.name
    draft.unlink(missing_ok=True)
    write_key(draft, key)
    owner = path.parent.stat()
    if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.rename(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, as fsync does for contents."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
