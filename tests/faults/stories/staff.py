"""Stories of the staff: by SMS, on their own code, and silent after they accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import ClassVar

from gateway.store.models import Report, ReportState
from tests.faults.stories.story import LONGEST_WAY, Story
from tests.services import wait_until


class Accepts(Story):
    """A nurse accepts, or passes it on, by SMS; the network repeats hers until it is taken."""

    def before(self) -> None:
        self.reported()

    def action(self) -> None:
        self.write("health", "2" if self.run % 2 else "1")

    def write(self, role: str, verb: str) -> None:
        """An SMS of hers with the digits of her own alert."""
        alert = self.running.wait_for_alert(role, self.code)
        found = re.search(rf"1 {self.code} (\d{{4}})", alert)
        assert found, f"no digits in: {alert}"
        self.running.network.incoming(self.running.number(role), f"{verb} {self.code} {found[1]}")

    def is_over(self) -> bool:
        return self._answers() > 0

    def broken(self) -> Iterator[str]:
        state = ReportState.RECEIVED if self.run % 2 else ReportState.ACCEPTED
        if self.report().state != state:
            yield f"the report is {self.report().state}"
        if self._answers() > 3:
            yield f"{self._answers()} answers to one SMS"

    def _answers(self) -> int:
        words = f"{self.code} is yours" if not self.run % 2 else f"{self.code}"
        hers = self.running.network.sent(self.running.number("health"))
        return sum(words in sms.text and "Reply 1" not in sms.text for sms in hers)


class Reminds(Accepts):
    """Who accepted a report is reminded that it is still open."""

    process = "clock"

    def before(self) -> None:
        self.reported()
        self.write("health", "1")
        wait_until(lambda: self.report().remind_at, "a reminder is set", LONGEST_WAY)
        self.running.settle()

    def action(self) -> None:
        """Let her have been silent for hours."""
        past = self.running.long_ago()
        accepted_at = past - timedelta(hours=10)
        report = self.report().id
        self.running.change(Report, report, remind_at=past, accepted_at=accepted_at)

    def is_over(self) -> bool:
        return self.report().reminders > 0

    def broken(self) -> Iterator[str]:
        if self.report().reminders > 1:
            yield f"{self.report().reminders} reminders for one timer"


class AtTheDesk(Accepts):
    """A nurse dials the staff's code; she is cut at another step in each run."""

    process = "staff"
    steps: ClassVar = ("sign in", "open", "Accept", "Close")

    def before(self) -> None:
        self.reported()
        self.nurse = self.running.staff_phone(self.running.number("health"))
        self.nurse.dial()
        self._take(self._actions()[: self._cut_at])

    def action(self) -> None:
        self._take(self._actions()[self._cut_at : self._cut_at + 1])

    def again(self) -> None:
        self.nurse.repeat()
        self._take(self._actions()[self._cut_at + 1 :])

    def is_over(self) -> bool:
        return self.report().state == ReportState.CLOSED

    def broken(self) -> Iterator[str]:
        return iter(())

    @property
    def _cut_at(self) -> int:
        return self.run % len(self._actions())

    def _actions(self) -> list[Callable[[], object]]:
        nurse = self.nurse
        return [
            lambda: nurse.press(self.running.pin("health")),
            lambda: nurse.choose(self.code),
            lambda: nurse.choose("Accept"),
            lambda: nurse.choose("Close").choose("Yes, close"),
        ]

    @staticmethod
    def _take(actions: list[Callable[[], object]]) -> None:
        for act in actions:
            act()
