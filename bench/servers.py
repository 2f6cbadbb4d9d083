"""A server process under measurement: started, asked what it costs, ended with all its children."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.client import HOST
from sandbox.demo.children import answers
from sandbox.demo.folder import free_port
from tests.services import wait_until

TICKS: Final = os.sysconf("SC_CLK_TCK")
START_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens at a port of this machine, with what it has forked."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def pids(self) -> Sequence[int]:
        """The process and everything below it."""
        return [self.process.pid, *_below(self.process.pid)]

    def cpu(self) -> float:
        """Seconds of processor time that it has used so far, in user and system mode."""
        return sum(map(_cpu, self.pids))

    def memory(self, kind: str = "Pss") -> Mapping[int, int]:
        """Bytes of each process. Pss: shared pages count by their share. Pss_Anon: only what it
        has allocated, which does not change when others who share its libraries come or go."""
        return {pid: _memory(pid, kind) for pid in self.pids}


@contextmanager
def serving(
    argv: Sequence[str], environment: Mapping[str, str], log: Path, alive: str = "/healthz"
) -> Iterator[Server]:
    """Run a command, which is given `--port` and a free one, until the block is left.

    It is ready once a GET of `alive` is answered.
    """
    port = free_port()
    with log.open("ab") as out:
        command = [*argv, "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
    is_alive = answers(f"http://{HOST}:{port}{alive}")

    def ready() -> bool:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        return is_alive()

    try:
        wait_until(ready, f"{argv[-1]} answers", START_TIMEOUT)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(15)


def isange(*words: str) -> Sequence[str]:
    """A command of the service."""
    return [sys.executable, "-m", "commands.cli", *words]


def _below(pid: int) -> Iterator[int]:
    """All processes that descend from one; none that has ended meanwhile."""
    try:
        tasks = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return
    for child in children:
        yield child
        yield from _below(child)


def _cpu(pid: int) -> float:
    """utime and stime: fields 14 and 15 of proc(5), after a name that may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(pid: int, kind: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {kind} in smaps_rollup")
