"""Lets time pass in the demo: what waits for a later moment is told that the moment has come.

A story cannot wait five minutes until the next person is woken. So the page goes through a door
that only the sandbox has: it moves the past of every open report back, as if all of it had happened
that much earlier. The timers, the clock that reads them and what it does then are the real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, and_, or_, select

from gateway.store import database
from gateway.store.database import UtcDateTime
from gateway.store.models import Alert, Base, CallAttempt, Report, ReportState

WAITING: Final = (ReportState.RECEIVED, ReportState.DRAFT)
"""Reports that somebody is asked about when they are due; those of staff have a reminder."""


class NotADemo(RuntimeError):
    """The database is no demo's: nobody's past may be changed there."""

    def __init__(self) -> None:
        super().__init__("time passes at will in the database of a demo only")


def check_is_a_demo(engine: Engine) -> None:
    """Raise NotADemo for any database that production could use."""
    if engine.dialect.name != "sqlite":
        raise NotADemo


def skip(engine: Engine, code: str | None = None) -> timedelta | None:
    """Let time pass until the next timer; how long that was, or None when nothing waits.

    With `code`, until the timer of that report. A timer that is due already is left alone. Raises
    NotADemo.
    """
    check_is_a_demo(engine)
    with database.writing(engine, "sandbox.skip") as session:
        now = database.now(session)
        timers = {report: _timer(report) for report in session.scalars(_OPEN)}
        due = [
            timer
            for report, timer in timers.items()
            if timer and timer > now and code in (None, report.code)
        ]
        if not due:
            return None
        passed = min(due) - now
        of_these = [report.id for report in timers]
        _move(list(timers), passed)
        for table in (Alert, CallAttempt):
            _move(session.scalars(select(table).where(table.report_id.in_(of_these))).all(), passed)
        return passed


_REMINDED: Final = and_(Report.state == ReportState.ACCEPTED, Report.remind_at.is_not(None))
_OPEN: Final = select(Report).where(or_(Report.state.in_(WAITING), _REMINDED))


def _timer(report: Report) -> datetime | None:
    return report.remind_at if report.state == ReportState.ACCEPTED else report.due_at


def _move(rows: Sequence[Base], passed: timedelta) -> None:
    """Every moment of these rows lies that much further back."""
    for row in rows:
        for column in row.__table__.columns:
            moment: datetime | None = getattr(row, column.name)
            if isinstance(column.type, UtcDateTime) and moment is not None:
                setattr(row, column.name, moment - passed)
