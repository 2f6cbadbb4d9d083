"""One process that is kept running: how it is described, begun, mourned, begun again and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

from gateway.runtime.parent_process import SUPERVISED, tie_to_parent
from sandbox.demo.reaper import Reaper, kill_session

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before a child that died is started again: the first pause doubles up to the longest."""

LONG_ENOUGH = 10.0
"""A child that ran for so many seconds was well: its next death counts as its first."""

LARGEST_LOG = 8_000_000
"""Bytes above which a log is set aside as NAME.log.1 when its child starts."""

_SECONDS_FOR_A_KILL = 2.0


def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep running. Times in seconds; `env` is all of it (None: our own).

    `ready` is asked again and again until it says True, in the supervisor's own thread: it must
    answer within a few tenths of a second and not raise. `parent_death_signal` is for when the
    supervisor is killed: SIGKILL, unless the child has something to write down first.
    """

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] | None = None
    ready: Callable[[], bool] = _at_once
    stop_signal: int = signal.SIGTERM
    parent_death_signal: int = signal.SIGKILL
    grace: float = 5.0
    start_timeout: float = 60.0


def answers(url: str, timeout: float = 0.3) -> Callable[[], bool]:
    """A `ready` for web servers: GET `url` (plain http) gives 200."""
    place = urlsplit(url)
    path = urlunsplit(("", "", place.path or "/", place.query, ""))

    def ready() -> bool:
        server = HTTPConnection(place.hostname or "", place.port, timeout=timeout)
        try:
            server.request("GET", path)
            return server.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            server.close()

    return ready


def pause_after(previous: float, lived: float) -> float:
    """Seconds to wait before the next life after one of `lived` seconds (0: no pause before)."""
    if lived >= LONG_ENOUGH or previous == 0:
        return FIRST_PAUSE
    return min(previous * 2, LONGEST_PAUSE)


class Kept:
    """A child through all its lives. Used from the main thread alone."""

    def __init__(self, child: Child, log: Path, reaper: Reaper, inherit: Sequence[int]) -> None:
        self.child = child
        self.pid = 0
        """Of the latest life; 0 before the first."""
        self._log, self._reaper, self._inherit = log, reaper, inherit
        self._process: subprocess.Popen[bytes] | None = None
        self._session = 0
        """The latest life's session, until nobody of it is left (then 0)."""
        self._ready = False
        self._born = self._due = self._pause = self._patience_ends = 0.0

    def tend(self, say: Callable[[str], None]) -> bool:
        """Notice a death, start what is due; tell whether a new life began. Never waits."""
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return False
            self._mourn(_in_words(status), say)
        if time.monotonic() < self._due or not self._cleared():
            return False
        self._born, self._ready = time.monotonic(), False
        try:
            self._process = self._spawn()
        except (OSError, subprocess.SubprocessError) as error:
            self._mourn(f"could not be started ({error})", say)
            return False
        self.pid = self._session = self._process.pid
        self._reaper.hold(self._session, self.child.parent_death_signal)
        return True

    def is_ready(self) -> bool:
        if self._process is None:
            return False
        self._ready = self._ready or self.child.ready()
        return self._ready

    def ask_to_stop(self) -> None:
        """Only the child is asked; ending its own workers in good order is its affair."""
        self._patience_ends = time.monotonic() + self.child.grace
        if self._process is not None:
            self._process.send_signal(self.child.stop_signal)

    def is_stopping(self) -> bool:
        """Still alive after `ask_to_stop`, and still within its grace."""
        return self._is_alive() and time.monotonic() < self._patience_ends

    def end(self) -> bool:
        """Kill whatever is left of it and wait; False if the child itself had not ended."""
        ended = not self._is_alive()
        deadline = time.monotonic() + _SECONDS_FOR_A_KILL
        while not self._cleared() and time.monotonic() < deadline:
            time.sleep(0.01)
        if self._process is not None:
            self._process.poll()
        return ended

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _mourn(self, how: str, say: Callable[[str], None]) -> None:
        now = time.monotonic()
        self._process = None
        self._pause = pause_after(self._pause, now - self._born)
        self._due = now + self._pause
        self._cleared()
        say(f"{self.child.name} {how}; starting it again in {self._pause:.1f} s. See {self._log}")

    def _cleared(self) -> bool:
        """Kill who is left in the session, so that no old worker keeps the port; none: True."""
        if self._session and kill_session(self._session):
            return False
        self._reaper.let_go(self._session)
        self._session = 0
        return True

    def _spawn(self) -> subprocess.Popen[bytes]:
        env = os.environ if self.child.env is None else self.child.env
        with _open_log(self._log) as log:
            return subprocess.Popen(
                [os.fspath(word) for word in self.child.argv],
                env={**env, SUPERVISED: "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self._inherit,
                start_new_session=True,
                # Unsafe in a process with threads, and the death signal belongs to the thread that
                # forks: both ask for a supervisor that is nothing but one main thread.
                preexec_fn=partial(_before_exec, self._reaper, os.getpid(), self.child),
            )


def _before_exec(reaper: Reaper, supervisor: int, child: Child) -> None:
    """Runs in the new process, in its new session, before it becomes the child's program."""
    reaper.announce(os.getpid(), child.parent_death_signal)
    tie_to_parent(supervisor, child.parent_death_signal)


@contextlib.contextmanager
def _open_log(path: Path) -> Iterator[BinaryIO]:
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_name(path.name + ".1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        yield log


def _in_words(status: int) -> str:
    """What `Popen.returncode` says, as the end of a sentence about the child."""
    if status >= 0:
        return f"ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"
