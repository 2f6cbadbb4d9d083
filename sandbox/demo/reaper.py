"""What lets nothing of a demo outlive it, not even after `kill -9`.

Three ties, because each has a hole that another closes:

- A *session* for each child. A server forks workers of its own and RQ puts a job in a process group
  of its own, but both stay in the session, so the session is what gets killed.
- The *reaper*, a tiny process that reads a pipe whose other end the supervisor holds. When the
  supervisor dies, however it dies, the pipe ends and the reaper kills every session it was told of.
  It works on any Unix and needs nothing from the children. It has a session of its own, so
  a signal for the terminal's whole group does not reach it.
- On Linux, the kernel's parent-death signal, for the case where the reaper was killed too. It is
  not inherited over a fork, so a server's workers ask for it themselves: `die_with_parent` in
  gateway.runtime.parent_process.

A process that makes a new session of its own (a daemon) escapes; we start none.

This file is also run by its path as the reaper: it imports the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

GRACE = 2.0
"""Seconds between the reaper's first signal and SIGKILL: nothing may be left after five."""

GIVE_UP = 10.0
"""Seconds after which the reaper stops trying: what SIGKILL does not end, it cannot end either."""


_LINUX = sys.platform == "linux"


def living() -> Iterator[tuple[int, int]]:
    """The id and session of every process of this machine; a zombie is not living."""
    return _from_proc() if _LINUX else _from_ps()


def _from_proc() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # The command stands in brackets and may hold anything, brackets and spaces too.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2]
            state, _parent, _group, session = fields.split()[:4]
            if state not in "ZX":
                yield int(folder.name), int(session)


def _from_ps() -> Iterator[tuple[int, int]]:
    command = ["/bin/ps", "-A", "-o", "pid=", "-o", "stat="]
    listing = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, state = line.split()[:2]
        with contextlib.suppress(OSError):
            if not state.startswith("Z"):
                yield int(pid), os.getsid(int(pid))


def is_living(pid: int) -> bool:
    return any(pid == other for other, _session in living())


def members(sessions: Collection[int]) -> list[int]:
    """The living processes of `sessions`."""
    return [pid for pid, session in living() if session in sessions]


def signal_sessions(signals: Mapping[int, int]) -> bool:
    """Send each session (a key) its signal (the value); tell whether anybody was there.

    A process may fork while we look, so who wants a session empty asks until this says False.
    """
    anybody = False
    for pid, session in living():
        if session in signals:
            anybody = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signals[session])
    return anybody


def kill_session(session: int) -> bool:
    """SIGKILL for every process of the session; tell whether anybody was there."""
    return signal_sessions({session: signal.SIGKILL})


class Reaper:
    """Our end of the reaper. Forgetting to close it is safe: that is its purpose.

    `inherit` are descriptors that the reaper keeps open for as long as it lives (the folder's
    lock).
    """

    def __init__(self, inherit: Sequence[int] = ()) -> None:
        self._inherit = inherit
        self._held: dict[int, int] = {}
        self._process, self._pipe = self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def announce(self, session: int, signum: int) -> None:
        """Tell the reaper of a session. Safe between fork and exec: one write, below PIPE_BUF.

        A child says this itself before it becomes its program, so that there is no moment in which
        it runs and the reaper has not heard of it.
        """
        with contextlib.suppress(OSError):  # The reaper just died, and `mend` will tell the next.
            _announce(self._pipe, session, signum)

    def hold(self, session: int, signum: int) -> None:
        """After our death the session gets `signum`, and SIGKILL where that does not end it."""
        self._held[session] = signum
        self.announce(session, signum)

    def let_go(self, session: int) -> None:
        """The session is empty: its number may soon be somebody else's."""
        if self._held.pop(session, None) is not None:
            self.announce(session, 0)

    def mend(self) -> bool:
        """Start the reaper again if it was killed; tell whether that was done."""
        if self._process.poll() is None:
            return False
        with contextlib.suppress(OSError):  # No process to be had just now: the next look tries.
            process, pipe = self._start()
            os.close(self._pipe)
            self._process, self._pipe = process, pipe
            return True
        return False

    def close(self) -> None:
        """End the reaper, and now what it still holds. Waits until that is done."""
        os.close(self._pipe)
        self._process.wait(GIVE_UP + 1)

    def _start(self) -> tuple[subprocess.Popen[bytes], int]:
        reading, writing = os.pipe()
        try:
            # Before it lives, so that there is no moment in which it has not heard of them.
            for session, signum in self._held.items():
                _announce(writing, session, signum)
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                pass_fds=self._inherit,
                start_new_session=True,
            )
        except OSError:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        return process, writing


def _announce(pipe: int, session: int, signum: int) -> None:
    os.write(pipe, b"%d %d\n" % (session, signum))


def _listen(lines: Iterable[bytes]) -> dict[int, int]:
    """Read "SESSION SIGNAL" lines until the supervisor is gone; signal 0 lets a session go."""
    held: dict[int, int] = {}
    for line in lines:
        session, signum = map(int, line.split())
        if signum:
            held[session] = signum
        else:
            held.pop(session, None)
    return held


def _end(held: Mapping[int, int]) -> None:
    """End every process of the sessions, politely at first. Blocks at most GIVE_UP seconds."""
    began = time.monotonic()
    signal_sessions(held)
    while members(held) and time.monotonic() - began < GIVE_UP:
        if time.monotonic() - began > GRACE:
            signal_sessions(dict.fromkeys(held, signal.SIGKILL))
        time.sleep(0.05)


def main() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    _end(_listen(sys.stdin.buffer))


if __name__ == "__main__":
    main()
