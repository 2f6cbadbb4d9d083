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
    "Wings import downwards": ("gateway/sms", "import gateway.staff.duty"),
    "Every module of the gateway": ("gateway", "import decimal"),
    "What callers see": ("menus/callers", "import menus.staff.desk"),
    "Menus import the standard library": ("menus", "from datetime import datetime"),
    "The service runs without the sandbox": ("gateway/web", "import sandbox.demo.reaper"),
    "The service runs without the tools": ("workers", "import menutools.check"),
    "The command line is imported": ("workers", "import commands.cli"),
    "The stand-in": ("sandbox/standin", "import gateway.runtime.phones"),
    "Cases queue SMS": ("gateway/cases", "import gateway.sms.providers.kannel"),
    "A conversation knows": ("gateway/conversation", "import gateway.store.models"),
    "What is past its age": ("gateway/web", "import gateway.retention.purge"),
    "How the service does": ("gateway/inbox", "import gateway.operations.status"),
    "Flask and what it brings": ("workers", "from flask import Flask"),
    "The web server": ("gateway/web", "from granian import Granian"),
    "Africa's Talking": ("gateway/sms", "from africastalking.SMS import SMSService"),
    "Providers alone": ("gateway/web", "import requests"),
    "Faults are reported": ("workers", "import sentry_sdk"),
    "Keys and ciphers": ("gateway/store", "from nacl.public import PrivateKey"),
    "RQ is a doorbell": ("gateway/web", "from rq import Queue"),
    "Redis is known": ("gateway/cases", "import redis"),
    "Alembic is known": ("gateway/web", "import alembic"),
    "The command line alone": ("gateway/operations", "import click"),
    "Every event": ("workers", "import logging"),
    "The number of a phone": ("gateway/web", "import phonenumbers"),
    "Names that are spelt": ("gateway/web", "import rapidfuzz"),
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
