"""The unit that docs/running.md gives to operators shuts a process in, and starts what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.rules.commands import commands
from tests.rules.sources import text

DOCUMENT = Path("docs/running.md")

SHUT = {
    "IPAddressDeny": "any",
    "InaccessiblePaths": "-/opt/isange/.git",
    "NoNewPrivileges": "true",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "true",
    "PrivateTmp": "true",
    "LimitCORE": "0",
    "UMask": "0077",
    "Restart": "always",
}
"""What keeps whoever gets into a process from going on from there."""


def unit() -> dict[str, dict[str, list[str]]]:
    """The sections of the unit, each setting with all its values."""
    found = re.search(r"^```ini\n(\[Unit\].*?)^```", text(DOCUMENT), re.MULTILINE | re.DOTALL)
    assert found, "docs/running.md shows a unit for systemd"
    sections: dict[str, dict[str, list[str]]] = {}
    for block in re.split(r"^(?=\[)", found[1], flags=re.MULTILINE)[1:]:
        name, *lines = block.strip().splitlines()
        values = sections.setdefault(name.strip("[]"), {})
        for line in lines:
            setting, _, value = line.partition("=")
            values.setdefault(setting, []).append(value)
    return sections


@pytest.mark.parametrize("setting", SHUT)
def test_a_process_is_shut_in(setting: str) -> None:
    assert unit()["Service"].get(setting) == [SHUT[setting]]


def test_it_may_speak_to_its_own_servers_alone() -> None:
    allowed = " ".join(unit()["Service"]["IPAddressAllow"]).split()
    assert "localhost" in allowed
    assert not {"any", "0.0.0.0/0", "::/0", "link-local"}.intersection(allowed)


def test_it_starts_a_command_that_there_is_and_is_nobody_important() -> None:
    service = unit()["Service"]
    program, command = service["ExecStart"][0].rsplit(" ", 1)
    assert program.endswith("/bin/isange")
    assert command in commands()
    assert service["User"][0] not in {"root", ""}
