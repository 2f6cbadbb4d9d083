"""The tests run wherever the command is typed: behind a proxy, on a full disk, without /dev/shm."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import machine
from tests.machine import NoRoom, is_reachable_by_all, prepare


@pytest.fixture(autouse=True)
def _temporary_files_stay_where_they_are() -> Iterator[None]:
    before = tempfile.tempdir
    yield
    tempfile.tempdir = before


def test_no_proxy_is_asked_for_what_is_on_this_machine(tmp_path: Path) -> None:
    environment = {"HTTP_PROXY": "http://192.0.2.1:3128", "all_proxy": "x", "TMPDIR": str(tmp_path)}

    prepare(environment)

    assert environment == {"TMPDIR": str(tmp_path)}


def test_files_go_into_memory_unless_somebody_named_a_folder(tmp_path: Path) -> None:
    named, unnamed = {"TMPDIR": str(tmp_path)}, dict[str, str]()

    prepare(named)
    prepare(unnamed)

    assert named["TMPDIR"] == str(tmp_path)
    assert unnamed in ({"TMPDIR": str(machine.MEMORY)}, {})


@pytest.mark.parametrize("folder", ["nowhere", "full"])
def test_without_room_one_line_says_what_to_do(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").mkdir()
    monkeypatch.setattr(machine, "NEEDED", 10**18)

    with pytest.raises(NoRoom, match="make room there, or set TMPDIR") as refused:
        prepare({"TMPDIR": str(tmp_path / folder)})

    assert str(refused.value).count("\n") == 0


def test_a_folder_inside_a_closed_one_is_out_of_reach(tmp_path: Path) -> None:
    inside = tmp_path / "closed" / "inside"
    inside.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)

    assert not is_reachable_by_all(inside)
    assert is_reachable_by_all(Path("/"))
