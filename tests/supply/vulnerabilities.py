"""`make audit`: whether a fault is known in a version that requirements.lock names.

pip-audit asks the vulnerability service of the package index. Where there is none it says "no known
vulnerabilities" of packages it could not ask about, so it is first asked about one that is known to
be vulnerable: who does not know that one knows nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.rules.sources import ROOT

LOCK: Final = ROOT / "requirements.lock"

KNOWN_BAD: Final = (
    "jinja2==2.10 --hash=sha256:f84be1bb0040caca4cea721fcbbbbd61f9be9464ca236387158b0feea01914a4\n"
)
"""Known to be vulnerable since 2019. It is asked about, and neither fetched nor installed."""

PATIENCE: Final = 300
"""Seconds for one run of pip-audit."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of some packages: how many, the faults of each, and which nobody could tell."""

    packages: int
    faults: Sequence[str]
    not_asked: Sequence[str]


def read(report: str) -> Audit | None:
    """What pip-audit found, from its JSON; None when it came to no end."""
    try:
        told = json.loads(report)
    except ValueError:
        return None
    packages = told.get("dependencies") if isinstance(told, dict) else None
    if not isinstance(packages, list):
        return None
    return Audit(
        packages=len(packages),
        faults=[
            f"{one['name']} {one['version']}: {fault['id']}, mended in "
            f"{', '.join(fault['fix_versions']) or 'no version yet'}"
            for one in packages
            for fault in one.get("vulns", ())
        ],
        not_asked=[one["name"] for one in packages if "skip_reason" in one],
    )


def verdict(known_bad: Audit | None, ours: Audit | None, *, strict: bool) -> tuple[int, str]:
    """The exit status and what to say. `strict`: not to know is as bad as to know of a fault."""
    if ours is not None and ours.faults:
        return 1, "\n".join([*ours.faults, "take a newer version: make lock ARGS=--upgrade"])
    unknown = int(strict)
    if known_bad is None or not known_bad.faults or ours is None:
        return unknown, "not audited: no vulnerability service can be reached from here"
    if ours.not_asked:
        return unknown, f"no fault is known, but nobody knew: {', '.join(ours.not_asked)}"
    return 0, f"no fault is known in {ours.packages} packages"


def ask(program: str, requirements: Path) -> Audit | None:
    """Run pip-audit over a file of pinned requirements; nothing is installed."""
    command = [program, "--disable-pip", "--require-hashes", "-r", str(requirements)]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        told = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read(told.stdout)


def main(program: str) -> int:
    """Audit requirements.lock with this pip-audit; STRICT=1 fails where nobody can be asked."""
    with tempfile.TemporaryDirectory() as folder:
        known_bad = Path(folder, "known-bad.txt")
        known_bad.write_text(KNOWN_BAD, "utf-8")
        canary = ask(program, known_bad)
    ours = ask(program, LOCK) if canary and canary.faults else None
    status, said = verdict(canary, ours, strict=os.environ.get("STRICT", "") not in {"", "0"})
    print(said)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "pip-audit"))
