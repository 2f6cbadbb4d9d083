"""What is wrong with this installation, and how to mend it. Looks only; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select

from gateway import database, roster, schema
from gateway.centres import DESK
from gateway.errors import OperatorError
from gateway.models import Centre, Outbox, OutboxState, Report, ReportState, Staff
from gateway.wiring import House

LONG_UNSENT: Final = timedelta(minutes=1)
LONG_UNACCEPTED: Final = timedelta(minutes=15)

Check = Callable[[House], Iterator[str]]
"""Names each fault in one line that ends in what to do."""


def faults(house: House) -> Iterator[str]:
    """Every fault there is. A check that cannot run is a fault of its own and hides no other."""
    for check in CHECKS:
        try:
            yield from check(house)
        except OperatorError as error:
            yield str(error)
        except database.DatabaseDown as error:
            yield f"the database cannot be read ({type(error).__name__}): look at DATABASE_URL"


def _keys(house: House) -> Iterator[str]:
    """The key folder is whole and private: opening it is the check."""
    _ = house.vault
    yield from ()


def _facts(house: House) -> Iterator[str]:
    unverified = house.pack.unverified(centres=())
    if unverified:
        yield (
            f"{len(unverified)} facts of the country are not verified, {unverified[0]} first: "
            "look at each, sign it in the country's folder"
        )


def _schema(house: House) -> Iterator[str]:
    if not schema.is_current(house.database):
        yield "the database has another schema than this release: run `isange db upgrade`"


def _redis(house: House) -> Iterator[str]:
    if not house.redis_answers():
        yield "Redis cannot be reached: look at REDIS_URL (the line goes on without, more slowly)"


def _centres(house: House) -> Iterator[str]:
    with database.reading(house.database) as session:
        real = select(Centre).where(Centre.kind != DESK)
        count = session.scalar(select(func.count()).select_from(real.subquery())) or 0
        unverified = real.where(Centre.verified_on.is_(None)).subquery()
        samples = session.scalar(select(func.count()).select_from(unverified)) or 0
    if count == 0:
        yield "no centre is in service: run `isange centres import FILE`"
    if samples:
        yield f"{samples} of {count} centres are not verified: sign them in the file, import again"


def _duty(house: House) -> Iterator[str]:
    with database.reading(house.database) as session:
        if not roster.national_duty(session, house.pack.duty_desk.id):
            yield "nobody is on duty at the national desk: run `isange staff add`, or call them"
        staffed = select(Staff.centre_id).where(
            Staff.on_duty.is_(True), Staff.opted_out_at.is_(None)
        )
        empty = session.scalars(
            select(Centre.id).where(Centre.kind != DESK, Centre.id.not_in(staffed))
        ).all()
    if empty:
        yield f"{len(empty)} centres have nobody on duty, {min(empty)} among them: call their lead"


def _waiting(house: House) -> Iterator[str]:
    with database.reading(house.database) as session:
        at = database.now(session)
        unsent = session.scalar(
            select(func.count()).where(
                Outbox.state == OutboxState.PENDING, Outbox.due_at < at - LONG_UNSENT
            )
        )
        unknown = session.scalar(
            select(func.count()).where(
                Outbox.state == OutboxState.UNKNOWN, Outbox.created_at > at - timedelta(days=1)
            )
        )
        unaccepted = session.scalar(
            select(func.count()).where(
                Report.state == ReportState.RECEIVED, Report.created_at < at - LONG_UNACCEPTED
            )
        )
    if unsent:
        yield f"{unsent} SMS wait longer than a minute: look at worker, clock and the provider"
    if unknown:
        yield f"of {unknown} SMS of the last day nobody knows whether they left: ask the provider"
    if unaccepted:
        yield f"{unaccepted} reports are accepted by nobody after 15 minutes: call the centres"


CHECKS: Final[tuple[Check, ...]] = (_keys, _facts, _schema, _redis, _centres, _duty, _waiting)
