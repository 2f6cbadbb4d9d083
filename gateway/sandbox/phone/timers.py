"""Lets time pass in the demo: what waits for a later moment is told that the moment has come.

A story cannot wait five minutes until the next person is woken. So the page goes through a door
that only the sandbox has: it moves the past of every open report back, as if all of it had happened
that much earlier. The timers, the clock that reads them and what it does then are the real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway import database
from gateway.database import UtcDateTime
from gateway.models import Alert, Report, ReportState

WAITING: Final = (ReportState.RECEIVED, ReportState.DRAFT)
"""Reports that a timer will do something about."""


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
        reports = session.scalars(select(Report).where(Report.state.in_(WAITING))).all()
        due = [
            report.climb_at
            for report in reports
            if report.climb_at and report.climb_at > now and code in (None, report.code)
        ]
        if not due:
            return None
        passed = min(due) - now
        _move(reports, passed)
        _move(_alerts(session, reports), passed)
        return passed


def _alerts(session: Session, reports: Sequence[Report]) -> Sequence[Alert]:
    of_these = [report.id for report in reports]
    return session.scalars(select(Alert).where(Alert.report_id.in_(of_these))).all()


def _move(rows: Sequence[Report | Alert], passed: timedelta) -> None:
    """Every moment of these rows lies that much further back."""
    for row in rows:
        for column in row.__table__.columns:
            moment: datetime | None = getattr(row, column.name)
            if isinstance(column.type, UtcDateTime) and moment is not None:
                setattr(row, column.name, moment - passed)
