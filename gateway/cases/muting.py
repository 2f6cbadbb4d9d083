"""Numbers whose reports wake nobody for a day, because a person said so of one of them.

Only a person mutes: no count is high enough to tell somebody who plays from somebody who is beaten
every night. What such a number reports is kept in full and alerted when the day is over, once for
all that may share an alert. Danger is never muted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Delete, bindparam, delete, select

from gateway.audit import log as audit
from gateway.cases import transitions
from gateway.cases.folding import REPORTED
from gateway.runtime.errors import OperatorError
from gateway.store.database import Session
from gateway.store.models import NumberUse, Report

LASTS: Final = timedelta(days=1)

MUTED: Final = "muted"
"""What was done to a number, in `number_uses`; the row names the report by which it was."""

_IN_FORCE: Final = (
    select(NumberUse)
    .where(NumberUse.what == MUTED, NumberUse.at > bindparam("since"))
    .order_by(NumberUse.at)
)
_OF_NUMBER: Final = _IN_FORCE.where(NumberUse.number_hash == bindparam("number"))


class CannotMute(OperatorError):
    """There is no such report, or it came so long ago that its number is not known any more."""


@dataclass(frozen=True, slots=True)
class Mute:
    """A number that is muted, by the code of the report that it was muted for.

    The code is None where it was not asked for, or when that report was withdrawn since.
    """

    code: str | None
    since: datetime

    @property
    def until(self) -> datetime:
        return self.since + LASTS


def mute(session: Session, code: str) -> Mute:
    """Mute the number of a report from now on, whether or not it is muted. Raises CannotMute."""
    report_id, number_hash = _number_of(session, code)
    session.execute(_mutes_of(number_hash))
    session.add(
        NumberUse(
            id=str(uuid.uuid4()),
            number_hash=number_hash,
            what=MUTED,
            at=session.at,
            report_id=report_id,
        )
    )
    audit.record(session, audit.OPERATOR, "muted", report_id)
    return Mute(code, session.at)


def lift(session: Session, code: str) -> None:
    """Let the number of a report be heard again, and alert what it reported. Raises CannotMute."""
    report_id, number_hash = _number_of(session, code)
    session.execute(_mutes_of(number_hash))
    reported = select(NumberUse.report_id).where(NumberUse.number_hash == number_hash)
    transitions.end_mutes(session, Report.id.in_(reported))
    audit.record(session, audit.OPERATOR, "unmuted", report_id)


def of_number(session: Session, number_hash: bytes) -> Mute | None:
    """The mute of a number (the hash that its reports are counted by), if it is muted."""
    found = session.scalars(
        _OF_NUMBER, {"number": number_hash, "since": session.at - LASTS}
    ).first()
    return Mute(None, found.at) if found else None


def in_force(session: Session) -> Sequence[Mute]:
    """Every mute that lasts, the oldest first."""
    query = _IN_FORCE.add_columns(Report.code).outerjoin(Report, Report.id == NumberUse.report_id)
    rows = session.execute(query, {"since": session.at - LASTS})
    return [Mute(code, use.at) for use, code in rows]


def _mutes_of(number_hash: bytes) -> Delete:
    return delete(NumberUse).where(NumberUse.number_hash == number_hash, NumberUse.what == MUTED)


def _number_of(session: Session, code: str) -> tuple[str, bytes]:
    """The report of a code, and the hash of the number that it came from."""
    query = (
        select(NumberUse.report_id, NumberUse.number_hash)
        .join(Report, Report.id == NumberUse.report_id)
        .where(Report.code == code, NumberUse.what == REPORTED)
    )
    found = session.execute(query).first()
    if found is None or found.report_id is None:
        raise CannotMute(
            "no report of the last two days has this code, or it was withdrawn: "
            "look at the code in the alert"
        )
    return found.report_id, found.number_hash
