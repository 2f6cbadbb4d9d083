"""How a report goes on: its state, and the columns that go with it, are written here alone.

Written apart they would come apart: a report that waits without a timer is never asked about again,
one that is given back with its old reminders has others reminded too soon. Whoever calls holds the
lock of the row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from gateway.store.models import Alert, AlertState, Report, ReportState

NOT_CALLED: Final = -1
"""The rung of a report that waits without an alert, until the mute of its number is over."""

NOBODY_CAN_ACT: Final = -2
"""The rung of a report that is kept and wakes nobody: it has no number, place or centre."""

UNKNOWN_LANGUAGE: Final = "und"
"""ISO 639 for a language that is not known."""


def keep_draft(report: Report, until: datetime) -> None:
    """It is sent as it is when the call must be over by then."""
    report.state, report.climb_at = ReportState.DRAFT, until


def receive(report: Report) -> None:
    """A draft is sent. Its timer runs on until it is known who is asked."""
    report.state = ReportState.RECEIVED


def wait_for_nobody(report: Report) -> None:
    """It is kept, and nobody could act on it."""
    report.rung = NOBODY_CAN_ACT


def wait_for_somebody(report: Report) -> None:
    """Somebody can act on it, and nobody was asked so far."""
    report.rung = 0


def mute(report: Report, until: datetime) -> None:
    """Its number is muted: nobody is asked before."""
    report.rung, report.climb_at = NOT_CALLED, until


def end_mutes(session: Session, reports: ColumnElement[bool], at: datetime) -> None:
    """Of these reports, those that wait for the end of a mute wait no longer."""
    muted = (Report.state == ReportState.RECEIVED, Report.rung == NOT_CALLED)
    session.execute(update(Report).where(reports, *muted).values(climb_at=at))


def ask(report: Report, rung: int) -> None:
    """Somebody is asked: this rung."""
    report.rung = rung


def escalate_at(report: Report, when: datetime | None) -> None:
    """The next rung is asked then unless somebody accepts; with None, nobody is any more."""
    report.climb_at = when


def fold(report: Report, into: Report, look_at: datetime) -> None:
    """Another report stands for it; whether that is still so is looked at then."""
    report.folded_into = into.id
    look_again(report, look_at)


def look_again(report: Report, look_at: datetime) -> None:
    """The other report still stands for it."""
    report.climb_at = look_at


def stand_alone(report: Report) -> None:
    """No other report stands for it any more."""
    report.folded_into = None


def accept(report: Report, alert: Alert, at: datetime) -> None:
    """The one this alert went to has it, and her time to act begins."""
    report.state, report.accepted_at = ReportState.ACCEPTED, at
    report.accepted_by, report.climb_at = alert.staff_id, None
    remind(report, at)
    alert.state, alert.answered_at = AlertState.ACCEPTED, at


def remind(report: Report, when: datetime | None, reminders: int = 0) -> None:
    """When its holder is reminded next, after so many times; with None never."""
    report.remind_at, report.reminders = when, reminders


def give_back(report: Report, alert: Alert, at: datetime, look_at: datetime | None = None) -> None:
    """Its holder has it no longer. `look_at`: for one that another report stands for."""
    report.state, report.accepted_by, report.accepted_at = ReportState.RECEIVED, None, None
    report.remind_at, report.climb_at = None, look_at
    alert.state, alert.answered_at = AlertState.DECLINED, at


def close(report: Report, at: datetime) -> None:
    """Nothing is left to do."""
    report.state, report.closed_at, report.remind_at = ReportState.CLOSED, at, None


def delete(report: Report) -> None:
    """Its caller wants it gone: the bare row stays to be counted."""
    report.state, report.climb_at = ReportState.DELETED, None
    report.answers = report.secret_hash = report.network = None
    report.avoid = []


def purge(report: Report, at: datetime) -> None:
    """What stays is only that there was one, of which kind, where, in which month."""
    deleted = report.state == ReportState.DELETED
    report.state = ReportState.DELETED if deleted else ReportState.CLOSED
    for column in _FORGOTTEN:
        setattr(report, column, None)
    report.code, report.language, report.avoid = report.id, UNKNOWN_LANGUAGE, []
    report.investigator = report.partial = False
    report.rung = report.reminders = 0
    report.created_at = report.created_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    report.purged_at = at


_FORGOTTEN: Final = (
    "answers",
    "secret_hash",
    "network",
    "climb_at",
    "accepted_at",
    "accepted_by",
    "closed_at",
    "folded_into",
    "remind_at",
)
"""Every other column that says more than what is counted."""
