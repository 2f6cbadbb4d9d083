"""The weekly test: every phone that an alert may go to is asked by SMS to answer.

A phone that lies in a drawer, has a new number or no credit left is found on a quiet day and not on
the night when it is needed. Any SMS from it counts as the answer. (A sender's number can be forged,
so an answer proves little by itself; nobody gains by it but a phone that is silent for one week
more.)

Tests go out in the daytime of the country and a few a minute, never all at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from gateway.audit import log as audit
from gateway.sms import to_staff
from gateway.staff import operators, roster, rota
from gateway.staff.rota import Span
from gateway.store.database import Session
from gateway.store.insert_once import in_turn
from gateway.store.models import Staff

ANSWER_WITHIN: Final = timedelta(hours=48)
"""A phone that has said nothing for so long after a test is silent."""

A_WEEK: Final = timedelta(days=7)
"""Who is in the rota within so many days, before or after, holds a duty phone."""

DAYTIME: Final = (time(9), time(16))
"""By the clock of the country."""

MOST_A_MINUTE: Final = 2
"""The line stays free for alerts, and 800 phones are done in a day all the same."""

TEST_LIVES: Final = timedelta(hours=4)
"""A test that could not leave for so long would arrive in the evening: others tell of an outage."""

ALWAYS_TESTED: Final = ("lead", "operator")
"""Roles that are called on duty or not."""


def send_due(session: Session, zone: ZoneInfo, every: timedelta, most: int = MOST_A_MINUTE) -> int:
    """Test the phones whose turn it is, those first that have waited longest; how many."""
    if not _is_daytime(session.at, zone):
        return 0
    in_turn(session, "heartbeat")
    a_minute_ago = session.at - timedelta(minutes=1)
    lately = session.scalar(select(func.count()).where(Staff.tested_at > a_minute_ago)) or 0
    turn = or_(Staff.tested_at.is_(None), Staff.tested_at <= session.at - every)
    longest_first = (Staff.tested_at.is_not(None), Staff.tested_at, Staff.id)
    query = select(Staff).where(_on_the_list(session.at), turn).order_by(*longest_first)
    return _send(session, session.scalars(_unlocked(query.limit(max(0, most - lately)))).all())


def send_now(session: Session) -> int:
    """Test every duty phone at once, whenever it was tested last; how many."""
    in_turn(session, "heartbeat")
    query = select(Staff).where(_on_the_list(session.at)).order_by(Staff.id)
    sent = _send(session, session.scalars(_unlocked(query)).all())
    audit.record(session, audit.OPERATOR, "phones tested", detail=f"{sent} phones")
    return sent


def heard(person: Staff, at: datetime) -> None:
    """An SMS came from her phone: if it was tested, this is the answer, late or not."""
    tested, answered = person.tested_at, person.test_answered_at
    if tested is not None and (answered is None or answered < tested):
        person.test_answered_at = at


def silent(session: Session) -> Sequence[Staff]:
    """Whose duty phone missed a test and has said nothing since, by centre and role."""
    query = select(Staff).where(
        _on_the_list(session.at), or_(_has_missed(session.at), _is_silent_since())
    )
    return session.scalars(query.order_by(Staff.centre_id, Staff.role, Staff.id)).all()


def tell_silent(session: Session) -> int:
    """Raise an alarm for each phone that missed its test, once for each test; how many."""
    untold = or_(Staff.test_missed_at.is_(None), Staff.test_missed_at < Staff.tested_at)
    query = select(Staff).where(_on_the_list(session.at), _has_missed(session.at), untold)
    people = session.scalars(_unlocked(query)).all()
    for person in people:
        person.test_missed_at = session.at
        operators.wake(session, "phone_silent", centre=person.centre_id)
    return len(people)


def _on_the_list(at: datetime) -> ColumnElement[bool]:
    """In a query about staff: those whose phone must be able to wake them."""
    near = Span(at - A_WEEK, at + A_WEEK)
    about_now = and_(Staff.role.in_(roster.ALERTED), or_(rota.on_duty_now(), rota.in_rota(near)))
    called = or_(Staff.role.in_(ALWAYS_TESTED), about_now)
    return and_(Staff.opted_out_at.is_(None), called)


def _has_missed(at: datetime) -> ColumnElement[bool]:
    answered = Staff.test_answered_at >= Staff.tested_at
    return and_(
        Staff.tested_at <= at - ANSWER_WITHIN, or_(Staff.test_answered_at.is_(None), ~answered)
    )


def _is_silent_since() -> ColumnElement[bool]:
    """A test that was missed is not forgotten because the next one is under way."""
    since = Staff.test_answered_at < Staff.test_missed_at
    return and_(Staff.test_missed_at.is_not(None), or_(Staff.test_answered_at.is_(None), since))


def _unlocked(query: Select[Staff]) -> Select[Staff]:
    """Locked for us, without those whom somebody else is about to change: she is alive then."""
    return query.with_for_update(skip_locked=True, key_share=True)


def _send(session: Session, people: Sequence[Staff]) -> int:
    for person in people:
        person.tested_at = session.at
        key = f"test:{person.id}:{session.at.isoformat()}"
        to_staff.tell(session, person.id, "phone_test", key=key, lives=TEST_LIVES)
    return len(people)


def _is_daytime(at: datetime, zone: ZoneInfo) -> bool:
    begins, ends = DAYTIME
    return begins <= at.astimezone(zone).time() < ends
