"""A copy of the tree in which mutmut may break things, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutation.groups import LEFT_OUT, Run
from tests.rules.sources import ROOT

MEMORY: Final = Path("/dev/shm")
"""Where there is such a disk, the copy and what tests write lie on it: a key file is flushed, and a
test of keys waits for little else."""

SCRATCH: Final = "scratch"

COPIED: Final = (
    *("commands", "gateway", "menus", "menutools", "sandbox", "workers"),
    *("tests", "locales", "pyproject.toml"),
)

SETTINGS: Final = """\
[mutmut]
source_paths =
    commands
    gateway
    menus
    menutools
    sandbox
    workers
also_copy =
    locales
do_not_mutate_patterns =
    ^\\s*raise\\b
    ^\\s*logs\\.
timeout_multiplier = 3.0
timeout_constant = 8.0
track_dependencies = false
use_git_change_detection = false
only_mutate =
    {modules}
pytest_add_cli_args_test_selection =
    {tests}
pytest_add_cli_args =
    {options}
"""
"""What mutmut reads. A line that raises or logs holds wording, and wording is left alone. A mutant
that takes three times as long as its tests, and 24 seconds more, is given up."""


def disk() -> Path | None:
    """The quickest disk of this machine; None leaves the choice to the system."""
    return MEMORY if MEMORY.is_dir() else None


class NotJudged(Exception):
    """mutmut did not come to its end: it says why on the standard output."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken place. `word` is killed, survived, timeout, "no tests" or something worse."""

    name: str
    path: str
    word: str
    diff: str


@dataclass(frozen=True, slots=True)
class WorkingCopy:
    """A folder for one run, and the environment in which pip put mutmut."""

    home: Path
    tool: Path

    def prepare(self, run: Run) -> None:
        """Copy the tree and say what is to be broken."""
        self.home.chmod(0o711)  # PostgreSQL runs as a user of its own where the tests run as root.
        for name in COPIED:
            source, target = ROOT / name, self.home / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
        # Five times a test run the plugin below collects garbage, which is most of a short one.
        options = ["-p", "tests.mutation.quickest", "-p", "no:unraisableexception"]
        options += [f"--deselect={test}" for test in LEFT_OUT]
        options += [] if run.postgresql else ["-k", "not postgresql"]
        lists = {"modules": run.modules, "tests": run.tests, "options": options}
        lines = {name: "\n    ".join(words) for name, words in lists.items()}
        (self.home / SCRATCH).mkdir()
        (self.home / "setup.cfg").write_text(SETTINGS.format(**lines))

    def run(self) -> None:
        """Judge every mutant, with one process; it shows how far it is."""
        self._tool("run", stdout=None)

    def results(self) -> Sequence[Mutant]:
        """What came of each mutant."""
        told = self._tool("results", stdout=subprocess.PIPE)
        return [Mutant(**one) for one in json.loads(told)]

    def _tool(self, act: str, *, stdout: int | None) -> bytes:
        command = [sys.executable, "-m", "tests.mutation.tool", str(self.tool), act]
        # One order of tests, so that two runs judge alike.
        own = {"PYTHONHASHSEED": "0", "TMPDIR": str(self.home / SCRATCH)}
        done = subprocess.run(
            command, cwd=self.home, env={**os.environ, **own}, stdout=stdout, check=False
        )
        if done.returncode:
            raise NotJudged
        return done.stdout
