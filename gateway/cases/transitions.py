"""How a report goes on: its state, and the columns that go with it, are written here alone.

Written apart they would come apart: a report that waits without a timer is never asked about again,
one that is given back with its old reminders has others reminded too soon. Whoever calls holds the
lock of the row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, update

from gateway.store.database import Session
from gateway.store.models import Alert, AlertState, Report, ReportState, Waiting

UNKNOWN_LANGUAGE: Final = "und"
"""ISO 639 for a language that is not known."""


def keep_draft(report: Report, until: datetime) -> None:
    """It is sent as it is when the call must be over by then."""
    report.state = ReportState.DRAFT
    _set_timer(report, draft_ends_at=until)


def receive(report: Report, at: datetime) -> None:
    """A draft is sent, and due at once until somebody was asked."""
    report.state = ReportState.RECEIVED
    escalate_at(report, at)


def wait(report: Report, why: Waiting | None) -> None:
    """Why nobody was asked about it so far; None where somebody is to be."""
    report.waiting, report.level = why, 0


def mute(report: Report, until: datetime) -> None:
    """Its number is muted: nobody is asked before."""
    wait(report, Waiting.MUTED)
    _set_timer(report, muted_until=until)


def end_mutes(session: Session, reports: ColumnElement[bool]) -> None:
    """Of these reports, those that wait for the end of a mute wait no longer."""
    muted = (Report.state == ReportState.RECEIVED, Report.waiting == Waiting.MUTED)
    ended = update(Report).where(reports, *muted).values(muted_until=session.at, escalate_at=None)
    session.execute(ended)


def ask(report: Report, level: int) -> None:
    """Somebody on this level is asked."""
    report.waiting, report.level = None, level


def escalate_at(report: Report, when: datetime | None) -> None:
    """The next level is asked then unless somebody accepts; with None, nobody is any more."""
    _set_timer(report, escalate_at=when)


def fold(report: Report, into: Report, check_at: datetime) -> None:
    """Another report stands for it; whether that is still so is looked at then."""
    report.folded_into = into.id
    _set_timer(report, check_fold_at=check_at)


def look_at_folded(session: Session, into: Report) -> None:
    """Those that this report stands for are looked at now: it stands for them no longer."""
    waits = (Report.folded_into == into.id, Report.check_fold_at.is_not(None))
    session.execute(update(Report).where(*waits).values(check_fold_at=session.at))


def stand_alone(report: Report) -> None:
    """No other report stands for it any more."""
    report.folded_into = None


def accept(report: Report, alert: Alert, at: datetime) -> None:
    """The one this alert went to has it, and her time to act begins."""
    report.state, report.accepted_at = ReportState.ACCEPTED, at
    report.accepted_by, report.waiting = alert.staff_id, None
    _set_timer(report)
    remind(report, at)
    alert.state, alert.answered_at = AlertState.ACCEPTED, at


def remind(report: Report, when: datetime | None, reminders: int = 0) -> None:
    """When its holder is reminded next, after so many times; with None never."""
    report.remind_at, report.reminders = when, reminders


def give_back(
    report: Report, alert: Alert, at: datetime, check_fold_at: datetime | None = None
) -> None:
    """Its holder has it no longer. `check_fold_at`: for one that another report stands for."""
    report.state, report.accepted_by, report.accepted_at = ReportState.RECEIVED, None, None
    report.remind_at = None
    _set_timer(report, check_fold_at=check_fold_at)
    alert.state, alert.answered_at = AlertState.DECLINED, at


def close(report: Report, at: datetime) -> None:
    """Nothing is left to do."""
    report.state, report.closed_at, report.remind_at = ReportState.CLOSED, at, None


def delete(report: Report) -> None:
    """Its caller wants it gone: the bare row stays to be counted."""
    report.state = ReportState.DELETED
    _set_timer(report)
    report.answers = report.secret_hash = report.network = None
    report.avoid = []


def purge(report: Report, at: datetime) -> None:
    """What stays is only that there was one, of which kind, where, in which month."""
    deleted = report.state == ReportState.DELETED
    report.state = ReportState.DELETED if deleted else ReportState.CLOSED
    for column in _FORGOTTEN:
        setattr(report, column, None)
    _set_timer(report)
    report.code, report.language, report.avoid = report.id, UNKNOWN_LANGUAGE, []
    report.investigator = report.partial = False
    report.level = report.reminders = 0
    report.created_at = report.created_at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    report.purged_at = at


_FORGOTTEN: Final = (
    "answers",
    "secret_hash",
    "network",
    "waiting",
    "accepted_at",
    "accepted_by",
    "closed_at",
    "folded_into",
    "remind_at",
)
"""Every other column that says more than what is counted."""


def _set_timer(
    report: Report,
    *,
    escalate_at: datetime | None = None,
    draft_ends_at: datetime | None = None,
    muted_until: datetime | None = None,
    check_fold_at: datetime | None = None,
) -> None:
    """A report waits for one thing at a time: the other timers are over."""
    report.escalate_at, report.draft_ends_at = escalate_at, draft_ends_at
    report.muted_until, report.check_fold_at = muted_until, check_fold_at
