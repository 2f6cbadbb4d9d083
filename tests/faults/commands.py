"""Commands of an operator that die at a point: what they change is whole or not there."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from sqlalchemy import func, inspect, select

from gateway.store import database, schema
from gateway.store.models import Centre, Staff
from gateway.vault.roles import Role
from tests.faults.callers import new_number
from tests.faults.stories.story import Story
from tests.samples import CENTRE

SAMPLE = Path(__file__).parents[2] / "gateway" / "countries" / "rw" / "centres.csv"


class Command(Story):
    """`isange ...` is run, dies, and is run again as an operator would."""

    role: ClassVar[Role] = "staff"
    reports = 0
    caller_sms = 0
    committed: ClassVar[str] = ""
    """What the point stands beside, for a command that commits more than once."""
    changes: ClassVar[int] = 0
    """How many rows the command adds in the end."""
    typed: ClassVar[str] = ""
    """What is typed where it asks."""

    def play(self, point: str) -> datetime:
        self.before()
        self.had = self.count()
        once = self.running.home / "command.once"
        once.touch()
        died = self.isange({"ISANGE_CRASH": point, "ISANGE_CRASH_ONCE": str(once)})
        assert died.returncode == -signal.SIGKILL, f"it did not die at {point}: {died.stderr}"
        self.left = self.count() - self.had
        self.survived = point.endswith("after commit") or not point.startswith(self.committed)
        self.isange({})
        return datetime.now(UTC)

    def isange(self, more: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        keys = str(self.running.home / "keys" / self.role)
        return subprocess.run(
            [sys.executable, "-m", "commands.cli", *(words or self.words())],
            input=self.typed,
            start_new_session=True,  # What is asked for is not asked of a terminal.
            env={**self.running.settings, "ISANGE_KEYS": keys, **self.settings(), **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def words(self) -> Sequence[str]:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        return {}

    def count(self) -> int:
        with self.running.reading() as session:
            return session.scalar(select(func.count()).select_from(Staff)) or 0

    def broken(self) -> Iterator[str]:
        if self.left != (self.changes if self.survived else 0):
            yield f"{self.left} rows were left by a command that was killed"
        if self.count() - self.had != self.changes:
            yield f"{self.count() - self.had} rows in the end instead of {self.changes}"


class AddsStaff(Command):
    changes = 1
    typed = "4711\n4711\n"

    def before(self) -> None:
        self.number = new_number()

    def words(self) -> Sequence[str]:
        person = ("--phone", self.number, "--role", "counsellor", "--centre", "kigeme")
        return ("staff", "add", *person)


class RemovesStaff(AddsStaff):
    """She is there, or she is gone: with her duty, her number and her reports."""

    changes = -1

    def before(self) -> None:
        super().before()
        self.isange({}, *super().words())

    def words(self) -> Sequence[str]:
        return ("staff", "remove", self.number)

    def count(self) -> int:
        with self.running.reading() as session:
            here = select(func.count()).where(Staff.left_at.is_(None), Staff.number.is_not(None))
            return session.scalar(here) or 0


class ImportsStaff(Command):
    changes = 3

    def before(self) -> None:
        self.file = self.running.home / "staff.csv"
        with self.file.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["phone", "role", "centre", "language", "pin"])
            rows.writerows([new_number(), "health", "kigeme", "en", "4711"] for _ in range(3))

    def words(self) -> Sequence[str]:
        return ("staff", "import", str(self.file))


class ImportsCentres(Command):
    def words(self) -> Sequence[str]:
        return ("centres", "import", str(SAMPLE))

    def count(self) -> int:
        with self.running.reading() as session:
            assert session.get(Centre, CENTRE), "the centre of the tests is gone"
            return session.scalar(select(func.count()).select_from(Centre)) or 0


class UpgradesSchema(Command):
    """On a database without anything in it. What it may do there is committed after the schema."""

    committed = "schema.upgrade"

    def before(self) -> None:
        self.url = self.running.empty_database()

    def words(self) -> Sequence[str]:
        return ("db", "upgrade")

    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url}

    def count(self) -> int:
        engine = database.connect(self.url)
        try:
            tables = len(inspect(engine).get_table_names())
            assert not tables or schema.is_current(engine), "half a schema"
            return int(tables > 0)
        finally:
            engine.dispose()

    changes = 1


COMMANDS: dict[str, type[Story]] = {
    "centres.import": ImportsCentres,
    "grants.give": UpgradesSchema,
    "schema.upgrade": UpgradesSchema,
    "staff.add": AddsStaff,
    "staff.import": ImportsStaff,
    "staff.remove": RemovesStaff,
}
