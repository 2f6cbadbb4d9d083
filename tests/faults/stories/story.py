"""What people and the network do while a process dies: what all stories have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar, Final

from sqlalchemy import select

from gateway.store.models import Outbox, Report
from tests.faults.callers import Cut
from tests.faults.running_service import NURSES, Name, RunningService
from tests.services import wait_until

LONGEST_WAY: Final = 20.0
"""Seconds from arming a process to its death."""


class Story:
    """One caller, one report to Kabutare, and one process that dies."""

    process: ClassVar[Name] = "web"
    reports: ClassVar[int] = 1
    caller_sms: ClassVar[int] = 1
    escalations: ClassVar[int | None] = 0

    def __init__(self, running: RunningService, run: int) -> None:
        self.running, self.run = running, run
        self.caller = running.caller()
        self.code = ""

    def play(self, point: str) -> datetime:
        """Play it to the end; the moment at which what had died was started again."""
        service = self.running.armed(self.process, point)
        self.before()
        service.arm()
        with suppress(Cut):
            self.action()
        wait_until(service.has_died, f"{self.process} dies at {point}", LONGEST_WAY)
        recovered = datetime.now(UTC)
        service.revive()
        self.again()
        return recovered

    def before(self) -> None:
        """What leads up to the point."""

    def action(self) -> None:
        """What passes the point. The network may cut."""

    def again(self) -> None:
        """What people and the network do after it."""

    def is_over(self) -> bool:
        """Whether all that must come of it has come."""
        return True

    def broken(self) -> Iterator[str]:
        """Promises of this story alone that were not kept."""
        return iter(())

    def report(self) -> Report:
        """The report of this story, by the code that its caller was told."""
        assert self.code or self.caller.told, f"she was told no code:\n{self.caller.screen}"
        code = self.code or self.caller.told[0]
        with self.running.reading() as session:
            return session.scalars(select(Report).where(Report.code == code)).one()

    def rows(self) -> list[Outbox]:
        """Every SMS about the report."""
        query = select(Outbox).where(Outbox.report_id == self.report().id)
        with self.running.reading() as session:
            return list(session.scalars(query))

    def reported(self) -> None:
        """A report, and every SMS about it has left."""
        self.code = self.caller.report()
        for role in NURSES:
            self.running.wait_for_alert(role, self.code)
        self.running.settle()
