"""One process of the service that a test has die at a named point, and starts again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gateway.runtime.parent_process import SUPERVISED
from sandbox.demo import reaper
from sandbox.demo.children import answers
from sandbox.demo.reaper import Reaper
from tests.services import wait_until

ONE_LOOK = 1.0
"""Seconds for one question whether it is ready; it is asked again and again."""


class Service:
    """A program with an environment of its own, alive or dead.

    `url` is where it answers, if it does, and `ready` tells of another when it can be used.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        held: Reaper,
        url: str | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.point: str | None = None
        """Where it dies, as soon as `arm` was called."""
        self._argv, self._environment, self._held = argv, environment, held
        self._url, self._ready = url, ready
        self._once = folder / f"{name}.once"
        self._process: subprocess.Popen[bytes] | None = None
        self._pids: frozenset[int] = frozenset()

    def twin(self, name: str, **settings: str) -> Service:
        """Another process of the same kind, with some other settings."""
        environment = {**self._environment, **settings}
        folder = self.log.parent
        return Service(name, self._argv, environment, folder, self._held, self._url, self._ready)

    def start(self, point: str | None = None) -> None:
        """Begin its next life, which may be ended at `point`."""
        self.point = point
        armed = {"ISANGE_CRASH": point, "ISANGE_CRASH_ONCE": str(self._once)} if point else {}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                env={**self._environment, **armed, SUPERVISED: "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._held.hold(self._process.pid, signal.SIGKILL)
        wait_until(self._answers, f"{self.name} answers")

    def arm(self) -> None:
        """From now on it dies when it passes its point."""
        self._pids = frozenset(self._living())
        assert self._pids, f"{self.name} is not alive:\n{self.log.read_text()[-9000:]}"
        self._once.touch()

    def has_died(self) -> bool:
        """Whether a process of it was killed at its point: the parent of a server may live on."""
        return not self._once.exists() and bool(self._pids.difference(self._living()))

    def revive(self) -> None:
        """Clear away what is left of it, and start it again with the same point to die at."""
        self.kill()
        self.start(self.point)

    def tend(self) -> None:
        """Start it again if it has ended, as a supervisor does."""
        if self.process.poll() is not None:
            self.revive()

    def kill(self) -> None:
        """SIGKILL for every process of it."""
        if self._process is None:
            return
        session = self._process.pid
        wait_until(lambda: not reaper.kill_session(session), f"{self.name} is dead")
        self._process.wait()
        self._held.let_go(session)
        self._process = None
        self._once.unlink(missing_ok=True)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self.name} is not running"
        return self._process

    def _living(self) -> list[int]:
        return reaper.members({self._process.pid}) if self._process is not None else []

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-9000:]
        if self._url is not None:
            return answers(f"{self._url}/healthz", timeout=ONE_LOOK)()
        return self._ready is None or self._ready()


def environment(**settings: str) -> dict[str, str]:
    """This process's own environment with the settings of a service; no proxy for loopback."""
    return {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **settings}
