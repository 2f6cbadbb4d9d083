"""Stories of callers who come back to their report, or want no more SMS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gateway.store.models import ContactRow, ReportState
from tests.faults.callers import SECRET
from tests.faults.stories.story import Story


class OpensCase(Story):
    """My code: she looks at where her report stands."""

    labels: ClassVar[tuple[str, ...]] = ()
    """From where it stands to what she wants done."""
    shown: ClassVar = "Received by the centre."

    def before(self) -> None:
        self.reported()
        self.caller.open_report(self.code)
        if self.labels:
            self.caller.press(SECRET).choose(*self.labels[:-1])

    def action(self) -> None:
        if self.labels:
            self.caller.choose(self.labels[-1])
        else:
            self.caller.press(SECRET)

    def again(self) -> None:
        self.caller.repeat()

    def broken(self) -> Iterator[str]:
        if self.shown not in self.caller.screen:
            yield "she is not told what came of it"

    def contact(self) -> ContactRow | None:
        with self.running.reading() as session:
            return session.get(ContactRow, self.report().id)


class StopsContact(OpensCase):
    labels = ("Stop all contact", "Yes, stop")
    shown = "Nobody will contact you."

    def broken(self) -> Iterator[str]:
        yield from super().broken()
        if self.contact() is not None:
            yield "her number is still kept"


class ChangesContact(OpensCase):
    labels = ("Change how you contact me", "Yes, by call", "Evening")
    shown = "It is noted."

    def broken(self) -> Iterator[str]:
        yield from super().broken()
        if self.contact() is None:
            yield "her number is gone"


class Deletes(OpensCase):
    labels = ("Delete my report", "Yes, delete")
    shown = "All is deleted."

    def broken(self) -> Iterator[str]:
        yield from super().broken()
        if self.report().state != ReportState.DELETED:
            yield "the report is not deleted"


class OptsOut(OpensCase):
    """The owner of her number blocks us; the network repeats it until it is taken."""

    def before(self) -> None:
        self.reported()

    def action(self) -> None:
        self.running.network.opt_out(self.caller.number)

    def again(self) -> None:
        """Nothing: the network repeats."""

    def is_over(self) -> bool:
        contact = self.contact()
        return contact is not None and contact.sms_stopped_at is not None

    def broken(self) -> Iterator[str]:
        self.running.network.clear()
        return iter(())


class Stops(OptsOut):
    """She writes STOP."""

    def action(self) -> None:
        self.running.network.incoming(self.caller.number, "STOP")
