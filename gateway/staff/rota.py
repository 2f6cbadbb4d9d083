"""When staff are on duty: by a switch of one's own, or by a shift of the rota that covers now.

Either is enough. The switch has no end; a shift has one, so nobody has to remember to go home.
Times are the database's, in UTC; people write and read them in the time of their country.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select

from gateway.store.database import Session, utc_now
from gateway.store.models import Centre, Shift, Staff

SHOWN: Final = "%a %Y-%m-%d %H:%M"
"""A moment in the country's time, as people read a rota."""


MOST_ENDS: Final = 200
"""Shifts whose end is looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether somebody is on duty, and until when; no end for who switched herself on."""

    on: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of time, its end not included."""

    begins: datetime
    ends: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.begins <= at < self.ends


def on_duty_now() -> ColumnElement[bool]:
    """In a query about staff: those on duty now, by the database's clock."""
    now = utc_now()
    running = exists().where(
        Shift.staff_id == Staff.id, Shift.starts_at <= now, Shift.ends_at > now
    )
    return or_(Staff.on_duty.is_(True), running)


def in_rota(span: Span) -> ColumnElement[bool]:
    """In a query about staff: those who have a shift within this time."""
    return exists().where(
        Shift.staff_id == Staff.id, Shift.starts_at < span.ends, Shift.ends_at > span.begins
    )


def duty_of(session: Session, person: Staff) -> Duty:
    """Whether she is on duty at this moment."""
    if person.on_duty:
        return Duty(on=True)
    until = session.scalar(select(_end_of_shift(session.at)).where(Staff.id == person.id))
    return Duty(until is not None, until)


def duties(session: Session, *which: ColumnElement[bool]) -> list[tuple[Staff, Duty]]:
    """Staff who can be reached and are on duty, with the end of their duty, by centre and role."""
    end = _end_of_shift(session.at)
    query = (
        select(Staff, end)
        .where(Staff.opted_out_at.is_(None), on_duty_now(), *which)
        .order_by(Staff.centre_id, Staff.role, Staff.id)
    )
    return [
        (person, Duty(on=True, until=None if person.on_duty else until))
        for person, until in session.execute(query)
    ]


def by_centre(
    session: Session, centre_id: str | None = None
) -> Mapping[str, Sequence[tuple[Staff, Duty]]]:
    """Who is on duty at each centre, or at this one; a centre with nobody is there as well."""
    here = () if centre_id is None else (Centre.id == centre_id,)
    found: dict[str, list[tuple[Staff, Duty]]] = {
        one: [] for one in session.scalars(select(Centre.id).where(*here).order_by(Centre.id))
    }
    for person, duty in duties(session, Staff.centre_id.in_(found)):
        found[person.centre_id].append((person, duty))
    return found


def _end_of_shift(at: datetime) -> ColumnElement[datetime]:
    """The end of the last of her shifts that cover this moment; null when none does."""
    covering = (Shift.staff_id == Staff.id, Shift.starts_at <= at, Shift.ends_at > at)
    return select(func.max(Shift.ends_at)).where(*covering).correlate(Staff).scalar_subquery()


def add_shift(session: Session, person: Staff, when: Span) -> None:
    """Put her on the rota."""
    id_ = str(uuid.uuid4())
    session.add(Shift(id=id_, staff_id=person.id, starts_at=when.begins, ends_at=when.ends))


def end_shifts(session: Session, person: Staff) -> datetime | None:
    """End the shifts of hers that run now; when the last of them would have ended."""
    running = session.scalars(
        select(Shift).where(
            Shift.staff_id == person.id, Shift.starts_at <= session.at, Shift.ends_at > session.at
        )
    ).all()
    last = max((shift.ends_at for shift in running), default=None)
    for shift in running:
        shift.ends_at = shift.end_seen_at = session.at
    session.flush()
    return last


def has_ended(session: Session) -> bool:
    """Whether a shift has run out and nobody has looked yet who follows."""
    return session.scalars(_run_out(session.at).limit(1)).first() is not None


def see_end(session: Session) -> Sequence[Shift]:
    """The shifts that have run out, each once."""
    query = _run_out(session.at).limit(MOST_ENDS).with_for_update(skip_locked=True)
    shifts = session.scalars(query).all()
    for shift in shifts:
        shift.end_seen_at = session.at
    session.flush()
    return shifts


def _run_out(at: datetime) -> Select[Shift]:
    return select(Shift).where(Shift.end_seen_at.is_(None), Shift.ends_at <= at)


def strike(session: Session, person: Staff) -> None:
    """Take her off the rota from now on. What has been stays."""
    end_shifts(session, person)
    session.execute(delete(Shift).where(Shift.staff_id == person.id, Shift.starts_at >= session.at))


def clear(session: Session, people: Sequence[Staff], span: Span) -> None:
    """Take the shifts that begin within `span` off the rota; one that runs now ends now.

    What has been stays: it says who was on duty.
    """
    query = select(Shift).where(
        Shift.staff_id.in_([person.id for person in people]), Shift.ends_at > session.at
    )
    for shift in session.scalars(query).all():
        if shift.starts_at not in span:
            continue
        if shift.starts_at < session.at:
            shift.ends_at = session.at
        else:
            session.delete(shift)
    session.flush()


def gaps(session: Session, span: Span, *which: ColumnElement[bool]) -> Mapping[str, Sequence[Span]]:
    """By centre, the times within `span` for which the rota names nobody out of `which` staff.

    Only for centres that have a rota; who is on duty by her own switch leaves no gap.
    """
    reachable = (Staff.opted_out_at.is_(None), *which)
    switched_on = set(session.scalars(select(Staff.centre_id).where(Staff.on_duty, *reachable)))
    query = (
        select(Staff.centre_id, Shift.starts_at, Shift.ends_at)
        .join(Staff, Staff.id == Shift.staff_id)
        .where(Shift.ends_at > span.begins, *reachable)
        .order_by(Staff.centre_id, Shift.starts_at)
    )
    found = {}
    for centre, rows in groupby(session.execute(query), lambda row: str(row[0])):
        left = list(_uncovered(span, (Span(begins, ends) for _, begins, ends in rows)))
        if left and centre not in switched_on:
            found[centre] = left
    return found


def _uncovered(span: Span, shifts: Iterable[Span]) -> Iterator[Span]:
    """What of `span` no shift covers; `shifts` come in the order in which they begin."""
    covered = span.begins
    for shift in shifts:
        if shift.begins > covered:
            yield Span(covered, min(shift.begins, span.ends))
        covered = max(covered, shift.ends)
        if covered >= span.ends:
            return
    yield Span(covered, span.ends)
