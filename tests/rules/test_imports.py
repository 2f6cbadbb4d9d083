"""Who may import whom: the contracts of pyproject.toml hold, and each of them can be broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.rules.sources import ROOT, SHIPPED

BREAKS = {
    "Import downwards alone": ("gateway/sms", "import gateway.staff.duty"),
    "Put every module of the gateway into a wing": ("gateway", "import decimal"),
    "Put every module of the menus with callers, staff or the engine": ("menus", "import string"),
    "Keep callers' and staff's menus apart": ("menus/callers", "import menus.staff.desk"),
    "Have menus import the standard library alone": ("menus", "from datetime import datetime"),
    "Keep the sandbox out of the service": ("gateway/web", "import sandbox.demo.reaper"),
    "Keep menutools out of the service": ("workers", "import menutools.check"),
    "Import nothing of the command line": ("workers", "import commands.cli"),
    "Have the stand-in for the provider import nothing of ours": (
        "sandbox/standin",
        "import gateway.runtime.phones",
    ),
    "Have cases queue SMS by gateway.sms.outbox": (
        "gateway/cases",
        "import gateway.sms.providers.kannel",
    ),
    "Have a conversation name what it needs in its contract": (
        "gateway/conversation",
        "import gateway.store.models",
    ),
    "Leave what is past its age to the clock and to commands": (
        "gateway/web",
        "import gateway.retention.purge",
    ),
    "Ask from above how the service does": ("gateway/inbox", "import gateway.operations.status"),
    "Use Flask and what it brings under gateway.web and sandbox alone": (
        "workers",
        "from flask import Flask",
    ),
    "Start the web server in gateway.web.serving alone": (
        "gateway/web",
        "from granian import Granian",
    ),
    "Call Africa's Talking by its own provider alone": (
        "gateway/sms",
        "from africastalking.SMS import SMSService",
    ),
    "Call out by a provider alone": ("gateway/web", "import requests"),
    "Report faults by gateway.runtime.sentry alone, which strips them bare": (
        "workers",
        "import sentry_sdk",
    ),
    "Keep keys and ciphers in the vault": ("gateway/store", "from nacl.public import PrivateKey"),
    "Ring by gateway.runtime.doorbell, answer in workers.jobs": (
        "gateway/web",
        "from rq import Queue",
    ),
    "Leave Redis to sessions, doorbell and wiring": ("gateway/cases", "import redis"),
    "Change the schema in gateway.store alone; the demo may, for it makes a new database": (
        "gateway/web",
        "import alembic",
    ),
    "Read options with click in commands alone": ("gateway/operations", "import click"),
    "Log by gateway.runtime.logs alone": ("workers", "import logging"),
    "Read the number of a phone by gateway.runtime.phones alone": (
        "gateway/web",
        "import phonenumbers",
    ),
    "Find names that are spelt otherwise by gateway.country.spelling alone": (
        "gateway/web",
        "import rapidfuzz",
    ),
}
"""How each contract's name begins, and a line in some package that must break it and no other."""


def test_the_contracts_hold() -> None:
    verdicts, said = lint(ROOT)
    assert set(verdicts.values()) == {"KEPT"}, f"take the import back, or move the code:\n{said}"


def test_each_contract_can_be_broken(tmp_path: Path) -> None:
    for name in (*SHIPPED, "tests/rules"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for number, (package, line) in enumerate(BREAKS.values()):
        (tmp_path / package / f"stray_{number}.py").write_text(line + "\n")
    verdicts, said = lint(tmp_path)
    toothless = [name for name, verdict in verdicts.items() if verdict != "BROKEN"]
    assert not toothless, f"these contracts let a stray import pass:\n{toothless}\n{said}"


def test_each_contract_has_a_line_that_breaks_it() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    names = [contract["name"] for contract in config["contracts"]]
    begun = {start for start in BREAKS for name in names if name.startswith(start)}
    assert (len(names), begun) == (len(BREAKS), set(BREAKS)), "give a new contract a line in BREAKS"


def lint(folder: Path) -> tuple[dict[str, str], str]:
    """Run the linter in `folder`: each contract's verdict, and all that it said."""
    program = "from importlinter.cli import lint_imports_command as run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    found = re.findall(r"^(.+) (KEPT|BROKEN)$", said, re.MULTILINE)
    assert found, f"the linter gave no verdict:\n{said}"
    return dict(found), said
