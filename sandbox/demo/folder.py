"""The folder of a demo: made private, used by one demo at a time, and never more than ours deleted.

The lock is a `flock` on an open file that every process of the demo inherits. The kernel lets it go
when the last of them is dead, so after `kill -9` the next start waits for that moment: never are
two Valkeys on one append-only file, and never is the port still held.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.runtime.errors import OperatorError
from sandbox.demo.reaper import is_living

LOCK = ".lock"
"""Holds the process id of the demo that locked it, for people and for `_lock_within`."""

MARKER = ".isange-demo"
"""The names of what the demo made in this folder, one a line: `forget` deletes nothing else."""

PATIENCE = 6.0
"""Seconds a start waits for the processes of a killed demo to end (the reaper needs up to 3)."""

JUST_KILLED = 0.3
"""Seconds a start doubts that a demo is alive: `kill -9` returns before the process is dead."""

PORTS = range(20_000, 32_000)
"""Where a free port is looked for: below those that a system gives to outgoing connections (32,768
and more on Linux). One of them could stand in the way when a killed process listens again."""

_CHANCE = secrets.SystemRandom()

_PLAIN_NAME = re.compile(r"\w[\w.-]*")


class CannotStart(OperatorError):
    """The demo cannot run here. `str()` is one line for the operator that says what to do."""


class FolderNotWritable(CannotStart):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"Cannot write to {path} ({reason}): choose another folder with --data.")


class FolderInUse(CannotStart):
    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is in use by {holder}: stop that one, or choose another folder with --data."
        )


class FolderNotOurs(CannotStart):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was not made by the demo and stays as it is: "
            "move it away, or choose another folder with --data."
        )


class PortInUse(CannotStart):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} of {host} is in use by another program: stop that one, "
            "or choose another port with --port."
        )


class PortNotAllowed(CannotStart):
    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"Cannot listen on port {port} of {host} ({reason}): choose another port with --port."
        )


class DataFolder:
    """A locked folder. Ask `open` for one; it is ours until `close` or death.

    `lock` is the descriptor to hand down to every process that works in the folder.
    """

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self.lock = lock

    @classmethod
    def open(cls, path: Path, patience: float = PATIENCE) -> Self:
        """Make the folder (0700) if need be and lock it.

        Raises FolderNotWritable; FolderInUse when the demo that holds it is alive, and, after
        `patience` seconds, when that demo is dead but some process of it still is not.
        """
        path = path.expanduser().absolute()
        with _writing_to(path), contextlib.ExitStack() as on_failure:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = path.resolve()
            with tempfile.TemporaryFile(dir=path) as probe:
                probe.write(b"a full disk says so here")
            lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            on_failure.callback(os.close, lock)
            _lock_within(patience, lock, path)
            os.ftruncate(lock, 0)
            os.pwrite(lock, b"%d" % os.getpid(), 0)
            on_failure.pop_all()
        return cls(path, lock)

    def claim(self, name: str) -> Path:
        """The path of a file or folder that the demo is about to make; `forget` will delete it.

        Raises FolderNotOurs when something of that name is there that the demo did not make.
        """
        if not _PLAIN_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a plain name")
        path = self.path / name
        if name not in self._claimed():
            if os.path.lexists(path):
                raise FolderNotOurs(path)
            # The name is written down before the thing is made: a crash leaves nothing unclaimed.
            with _writing_to(self.path), (self.path / MARKER).open("a") as marker:
                marker.write(name + "\n")
        return path

    def subfolder(self, name: str) -> Path:
        """A private folder (0700) of the demo's own, made if need be."""
        path = self.claim(name)
        with _writing_to(path):
            path.mkdir(mode=0o700, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> Path:
        """Put `text` into a private file (0600); a reader sees the old text or the new, whole."""
        path, draft = self.claim(name), self.claim(name + ".new")
        with _writing_to(path):
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            draft.replace(path)
        return path

    def forget(self) -> None:
        """Delete what the demo made here, and only that.

        Raises FolderNotOurs when the folder holds things but no sign that a demo was ever here.
        """
        marker = self.path / MARKER
        if not marker.exists():
            if any(entry.name != LOCK for entry in self.path.iterdir()):
                raise FolderNotOurs(self.path)
            return
        with _writing_to(self.path):
            for name in self._claimed():
                _delete(self.path / name)
            marker.unlink()

    def close(self) -> None:
        os.close(self.lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _claimed(self) -> list[str]:
        try:
            names = (self.path / MARKER).read_text().splitlines()
        except FileNotFoundError:
            return []
        # A marker that somebody edited must not lead us out of the folder.
        return [name for name in names if _PLAIN_NAME.fullmatch(name)]


def check_port_free(host: str, port: int) -> None:
    """Raise PortInUse or PortNotAllowed if nobody could listen there now.

    Needed before our servers start: they share ports by SO_REUSEPORT, so a second demo would not
    fail but take every other call of the first. A port whose old connections are still dying
    (TIME_WAIT) is free.
    """
    if port not in range(65536):
        raise PortNotAllowed(host, port, "ports go up to 65535")
    try:
        _listen(host, port).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from None
        reason = str(error.strerror).partition(" (while ")[0]
        raise PortNotAllowed(host, port, reason) from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at this moment; another program that looks may take it."""
    for port in _CHANCE.sample(PORTS, 100):
        with contextlib.suppress(OSError), _listen(host, port):
            return port
    with _listen(host, 0) as server:
        return int(server.getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


@contextlib.contextmanager
def _writing_to(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into FolderNotWritable."""
    try:
        yield
    except OSError as error:
        raise FolderNotWritable(path, error.strerror or type(error).__name__) from None


def _lock_within(patience: float, lock: int, path: Path) -> None:
    began = time.monotonic()
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(lock)
        alive = is_living(holder)
        if time.monotonic() - began > (min(JUST_KILLED, patience) if alive else patience):
            who = "another demo" if alive else "what is left of a killed demo"
            raise FolderInUse(path, f"{who} (process {holder})")
        time.sleep(0.02)


def _holder(lock: int) -> int:
    """The process id in the lock file; 0, which no process has, when it is not written yet."""
    text = os.pread(lock, 20, 0)
    return int(text) if text.isdigit() else 0


def _delete(path: Path) -> None:
    """Delete a file, a link (never what it points to) or a whole folder; gone already is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
