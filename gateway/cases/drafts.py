"""Drafts whose call must be over, though the network never said so: the clock sends them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from gateway.cases.reports import Reports
from gateway.store.database import Session
from gateway.store.models import Report, ReportState


def overdue(session: Session) -> Sequence[str]:
    """The ids of drafts whose session must be over."""
    query = select(Report.id).where(
        Report.state == ReportState.DRAFT, Report.draft_ends_at <= session.at
    )
    return session.scalars(query).all()


def send_overdue(session: Session, reports: Reports, report_id: str) -> bool:
    """Send a draft unless somebody did meanwhile; whether it was sent now."""
    query = select(Report).where(Report.id == report_id, Report.state == ReportState.DRAFT)
    draft = session.scalars(query.with_for_update(skip_locked=True)).first()
    if draft is not None:
        reports.send_as_it_is(session, draft)
    return draft is not None
