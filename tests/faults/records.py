"""What the database of a demo says, read beside the processes that write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update

from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Outbox, OutboxState, Report, ReportState

Mode = Callable[[Engine], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Kept:
    """An SMS as the database has it."""

    id: str
    state: str
    outcome: str | None
    delivery: str | None


@dataclass(frozen=True)
class Records:
    """The database at `url`."""

    url: str

    def reports(self) -> dict[str, str]:
        """The state of every report by its code."""
        with self._session() as session:
            return dict(session.execute(select(Report.code, Report.state)).all())

    def outbox(self, code: str) -> list[Kept]:
        """Every SMS about a report."""
        columns = select(Outbox.id, Outbox.state, Outbox.outcome, Outbox.delivery)
        query = columns.join(Report, Report.id == Outbox.report_id).where(Report.code == code)
        with self._session() as session:
            return [Kept(*row) for row in session.execute(query)]

    def end_leases(self, code: str) -> None:
        """Let the seconds pass after which an SMS that was being sent is taken up again."""
        ids = [row.id for row in self.outbox(code) if row.state == OutboxState.SENDING]
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        with self._session(lambda engine: database.writing(engine, "test")) as session:
            session.execute(update(Outbox).where(Outbox.id.in_(ids)).values(lease_until=long_ago))

    def hurry(self) -> None:
        """Let the time of every report that waits, and of every draft, be over."""
        long_ago = datetime.now(UTC) - timedelta(seconds=1)
        waiting = Report.state.in_((ReportState.RECEIVED, ReportState.DRAFT))
        with self._session(lambda engine: database.writing(engine, "test")) as session:
            due = {"escalate_at": long_ago, "draft_ends_at": long_ago}
            session.execute(update(Report).where(waiting).values(due))

    @contextmanager
    def _session(self, mode: Mode = database.reading) -> Iterator[Session]:
        """To read, unless told otherwise: a test that looks must not hold up those who write."""
        engine = database.connect(self.url)
        try:
            with mode(engine) as session:
                yield session
        finally:
            engine.dispose()
