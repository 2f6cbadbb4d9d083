"""What people and the network do while a process dies: one story for each kind of point.

A story leads up to a point, passes it, and goes on as people do after a cut line: the network
repeats its notices, a caller presses the key again. It knows what must have come of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import delete, select

from gateway import database
from gateway.models import (
    AuditHead,
    Beat,
    ContactRow,
    Outbox,
    OutboxState,
    ProviderHealth,
    Report,
    ReportState,
)
from gateway.sandbox.standin import wire
from tests.faults.callers import SECRET, Cut
from tests.faults.ground import NURSES, Ground, Name
from tests.services import wait_until

LONGEST_WAY: Final = 20.0
"""Seconds from arming a process to its death."""


class Story:
    """One caller, one report to Kabutare, and one process that dies."""

    process: ClassVar[Name] = "web"
    reports: ClassVar[int] = 1
    caller_sms: ClassVar[int] = 1
    escalations: ClassVar[int | None] = 0

    def __init__(self, ground: Ground, run: int) -> None:
        self.ground, self.run = ground, run
        self.caller = ground.caller()
        self.code = ""

    def play(self, point: str) -> datetime:
        """Play it to the end; the moment at which what had died was started again."""
        service = self.ground.armed(self.process, point)
        self.before()
        service.arm()
        with suppress(Cut):
            self.deed()
        wait_until(service.has_died, f"{self.process} dies at {point}", LONGEST_WAY)
        recovered = datetime.now(UTC)
        service.revive()
        self.again()
        return recovered

    def before(self) -> None:
        """What leads up to the point."""

    def deed(self) -> None:
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
        code = self.code or self.caller.told[0]
        with self.ground.reading() as session:
            found = session.scalars(select(Report).where(Report.code == code)).one()
            session.expunge_all()
        return found

    def rows(self) -> list[Outbox]:
        """Every SMS about the report."""
        query = select(Outbox).where(Outbox.report_id == self.report().id)
        with self.ground.reading() as session:
            found = list(session.scalars(query))
            session.expunge_all()
        return found

    def reported(self) -> None:
        """A report, and every SMS about it has left."""
        self.code = self.caller.report()
        for role in NURSES:
            self.ground.wait_for_alert(role, self.code)
        self.ground.settle()


class Sends(Story):
    """She sends her report, or asks for help at once; the network repeats the step."""

    def before(self) -> None:
        if self.run % 2:
            self.caller.dial().press("1", "1")
        else:
            self.caller.until_last_word()

    def deed(self) -> None:
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

    def deed(self) -> None:
        self.caller.choose(self.labels[self._step])

    def again(self) -> None:
        self.caller.repeat().choose(*self.labels[self._step + 1 :], *self.rest, "Now", "No")
        self.caller.press(SECRET).choose("Send: health").sees("Sent. Code: ")

    @property
    def _step(self) -> int:
        return self.run % len(self.labels)


class Delivers(Story):
    """She was told; what is to leave because of it has to leave."""

    process = "worker"

    def deed(self) -> None:
        self.caller.report()


class IsDelivered(Story):
    """The network's delivery reports come while the web process dies."""

    def deed(self) -> None:
        self.caller.report()

    def again(self) -> None:
        if not self.caller.told:
            self.caller.repeat()

    def is_over(self) -> bool:
        return all(row.delivery == "Success" for row in self.rows())


class GivesUp(Story):
    """Neither nurse's number can be reached: the next rung is asked."""

    process = "worker"
    escalations = 1

    def before(self) -> None:
        for role in NURSES:
            self.ground.network.behave(self.ground.number(role), status_code=403)

    def deed(self) -> None:
        self.caller.report()

    def is_over(self) -> bool:
        return self.report().rung > 0

    def broken(self) -> Iterator[str]:
        self.ground.network.clear()
        return iter(())


class Accepts(Story):
    """A nurse accepts, or passes it on, by SMS; the network repeats hers until it is taken."""

    def before(self) -> None:
        self.reported()

    def deed(self) -> None:
        self.write("health", "2" if self.run % 2 else "1")

    def write(self, role: str, verb: str) -> None:
        """An SMS of hers with the digits of her own alert."""
        alert = self.ground.wait_for_alert(role, self.code)
        found = re.search(rf"1 {self.code} (\d{{4}})", alert)
        assert found, f"no digits in: {alert}"
        self.ground.network.incoming(self.ground.number(role), f"{verb} {self.code} {found[1]}")

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
        hers = self.ground.network.sent(self.ground.number("health"))
        return sum(words in sms.text and "Reply 1" not in sms.text for sms in hers)


class Climbs(Accepts):
    """Nobody accepts in time, or both nurses pass it on: the lead is asked, once."""

    process = "clock"
    escalations = 1

    def deed(self) -> None:
        if self.run % 2:
            for role in NURSES:
                self.write(role, "2")
        else:
            self.ground.change(Report, self.report().id, climb_at=self.ground.long_ago())

    def is_over(self) -> bool:
        return self.report().rung == 1

    def broken(self) -> Iterator[str]:
        self.ground.wait_for_alert("lead", self.code)
        return iter(())


class Ticks(Story):
    """The clock dies at what it does now and then, while a report is on its way."""

    process = "clock"

    def before(self) -> None:
        """Let it be time for all of it."""
        with database.writing(self.ground.engine, "test") as session:
            for table in (AuditHead, Beat, ProviderHealth):
                session.execute(delete(table))

    def deed(self) -> None:
        self.caller.report()


class Reminds(Accepts):
    """Who accepted a report is reminded that it is still open."""

    process = "clock"

    def before(self) -> None:
        self.reported()
        self.write("health", "1")
        wait_until(lambda: self.report().remind_at, "a reminder is set", LONGEST_WAY)
        self.ground.settle()

    def deed(self) -> None:
        """Let her have been silent for hours."""
        past = self.ground.long_ago()
        accepted_at = past - timedelta(hours=10)
        report = self.report().id
        self.ground.change(Report, report, remind_at=past, accepted_at=accepted_at)

    def is_over(self) -> bool:
        return self.report().reminders > 0

    def broken(self) -> Iterator[str]:
        if self.report().reminders > 1:
            yield f"{self.report().reminders} reminders for one timer"


class Recovers(Story):
    """A worker died while it sent; the clock that takes up its rows dies as well."""

    process = "clock"

    def before(self) -> None:
        for name in ("worker", "clock"):
            self.ground.services[name].freeze()
        self.code = self.caller.report()
        far = datetime.now(UTC) + timedelta(hours=1)
        self._mark(state=OutboxState.SENDING, attempt=1, maybe_sent=1, lease_until=far)

    def deed(self) -> None:
        self._mark(lease_until=self.ground.long_ago())
        self.ground.services["clock"].thaw()

    def again(self) -> None:
        self.ground.services["worker"].thaw()

    def broken(self) -> Iterator[str]:
        states = sorted(row.state for row in self.rows())
        if states != ["accepted", "accepted", "unknown"]:
            yield f"its SMS are {states}"

    def _mark(self, **values: object) -> None:
        for row in self.rows():
            self.ground.change(Outbox, row.id, **values)


class KeepsDraft(Story):
    """She allows us to send what she gave if the line drops, and it drops."""

    caller_sms = 0

    def before(self) -> None:
        self.caller.until_draft()

    def deed(self) -> None:
        self.caller.choose("Yes")

    def again(self) -> None:
        self.caller.repeat()
        self.end("Incomplete")

    def end(self, status: str) -> None:
        """The network's event at the end of the session."""
        caller = self.caller
        self.ground.post(
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
        with self.ground.reading() as session:
            found = list(session.scalars(select(Report).where(Report.state == ReportState.DRAFT)))
            session.expunge_all()
        return found

    def let_it_be_due(self) -> None:
        """Let the minutes pass after which the clock sends a draft of which nobody hears."""
        for draft in self.drafts():
            self.ground.change(Report, draft.id, climb_at=self.ground.long_ago())

    def is_over(self) -> bool:
        return not self.drafts()


class LineCuts(KeepsDraft):
    """The event of the cut line comes once, or is repeated: the clock sends the draft as well."""

    def before(self) -> None:
        self.caller.until_draft().choose("Yes")

    def deed(self) -> None:
        self.end("Incomplete")

    def again(self) -> None:
        if self.run % 2:
            self.let_it_be_due()
        else:
            self.end("Incomplete")


class SendsOverdue(LineCuts):
    """No event ever comes: the clock sends the draft."""

    process = "clock"

    def deed(self) -> None:
        self.let_it_be_due()

    def again(self) -> None:
        """Nothing: the clock is back."""


class DiscardsDraft(LineCuts):
    """She leaves with 0, and nothing of her draft may be left."""

    reports = 0

    def deed(self) -> None:
        self.caller.press("0")

    def again(self) -> None:
        self.caller.repeat()


class ForgetsDraft(LineCuts):
    """The network says that the session was ended by us."""

    reports = 0

    def deed(self) -> None:
        self.end("Success")

    def again(self) -> None:
        self.end("Success")


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

    def deed(self) -> None:
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
        with self.ground.reading() as session:
            row = session.get(ContactRow, self.report().id)
            session.expunge_all()
        return row


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

    def deed(self) -> None:
        self.ground.network.opt_out(self.caller.number)

    def again(self) -> None:
        """Nothing: the network repeats."""

    def is_over(self) -> bool:
        contact = self.contact()
        return contact is not None and contact.sms_stopped_at is not None

    def broken(self) -> Iterator[str]:
        self.ground.network.clear()
        return iter(())


class Stops(OptsOut):
    """She writes STOP."""

    def deed(self) -> None:
        self.ground.network.incoming(self.caller.number, "STOP")


class Writes(Story):
    """Somebody simply writes to the line, which makes a task to call her."""

    def deed(self) -> None:
        self.ground.network.incoming(self.caller.number, "please call me")

    def is_over(self) -> bool:
        return bool(self.ground.network.sent(self.caller.number))


class AtTheDesk(Accepts):
    """A nurse dials the staff's code; she is cut at another step in each run."""

    process = "staff"
    steps: ClassVar = ("sign in", "open", "Accept", "Close")

    def before(self) -> None:
        self.reported()
        self.nurse = self.ground.staff_phone(self.ground.number("health"))
        self.nurse.dial()
        self._take(self._actions()[: self._cut_at])

    def deed(self) -> None:
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
            lambda: nurse.press(self.ground.pin("health")),
            lambda: nurse.choose(self.code),
            lambda: nurse.choose("Accept"),
            lambda: nurse.choose("Close").choose("Yes, close"),
        ]

    @staticmethod
    def _take(actions: list[Callable[[], object]]) -> None:
        for act in actions:
            act()


STORIES: Final[dict[str, type[Story]]] = {
    "alert.give_up": GivesUp,
    "audit.publish": Ticks,
    "bell.ring": Sends,
    "case.change_contact": ChangesContact,
    "case.delete": Deletes,
    "case.open": OpensCase,
    "case.stop_contact": StopsContact,
    "beat.note": Ticks,
    "clock.climb": Climbs,
    "clock.heartbeat": Ticks,
    "clock.recover": Recovers,
    "clock.remind": Reminds,
    "clock.send_draft": SendsOverdue,
    "clock.watch": Ticks,
    "delivery.take_in": IsDelivered,
    "draft.discard": DiscardsDraft,
    "draft.forget": ForgetsDraft,
    "draft.keep": KeepsDraft,
    "draft.line_cut": LineCuts,
    "opt_out.note": OptsOut,
    "outbox.claim": Delivers,
    "outbox.settle": Delivers,
    "probe.begin": Ticks,
    "probe.note": Ticks,
    "provider.probe": Ticks,
    "provider.send": Delivers,
    "purge.audit": Ticks,
    "purge.done": Ticks,
    "purge.keys": Ticks,
    "purge.rows": Ticks,
    "reply.receive": Accepts,
    "report.send": Sends,
    "session.save": Dials,
    "sms.note": Writes,
    "sms.stop": Stops,
    "staff.step": AtTheDesk,
}
"""By the name of a transaction, or of what has a point before and after it."""
