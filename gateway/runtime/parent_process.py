"""A process that a supervisor started ends with it: Linux's parent-death signal."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

SUPERVISED = "ISANGE_SUPERVISED"
"""Set in the environment of every child of a supervisor: `die_with_parent` asks for it."""


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def tie_to_parent(parent: int, signum: int) -> None:
    """Have the kernel send us `signum` when the thread that forked us ends (Linux only).

    `parent` is who should be our parent: if it died before we could ask, we leave at once.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def die_with_parent() -> None:
    """Call this in a process that a supervised child has forked: SIGKILL when that child dies.

    Without it a granian worker whose main process is killed serves on for ever and keeps the port.
    Does nothing outside a supervisor and in the child itself, which is tied already.
    """
    session = os.getsid(0)
    if SUPERVISED not in os.environ or session == os.getpid():
        return
    parent = os.getppid()
    if os.getsid(parent) != session:  # It is dead, and we were given to init.
        os._exit(1)
    tie_to_parent(parent, signal.SIGKILL)
