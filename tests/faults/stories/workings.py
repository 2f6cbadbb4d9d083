"""Stories of what happens after the caller hangs up: sending, escalating, taking up what died."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from gateway.staff import rota
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.models import (
    AuditHead,
    Outbox,
    OutboxState,
    ProcessSeen,
    ProviderHealth,
    Report,
    Staff,
)
from tests.faults.running_service import NURSES
from tests.faults.stories.staff import Accepts
from tests.faults.stories.story import Story


class Delivers(Story):
    """She was told; what is to leave because of it has to leave."""

    process = "worker"

    def action(self) -> None:
        self.caller.report()


class IsDelivered(Story):
    """The network's delivery reports come while the web process dies."""

    def action(self) -> None:
        self.caller.report()

    def again(self) -> None:
        """It may have died of a report about an SMS from before, in the middle of her call."""
        if not self.caller.told:
            self.caller.repeat()
        if not self.caller.told:
            self.caller.report()

    def is_over(self) -> bool:
        return all(row.delivery == "Success" for row in self.rows())


class GivesUp(Story):
    """Neither nurse's number can be reached: the next level is asked."""

    process = "worker"
    escalations = 1

    def before(self) -> None:
        for role in NURSES:
            self.running.network.behave(self.running.number(role), status_code=403)

    def action(self) -> None:
        self.caller.report()

    def is_over(self) -> bool:
        return self.report().level > 0

    def broken(self) -> Iterator[str]:
        self.running.network.clear()
        return iter(())


class Escalates(Accepts):
    """Nobody accepts in time, or both nurses pass it on: the lead is asked, once."""

    process = "clock"
    escalations = 1

    def action(self) -> None:
        if self.run % 2:
            for role in NURSES:
                self.write(role, "2")
        else:
            self.running.change(Report, self.report().id, escalate_at=self.running.long_ago())

    def is_over(self) -> bool:
        return self.report().level == 1

    def broken(self) -> Iterator[str]:
        self.running.wait_for_alert("lead", self.code)
        return iter(())


class Ticks(Story):
    """The clock dies at what it does now and then, while a report is on its way."""

    process = "clock"

    def before(self) -> None:
        """Let it be time for all of it."""
        with database.writing(self.running.engine, "test") as session:
            for table in (AuditHead, ProcessSeen, ProviderHealth):
                session.execute(delete(table))
            nurse = session.scalars(select(Staff).where(Staff.role == "health")).first()
            assert nurse is not None
            rota.add_shift(session, nurse, Span(session.at - timedelta(hours=8), session.at))

    def action(self) -> None:
        self.caller.report()


class Recovers(Story):
    """A worker died while it sent; the clock that takes up its rows dies as well."""

    process = "clock"

    def before(self) -> None:
        self.running.services["worker"].kill()
        self.code = self.caller.report()
        far = datetime.now(UTC) + timedelta(hours=1)
        self._mark(state=OutboxState.SENDING, attempt=1, maybe_sent=1, lease_until=far)

    def action(self) -> None:
        self._mark(lease_until=self.running.long_ago())

    def again(self) -> None:
        self.running.services["worker"].start()

    def broken(self) -> Iterator[str]:
        states = sorted(row.state for row in self.rows())
        if states != ["accepted", "accepted", "unknown"]:
            yield f"its SMS are {states}"

    def _mark(self, **values: object) -> None:
        for row in self.rows():
            self.running.change(Outbox, row.id, **values)
