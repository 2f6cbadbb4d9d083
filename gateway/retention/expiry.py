"""What has reached its age, class by class, and how each is destroyed.

The order counts: every wrapped key that is due goes before any row is touched. Ages come from the
country's pack; what is only needed for hours (tries, actions, uses of a number) has an age here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from gateway.cases import contacts, transitions
from gateway.country.facts import Retention
from gateway.staff import pins
from gateway.store.database import Session
from gateway.store.models import (
    Action,
    Alert,
    CallAttempt,
    CodeTry,
    ContactRow,
    DataKeyRow,
    DeliveryReport,
    IncomingSms,
    NumberUse,
    Outbox,
    OutboxState,
    PinTry,
    Report,
    ReportState,
    Shift,
    Swap,
)

HOURS_MATTER: Final = timedelta(days=2)
"""Tries are counted within a day, and no session that could repeat an action lasts an hour."""

Ids = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ExpiryStep:
    """One thing to destroy. `due` selects the ids of what has reached its age.

    `about_reports`: it is told in the audit log, and for `keys` before anything else happens.
    """

    what: str
    due: Select[Any]
    destroy: Callable[[Session, Ids], object]
    keys: bool = False
    about_reports: bool = True
    by_owner: str | None = None
    """A table from which the clock may remove nothing: that is left to the owner of the tables."""


def steps(ages: Retention, at: datetime, note: Callable[[set[str]], object]) -> list[ExpiryStep]:
    """All there is to do at this moment. `note` is told which keys old backups open it with."""

    def forget(*purposes: str) -> Callable[[Session, Ids], object]:
        return lambda session, ids: note(_forget_keys(session, ids, purposes))

    contact, answers, drafts = _contacts(ages, at), _past(ages.answers, at), _drafts(ages, at)
    return [
        ExpiryStep(
            "keys to contacts", contact.where(_key("contact")), forget("contact"), keys=True
        ),
        ExpiryStep(
            "keys to answers", _with(answers, _key()), forget("contact", "answers"), keys=True
        ),
        ExpiryStep(
            "keys to drafts", _with(drafts, _key()), forget("contact", "answers"), keys=True
        ),
        ExpiryStep("contacts", contact, _forget_contacts),
        ExpiryStep("drafts", _with(drafts), _forget_drafts),
        ExpiryStep("reports", _with(answers), _counted_only(at, note)),
        *_traces(at - HOURS_MATTER, at - timedelta(days=ages.logs), at),
    ]


def keys_in_use(session: Session) -> set[str]:
    """The keys that boxes in the database are sealed to, as the names of their files begin."""
    return _named(session, select(DataKeyRow.recipient, DataKeyRow.key_id).distinct())


def _past(days: int, at: datetime) -> tuple[ColumnElement[bool], ...]:
    """Reports that are not purged yet and ended so long ago, which none does before it is made."""
    is_old = Report.created_at < at - timedelta(days=days)
    return Report.purged_at.is_(None), is_old, *_ended(days, at)


def _ended(days: int, at: datetime) -> tuple[ColumnElement[bool], ...]:
    ended = func.coalesce(Report.closed_at, Report.created_at)
    return ended < at - timedelta(days=days), Report.state != ReportState.DRAFT


def _contacts(ages: Retention, at: datetime) -> Select[Any]:
    """Contacts whose report ended so long ago: few are as old, while of reports there are years."""
    is_old = ContactRow.reported_at < at - timedelta(days=ages.contact)
    query = select(ContactRow.report_id).join(Report, Report.id == ContactRow.report_id)
    return query.where(is_old, *_ended(ages.contact, at)).order_by(ContactRow.reported_at)


def _drafts(ages: Retention, at: datetime) -> tuple[ColumnElement[bool], ...]:
    begun_before = at - timedelta(days=ages.drafts)
    return Report.created_at < begun_before, Report.state == ReportState.DRAFT


def _with(reports: tuple[ColumnElement[bool], ...], *also: ColumnElement[bool]) -> Select[Any]:
    return select(Report.id).where(*reports, *also)


def _key(*purposes: str) -> ColumnElement[bool]:
    own = DataKeyRow.report_id == Report.id
    return exists().where(own, *([DataKeyRow.purpose.in_(purposes)] if purposes else []))


def _forget_keys(session: Session, ids: Ids, purposes: tuple[str, ...]) -> set[str]:
    """Destroy wrapped keys; the keys that they were sealed to."""
    which = (DataKeyRow.report_id.in_(ids), DataKeyRow.purpose.in_(purposes))
    sealed_to = select(DataKeyRow.recipient, DataKeyRow.key_id).where(*which).distinct()
    names = _named(session, sealed_to)
    session.execute(delete(DataKeyRow).where(*which))
    return names


def _named(session: Session, pairs: Select[str, str]) -> set[str]:
    return {f"{recipient}-{key_id}" for recipient, key_id in session.execute(pairs)}


def _forget_contacts(session: Session, ids: Ids) -> None:
    for report_id in ids:
        contacts.forget(session, report_id)


def _forget_drafts(session: Session, ids: Ids) -> None:
    """Not even a count: she sent nothing."""
    _forget_contacts(session, ids)
    for table in (Action, NumberUse):
        session.execute(delete(table).where(table.report_id.in_(ids)))
    session.execute(delete(Report).where(Report.id.in_(ids)))


def _counted_only(
    at: datetime, note: Callable[[set[str]], object]
) -> Callable[[Session, Ids], None]:
    """What leaves of a report only that there was one, of which kind, where, in which month.

    Keys that were passed over before, because somebody worked on the report, go first.
    """

    def destroy(session: Session, ids: Ids) -> None:
        note(_forget_keys(session, ids, ("contact", "answers")))
        _forget_contacts(session, ids)
        for table in (Action, NumberUse, CodeTry, CallAttempt, Outbox, Alert):
            session.execute(delete(table).where(table.report_id.in_(ids)))
        for report in session.scalars(select(Report).where(Report.id.in_(ids))):
            transitions.purge(report, at)

    return destroy


def _traces(hours: datetime, logs: datetime, at: datetime) -> Iterator[ExpiryStep]:
    """What work left behind, none of which is about what anybody reported."""
    unsent = Outbox.state.in_((OutboxState.PENDING, OutboxState.SENDING))  # Others have none.
    yield ExpiryStep(
        "letters that came too late",
        select(Outbox.id).where(unsent, Outbox.sealed.is_not(None), Outbox.expires_at < at),
        lambda session, ids: session.execute(
            update(Outbox).where(Outbox.id.in_(ids)).values(sealed=None)
        ),
        about_reports=False,
    )
    yield _older(CodeTry.request, CodeTry.tried_at < hours, "tries of codes")
    over = and_(PinTry.tried_at < hours, pins.is_over())
    tries = _older(PinTry.request, over, "tries of PINs")
    yield replace(tries, by_owner=PinTry.__tablename__)
    yield _older(NumberUse.id, NumberUse.at < hours, "uses of numbers")
    begun = exists().where(Report.id == Action.report_id, Report.created_at < hours)
    yield _older(Action.request, begun, "actions of sessions")
    due = and_(Outbox.state.in_(OutboxState), Outbox.due_at < logs)  # It is due before it expires.
    yield _older(Outbox.id, and_(due, Outbox.expires_at < logs), "SMS")
    yield _older(DeliveryReport.id, DeliveryReport.received_at < logs, "delivery reports")
    yield _older(IncomingSms.id, IncomingSms.received_at < logs, "ids of incoming SMS")
    yield _older(Shift.id, Shift.ends_at < logs, "shifts")
    yield _older(Swap.id, Swap.expires_at < logs, "swaps of duty")


def _older(key: InstrumentedAttribute[Any], past: ColumnElement[bool], what: str) -> ExpiryStep:
    def forget(session: Session, ids: Ids) -> None:
        session.execute(delete(key.class_).where(key.in_(ids)))

    return ExpiryStep(what, select(key).where(past), forget, about_reports=False)
