"""Keys rotate under traffic, by a process that is killed again and again: nobody notices.

`REPORTS=15000 pytest tests/faults/test_rotation_kills.py` makes so many of them beforehand.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from gateway.audit import log as audit
from gateway.cases import contacts
from gateway.country.pack import Pack
from gateway.store import database
from gateway.store.models import DataKeyRow
from gateway.vault.create import create_keys
from gateway.vault.rotating import Folders
from gateway.vault.vault import Vault
from tests.services import PATIENCE, wait_until
from tests.staff_and_reports import SMS_NOW, StaffAndReports

pytestmark = pytest.mark.system

OLD = "20261124a"
REPORTS = int(os.environ.get("REPORTS", "300"))
MORE_TIME = max(0, REPORTS - 300) / 20
"""Seconds that a rotation of more of them may take beyond what one of 300 may."""

PROGRAM = """
import sys
from pathlib import Path
from gateway.audit import log as audit; from gateway.store import database
from gateway.retention.key_rotation import Rotation
from gateway.vault.vault import Vault

url, root = sys.argv[1], Path(sys.argv[2])
engine = audit.seal_with(database.connect(url), lambda: Vault.open(root / "staff", "staff"))
Rotation(engine, root, settle=2.5, grace=2.5).run()
"""
"""As `isange keys rotate` does it, but for the seconds that it waits."""


@dataclass
class Traffic:
    """Callers who report and staff who read, all the time, with vaults opened once at the start."""

    records: StaffAndReports
    staff: Vault
    written: list[str] = field(default_factory=list)
    read: int = 0
    errors: list[BaseException] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._go_on, args=(do,)) for do in (self._write, self._read)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join(PATIENCE)

    def _go_on(self, do: Callable[[random.Random], None]) -> None:
        chance = random.Random(1)  # noqa: S311  Which caller and which report does not matter.
        while not self.stopping.wait(0.01):
            try:
                do(chance)
            except BaseException as error:  # noqa: BLE001  Each of them is what the test is about.
                self.errors.append(error)

    def _write(self, chance: random.Random) -> None:
        number = f"+2507{chance.randrange(80_000_000, 90_000_000)}"
        self.written.append(self.records.report(contact=SMS_NOW, number=number))

    def _read(self, chance: random.Random) -> None:
        report_id = chance.choice(self.written)
        for vault in (self.staff, self.records.worker):
            with database.reading(self.records.engine) as session:
                assert contacts.read(session, vault, report_id) is not None
        self.read += 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_keys(tmp_path / "keys", date(2026, 11, 24))
    return tmp_path / "keys"


@pytest.fixture
def traffic(engine: Engine, pack: Pack, root: Path) -> Traffic:
    web, worker = Vault.open(root / "web", "web"), Vault.open(root / "worker", "worker")
    audit.seal_with(engine, lambda: web)
    records = StaffAndReports(engine, pack, web, worker, Vault.open(root / "staff", "staff"))
    records.staff()
    made = Traffic(records, records.staff_vault)
    for number in range(REPORTS):
        made.written.append(records.report(contact=SMS_NOW, number=f"+2507880{number:05}"))
    return made


def rotating(records: StaffAndReports, root: Path) -> subprocess.Popen[bytes]:
    url = records.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen([sys.executable, "-c", PROGRAM, url, str(root)])


def killed(process: subprocess.Popen[bytes], when: Callable[[], object], what: str) -> None:
    wait_until(when, what, 30 + MORE_TIME)
    process.send_signal(signal.SIGKILL)
    assert process.wait(PATIENCE) == -signal.SIGKILL, "it was still at work"


def test_a_rotation_killed_in_each_of_its_steps_costs_nobody_anything(
    traffic: Traffic, root: Path
) -> None:
    """Given readers and writers, when it is killed while it prepares and re-wraps, all go on."""
    records, folders = traffic.records, Folders(root)

    def renewed(recipient: str) -> int:
        mine = (DataKeyRow.recipient == recipient, DataKeyRow.key_id != OLD)
        with database.reading(records.engine) as session:
            return session.scalar(select(func.count()).where(*mine)) or 0

    with traffic.flowing():
        killed(
            rotating(records, root), lambda: folders.ids("pepper", "next"), "new secrets lie ready"
        )
        killed(
            rotating(records, root), lambda: renewed("sender") > REPORTS // 2, "rows are re-wrapped"
        )
        assert rotating(records, root).wait(60 + MORE_TIME) == 0
        done = len(traffic.written)
        wait_until(lambda: len(traffic.written) > done + 5, "callers go on")

    assert traffic.errors == []
    assert traffic.read > 10
    assert not folders.is_under_way()
    new = folders.current()
    assert {row.key_id for row in records.all(DataKeyRow) if row.recipient != "escrow"} == {new}
    assert not list(root.glob(f"*/*-{OLD}.private"))[1:], "only the escrow has its old half"
    staff, worker = Vault.open(root / "staff", "staff"), Vault.open(root / "worker", "worker")
    for report_id in traffic.written:
        with database.reading(records.engine) as session:
            assert contacts.read(session, staff, report_id)
            assert contacts.read(session, worker, report_id)
