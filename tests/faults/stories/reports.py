"""Stories of callers on their way to a report, and of drafts whose line is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import select

from gateway.store.models import Report, ReportState
from sandbox.standin import wire
from tests.faults.callers import SECRET
from tests.faults.stories.story import Story


class Sends(Story):
    """She sends her report, or asks for help at once; the network repeats the step."""

    def before(self) -> None:
        if self.run % 2:
            self.caller.dial().press("1", "1")
        else:
            self.caller.until_last_word()

    def action(self) -> None:
        if self.run % 2:
            self.caller.press("1")
        else:
            self.caller.choose("Send: health")

    def again(self) -> None:
        if not self.caller.told:
            self.caller.repeat()

    def broken(self) -> Iterator[str]:
        if not self.caller.told:
            yield "she was never told"


class Dials(Story):
    """She is on her way through the menus, at another step in each run."""

    labels: ClassVar = ("I need help", "Yes, continue", "Continue", "18 or more", "Sexual violence")
    rest: ClassVar = ("Last 3 days", "Continue", "South", "Huye", "Kabutare", "Yes, by SMS", "Yes")

    def before(self) -> None:
        self.caller.dial().choose(*self.labels[: self._step])

    def action(self) -> None:
        self.caller.choose(self.labels[self._step])

    def again(self) -> None:
        self.caller.repeat().choose(*self.labels[self._step + 1 :], *self.rest, "Now", "No")
        self.caller.press(SECRET).choose("Send: health").sees("Sent. Code: ")

    @property
    def _step(self) -> int:
        return self.run % len(self.labels)


class Writes(Story):
    """Somebody simply writes to the line, which makes a task to call her."""

    def action(self) -> None:
        self.running.network.incoming(self.caller.number, "please call me")

    def is_over(self) -> bool:
        return bool(self.running.network.sent(self.caller.number))


class KeepsDraft(Story):
    """She allows us to send what she gave if the line drops, and it drops."""

    caller_sms = 0

    def before(self) -> None:
        self.caller.until_draft()

    def action(self) -> None:
        self.caller.choose("Yes")

    def again(self) -> None:
        self.caller.repeat()
        self.end("Incomplete")

    def end(self, status: str) -> None:
        """The network's event at the end of the session."""
        caller = self.caller
        self.running.post(
            "events",
            wire.ussd_event(
                number=caller.number,
                service_code=caller.service_code,
                session_id=caller.session,
                network_code="63510",
                status=status,
                text="",
                last_answer="",
                error="",
                hops=1,
                millis=1,
                ended=datetime.now(UTC),
            ),
        )

    def drafts(self) -> list[Report]:
        with self.running.reading() as session:
            return list(session.scalars(select(Report).where(Report.state == ReportState.DRAFT)))

    def let_it_be_due(self) -> None:
        """Let the minutes pass after which the clock sends a draft of which nobody hears."""
        for draft in self.drafts():
            self.running.change(Report, draft.id, draft_ends_at=self.running.long_ago())

    def is_over(self) -> bool:
        return not self.drafts()


class LineCuts(KeepsDraft):
    """The event of the cut line comes once, or is repeated: the clock sends the draft as well."""

    def before(self) -> None:
        self.caller.until_draft().choose("Yes")

    def action(self) -> None:
        self.end("Incomplete")

    def again(self) -> None:
        if self.run % 2:
            self.let_it_be_due()
        else:
            self.end("Incomplete")


class SendsOverdue(LineCuts):
    """No event ever comes: the clock sends the draft."""

    process = "clock"

    def action(self) -> None:
        self.let_it_be_due()

    def again(self) -> None:
        """Nothing: the clock is back."""


class DiscardsDraft(LineCuts):
    """She leaves with 0, and nothing of her draft may be left."""

    reports = 0

    def action(self) -> None:
        self.caller.press("0")

    def again(self) -> None:
        self.caller.repeat()


class DiscardsAlert(Story):
    """A child is in danger, nobody knows where, and the one who told it deletes all."""

    caller_sms = 0

    def before(self) -> None:
        self.caller.dial().choose("Worried about a child", "Yes, now")
        self.caller.choose("Alert centre, I stay unknown").press("9", "9")
        self.caller.choose("No", "6-11", "Other", "Not sure", "I don't know", "No, stay unknown")

    def action(self) -> None:
        self.caller.choose("No, delete all")

    def again(self) -> None:
        self.caller.repeat().sees("Nothing was kept.")


class ForgetsDraft(LineCuts):
    """The network says that the session was ended by us."""

    reports = 0

    def action(self) -> None:
        self.end("Success")

    def again(self) -> None:
        self.end("Success")
