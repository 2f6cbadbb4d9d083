"""PostgreSQL is stopped and started, and the disk of a database is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.callers import TOLD, Caller
from tests.faults.crowd import Crowd, a_report
from tests.faults.running_service import RunningService, laid
from tests.services import Postgres, running, wait_until

CALLERS = 30


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder in which another user than ours may keep a database."""
    with TemporaryDirectory(prefix="stopped-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def filesystem(folder: Path, megabytes: int) -> Iterator[Path]:
    """A small filesystem of its own in a folder."""
    folder.mkdir(parents=True)
    options = f"size={megabytes}m,mode=0711"
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True
    )
    assert not mounted.returncode, "this test mounts a small tmpfs: run it as root"
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Write a file until there is no room left for a byte."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


def is_helped(caller: Caller) -> bool:
    return "112" in caller.screen and not TOLD.search(caller.screen)


def test_callers_report_while_the_database_stops_and_starts(home: Path, tmp_path: Path) -> None:
    server = Postgres(home)
    with running(server), laid(tmp_path / "service", server.create()) as laid_service:
        laid_service.start()
        with Crowd(laid_service.url("ussd"), CALLERS, dials=a_report) as crowd:
            wait_until(lambda: crowd.told, "somebody has reported")
            for count in range(3):
                server.stop()
                wait_until(partial(_more_than, count, crowd.shown), "somebody is cut off")
                server.start()
        assert not any(TOLD.search(screen) for screen in crowd.shown)
        laid_service.settle()
        found = crowd.account(laid_service.witnesses, "PostgreSQL stops")
        assert found.is_kept, found


def _more_than(count: int, things: Sequence[object]) -> bool:
    return len(things) > count


def _is_refused(laid_service: RunningService) -> None:
    """A caller cannot be told that her report is with us, and is shown who helps her."""
    caller = laid_service.caller()
    caller.dial().press("1", "1", "1")
    assert is_helped(caller), caller.screen


def test_the_disk_of_sqlite_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    url = f"sqlite:///{disk / 'isange.db'}"
    with filesystem(disk, 8), laid(tmp_path / "service", url) as laid_service:
        laid_service.start()
        earlier = laid_service.caller().report()
        laid_service.settle()
        filler = fill(disk)

        _is_refused(laid_service)
        _is_refused(laid_service)

        filler.unlink()
        _goes_on(laid_service, earlier)


def test_the_disk_of_postgresql_is_full(home: Path, tmp_path: Path) -> None:
    """PostgreSQL may end when it cannot write its log: its supervisor starts it again."""
    with filesystem(home / "disk", 160) as disk:
        if os.geteuid() == 0:
            os.chown(disk, 65534, 65534)
        server = Postgres(disk)
        with running(server), laid(tmp_path / "service", server.create()) as laid_service:
            laid_service.start()
            earlier = laid_service.caller().report()
            laid_service.settle()
            filler = fill(disk)
            with Crowd(laid_service.url("ussd"), 400, at_once=8) as crowd:
                wait_until(lambda: crowd.shown, "a caller is shown who helps her", 60)
                filler.unlink()
                server.revive()
            assert not any(TOLD.search(screen) for screen in crowd.shown)
            laid_service.settle()
            assert crowd.account(laid_service.witnesses, "disk full").is_kept
            _goes_on(laid_service, earlier)


def _goes_on(laid_service: RunningService, earlier: str) -> None:
    """Once there is room again, reports are taken, and nothing that was told is lost."""
    with Crowd(laid_service.url("ussd"), 5) as crowd:
        pass
    laid_service.settle()
    found = crowd.account(laid_service.witnesses, "there is room again")
    assert found.is_kept, found
    assert laid_service.wait_for_alert("health", earlier)
