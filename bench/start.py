"""`make demo`: how long until the first screen, with a data folder that is new and one that is not.

Cold: nothing of Python or of ours is in the machine's file cache, as after it was switched on;
only root may empty that. The packages are installed in either case: the first `make demo` of all
also installs them, which takes as long as the network does.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.calls import Caller
from bench.servers import isange
from bench.tables import Cell, Table, Target
from sandbox.demo.folder import free_port
from tests.services import wait_until

PATIENCE: Final = 60.0

WARM_LIMIT: Final = 5.0
"""Seconds, also on a machine of two slow cores: the second start is what a developer waits for."""

DROP: Final = Path("/proc/sys/vm/drop_caches")


def run(*, quick: bool) -> Sequence[Table]:
    """Seconds to the first screen."""
    times = 1 if quick else 5
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        fresh = [_first_screen(Path(home, f"new-{number}")) for number in range(times)]
        again = [_first_screen(Path(home, "new-0")) for _ in range(times)]
        cold = [] if quick else list(_cold(Path(home)))
    rows: list[Sequence[Cell]] = [
        ("a new data folder", statistics.median(fresh)),
        ("the folder of an earlier demo", statistics.median(again)),
        ("a new folder, cold", cold[0] if cold else None),
    ]
    warm = Target("seconds of a later start", statistics.median(again), WARM_LIMIT, most=True)
    return [Table("isange demo until the first screen", ("start", "seconds"), rows, [warm])]


def _cold(home: Path) -> Iterator[float]:
    """One start with an empty file cache, where we may empty it."""
    os.sync()
    try:
        DROP.write_text("3")
    except OSError:
        return
    yield _first_screen(home / "cold")


def _first_screen(data: Path) -> float:
    """Seconds from the command to the answer to a dialled code."""
    argv = [*isange("demo"), "--data", str(data), "--port", str(free_port())]
    begun = time.perf_counter()
    with _running(argv) as process:
        description = data / "demo.json"

        def is_ready() -> bool:
            assert process.poll() is None, "the demo ended by itself"
            return description.exists()

        wait_until(is_ready, "the demo is ready", PATIENCE)
        ussd = urlsplit(json.loads(description.read_text("utf-8"))["ussd_url"])
        assert ussd.port is not None
        Caller(ussd.path, [""]).learn(ussd.port)
        return time.perf_counter() - begun


@contextmanager
def _running(argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A demo, which ends as at a Ctrl-C, and takes its processes with it."""
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
