"""docs/running.md lists what `isange` can be told, and the Procfile tells it what it knows."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from tests.rules.commands import commands
from tests.rules.sources import ROOT, none_of, text

DOCUMENT = Path("docs/running.md")

PROCESSES = {"web": "web", "staff": "staff-web", "worker": "worker", "clock": "clock"}
"""What the Procfile calls them, and the command behind each."""


def test_every_command_is_documented() -> None:
    _, _, table = text(DOCUMENT).partition("## Commands")
    described = set(re.findall(r"^\| `isange ([a-z -]*[a-z])[ A-Z]*` \|", table, re.MULTILINE))
    assert set(commands()) == described, (
        f"give these a row in the table of {DOCUMENT}: {sorted(commands().keys() - described)}; "
        f"there are no such commands: {sorted(described - commands().keys())}"
    )


def test_every_command_says_what_it_does() -> None:
    none_of(
        (name for name, command in commands().items() if not command.help),
        "give the function of each command a docstring: --help shows it",
    )


def test_the_procfile_has_the_four_processes() -> None:
    found = {name: words[0] for name, words in processes().items()}
    assert found == PROCESSES, f"let the Procfile name these and start them: {PROCESSES}"


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_of_the_procfile_is_a_command(name: str) -> None:
    command, *options = processes()[name]
    try:
        commands()[command].make_context(command, options)
    except click.ClickException as error:
        pytest.fail(f"Procfile, {name}: {error.format_message()}")


def test_the_installed_version_is_that_of_the_project() -> None:
    project = tomllib.loads(text(Path("pyproject.toml")))["project"]
    assert version(project["name"]) == project["version"], "run `make test`: it installs again"


def processes() -> dict[str, list[str]]:
    """The words after `isange` of each process, with ports in place of variables."""
    found = {}
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, shell = line.partition(": ")
        words = shlex.split(re.sub(r"\$\{?\w+(:-([^}]*))?\}?", r"\2", shell))
        found[name] = words[words.index("isange") + 1 :]
    return found
