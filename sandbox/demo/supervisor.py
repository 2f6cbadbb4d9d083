"""Keeps a handful of processes running, and takes them down with it.

Children start stage by stage: all of a stage at once, the next stage when all of them are ready.
What dies is started again, for ever, after a pause that grows; stopping goes through the stages
backwards. One thread does everything by looking around every few hundredths of a second, so no
child can keep another waiting. How nothing outlives a supervisor that is killed is told in
`reaper`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from sandbox.demo.children import Child, Kept
from sandbox.demo.folder import CannotStart
from sandbox.demo.reaper import Reaper

TICK = 0.03
"""Seconds between two looks at everything."""

SAME_KEY_PRESS = 0.3
"""Seconds within which a second SIGINT is the same wish, passed on by make or a shell as well."""

STOPPED, KILLED = 0, 130
"""Exit statuses: after a clean stop, and after Ctrl-C was pressed twice."""

Pids = Mapping[str, int]
"""The name of each child and the process id of its latest life."""


class NotReady(Exception):
    """A child was not ready in time. `str()` is one line that says where to look."""

    def __init__(self, name: str, seconds: float, log: Path) -> None:
        super().__init__(f"{name} was not ready after {seconds:g} s. See {log}")


def print_line(line: str) -> None:
    """To standard output; a reader that has gone away is no reason to stop."""
    try:
        print(line, flush=True)
    except OSError:
        # What Python still holds for that reader would spoil our exit status at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _nothing(_pids: Pids) -> None:
    pass


class Supervisor:
    """Runs `stages` of children from the main thread of a process that has no other thread.

    Each child writes to `logs`/NAME.log (the folder must exist). `inherit` are descriptors for
    every process to keep open: the data folder's lock, so that it stays locked until the last of
    them is dead. `on_change` is told each new process id once all are ready; when it cannot write
    that down (OSError, CannotStart) a line says so and the children live on.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[Child]],
        logs: Path,
        *,
        inherit: Sequence[int] = (),
        on_change: Callable[[Pids], None] = _nothing,
        say: Callable[[str], None] = print_line,
    ) -> None:
        self._stages, self._logs, self._inherit = stages, logs, inherit
        self._on_change, self._say = on_change, say
        self._kept: list[list[Kept]] = []
        self._asked_to_stop_at: float | None = None
        self._hurry = False

    @property
    def pids(self) -> Pids:
        return {kept.child.name: kept.pid for stage in self._kept for kept in stage if kept.pid}

    def run(self, on_ready: Callable[[Pids], None] = _nothing) -> int:
        """Start everything, call `on_ready` once, and watch until SIGINT, SIGTERM or SIGHUP.

        Gives the exit status, STOPPED or KILLED. Raises NotReady, with everything stopped again.
        """
        with self._hearing_signals():
            reaper = Reaper(self._inherit)
            try:
                if self._start(reaper):
                    on_ready(self.pids)
                    self._tend(reaper, lambda: False, self._tell)
            finally:
                self._stop()
                reaper.close()
        return KILLED if self._hurry else STOPPED

    def _start(self, reaper: Reaper) -> bool:
        """False when somebody wanted to stop before everything was ready."""
        for stage in self._stages:
            latest = [
                Kept(child, self._logs / f"{child.name}.log", reaper, self._inherit)
                for child in stage
            ]
            self._kept.append(latest)
            if not self._tend(reaper, self._readiness(latest), _nothing):
                return False
        return True

    def _readiness(self, stage: Sequence[Kept]) -> Callable[[], bool]:
        began = time.monotonic()

        def all_ready() -> bool:
            waiting = [kept.child for kept in stage if not kept.is_ready()]
            for child in waiting:
                if time.monotonic() - began > child.start_timeout:
                    raise NotReady(
                        child.name, child.start_timeout, self._logs / f"{child.name}.log"
                    )
            return not waiting

        return all_ready

    def _tend(
        self, reaper: Reaper, done: Callable[[], bool], on_change: Callable[[Pids], None]
    ) -> bool:
        """Keep everything running until it is done, or (False) somebody wants to stop."""
        while self._asked_to_stop_at is None:
            begun = [kept for stage in self._kept for kept in stage if kept.tend(self._say)]
            if reaper.mend():
                self._say("the reaper was killed; there is a new one")
            if begun:
                on_change(self.pids)
            if done():
                return True
            time.sleep(TICK)
        return False

    def _tell(self, pids: Pids) -> None:
        try:
            self._on_change(pids)
        except (OSError, CannotStart) as error:
            self._say(f"could not write down the new process ids: {error}")

    def _stop(self) -> None:
        if self._asked_to_stop_at is not None:
            self._say("stopping; Ctrl-C again kills at once")
        for stage in reversed(self._kept):
            for kept in stage:
                kept.ask_to_stop()
            while not self._hurry and any(kept.is_stopping() for kept in stage):
                time.sleep(TICK)
            for kept in stage:
                if not kept.end() and not self._hurry:
                    self._say(f"{kept.child.name} did not stop in {kept.child.grace:g} s: killed")

    @contextlib.contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        wanted = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # It is under nohup.
            wanted.append(signal.SIGHUP)
        before = {signum: signal.signal(signum, self._hear) for signum in wanted}
        try:
            yield
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def _hear(self, signum: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_to_stop_at is None:
            self._asked_to_stop_at = now
        elif signum == signal.SIGINT and now - self._asked_to_stop_at > SAME_KEY_PRESS:
            self._hurry = True
