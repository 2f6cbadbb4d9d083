"""What can be made to go wrong with an SMS and with the machines behind the line, by a button."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Final

from sandbox.handsets.errors import Unable
from sandbox.handsets.line import DialledLine
from sandbox.standin.client import StandIn

SMS: Final[Mapping[str, Mapping[str, object]]] = {
    "refuse": {"status_code": 407},
    "delay": {"report_delay": 10.0},
    "duplicate": {"reports": ["Success", "Success"]},
    "reorder": {"reports": ["Success", "Sent"]},
    "no_credit": {"status_code": 405},
    "blacklisted": {"status_code": 406},
}
"""By button, the behaviour of the stand-in (docs/stand-in.md) towards a number.

refuse: no way to route it. delay: it is on its way for ten seconds. duplicate: its delivery report
comes twice. reorder: its reports come in the wrong order.
"""

MAY_DIE: Final = ("valkey", "worker")
"""Processes that the page may kill; the supervisor of the demo starts them again."""


def spoil(network: StandIn, number: str, what: str, *, lasting: bool) -> None:
    """Let the next SMS to a number go wrong, or all of them until it is cleared. Raises Unable."""
    if what not in SMS:
        raise Unable("There is no such button.")
    times = {} if lasting else {"times": 1}
    network.behave(number, **SMS[what], **times)


def kill(line: DialledLine, name: str) -> int:
    """`kill -9` of a process of the demo, as when its machine fails; the id it had.

    Raises Unable.
    """
    pid = line.pids().get(name) if name in MAY_DIE else None
    if not pid:
        raise Unable(f"This demo has no process {name} of its own.")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        raise Unable(f"{name} is being started again just now.") from None
    return pid
