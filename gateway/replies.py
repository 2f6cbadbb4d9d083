"""An SMS from a member of staff: `1 CODE DIGITS` accepts an alert, `2 CODE DIGITS` passes it on.

Sender numbers can be forged, so the digits of one's own alert are asked for. A reply proves that
somebody saw the alert and opens nothing. The first who accepts has it; everybody else is told.
An SMS from any other number gets no answer at all.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import casework, database, outbox, roster
from gateway.metrics import ALARMS
from gateway.models import Alert, IncomingSms, Outbox, Report, Staff
from gateway.phones import Msisdn
from gateway.vault import Vault

Verb = Literal["accept", "cannot"]

MOST_REPLIES: Final = 20
"""SMS that we answer one member of staff within an hour: two machines must not talk for ever."""

REPLY_LIVES: Final = timedelta(minutes=30)

_REPLY: Final = re.compile(r"([12])\W+(\d{6,10})\W+(\d{4})")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member of staff answered to an alert."""

    verb: Verb
    code: str
    digits: str


def parse(text: str) -> Reply | None:
    """Read a reply as people type it: any spacing or punctuation, any kind of digits."""
    folded = unicodedata.normalize("NFKC", text[:160])
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    found = _REPLY.fullmatch(plain.strip(" \t\r\n.,;:#*\"'()[]"))
    if found is None:
        return None
    return Reply("accept" if found[1] == "1" else "cannot", found[2], found[3])


@dataclass(frozen=True, slots=True)
class Replies:
    """Takes in SMS from staff."""

    engine: Engine
    vault: Vault

    def receive(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Take in one SMS, once however often it arrives; whether an answer is now waiting."""
        try:
            with database.writing(self.engine) as session:
                return self._receive(session, message_id, sender, text)
        except IntegrityError:
            return False  # Its twin was quicker.

    def _receive(self, session: Session, message_id: str, sender: Msisdn, text: str) -> bool:
        if session.get(IncomingSms, message_id) is not None:
            return False
        at = database.now(session)
        session.add(IncomingSms(id=message_id, received_at=at))
        person = roster.by_number(session, self.vault, sender)
        if person is None:
            return False
        answer = _Answer(session, message_id, person, at)
        reply = parse(text)
        found = self._alert(session, person, reply) if reply else None
        if reply is None or found is None:
            ALARMS.labels("reply_not_understood").inc()
            return answer.say("not_understood")
        alert, report = found
        if reply.verb == "accept":
            return _accept(session, answer, alert, report)
        return _pass_on(session, answer, alert, report)

    def _alert(self, session: Session, person: Staff, reply: Reply) -> tuple[Alert, Report] | None:
        """The alert this person got for this code, if the digits are those of that very alert."""
        query = (
            select(Alert, Report)
            .join(Report, Report.id == Alert.report_id)
            .where(Report.code == reply.code, Alert.staff_id == person.id)
            .with_for_update()
        )
        row = session.execute(query).first()
        if row is None or not self.vault.alert_digits_match(row[0].id, reply.digits):
            return None
        return row[0], row[1]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Queues the answer to one incoming SMS, unless this person has had many already."""

    session: Session
    message_id: str
    person: Staff
    at: datetime

    def say(self, template: str, report: Report | None = None, **values: str) -> bool:
        if self._answered_lately() >= MOST_REPLIES:
            ALARMS.labels("reply_loop").inc()
            return False
        return outbox.add(
            self.session,
            dedupe_key=f"reply:{self.message_id}",
            audience="staff",
            template=template,
            at=self.at,
            lives=REPLY_LIVES,
            report_id=report.id if report else None,
            staff_id=self.person.id,
            values=values,
        )

    def _answered_lately(self) -> int:
        query = select(func.count()).where(
            Outbox.staff_id == self.person.id,
            Outbox.dedupe_key.startswith("reply:"),
            Outbox.created_at > self.at - timedelta(hours=1),
        )
        return self.session.scalar(query) or 0


def _accept(session: Session, answer: _Answer, alert: Alert, report: Report) -> bool:
    casework.accept(session, alert, report, answer.person, answer.at)
    return _tell_standing(session, answer, alert, report)


def _pass_on(session: Session, answer: _Answer, alert: Alert, report: Report) -> bool:
    if casework.pass_on(session, alert, report, answer.person, answer.at):
        return answer.say("passed_on", report)
    return _tell_standing(session, answer, alert, report)


def _tell_standing(session: Session, answer: _Answer, alert: Alert, report: Report) -> bool:
    match casework.standing(report, alert):
        case "yours":
            return answer.say("yours", report)
        case "taken":
            holder = session.get(Staff, report.accepted_by)
            return answer.say("accepted_by", report, role=holder.role if holder else "lead")
        case _:
            return answer.say("closed", report)
