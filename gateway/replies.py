"""An SMS from a member of staff: `1 CODE DIGITS` accepts an alert, `2 CODE DIGITS` passes it on.

Sender numbers can be forged, so the digits of one's own alert are asked for. A reply proves that
somebody saw the alert and opens nothing. The first who accepts has it; everybody else is told.
Four digits could be found by trying, so after some wrong ones an hour of silence follows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.orm import Session

from gateway import alarms, audit, casework, database, outbox, roster
from gateway.models import Alert, IncomingSms, Report, Staff
from gateway.once import add_once
from gateway.phones import Msisdn
from gateway.vault import Vault

Verb = Literal["accept", "cannot"]

MOST_ANSWERED: Final = 20
"""SMS of one member of staff that we answer in an hour: two machines must not talk for ever."""

MOST_WRONG: Final = 5
"""Wrong digits from one number in an hour; after them nothing from it is looked at."""

AN_HOUR: Final = timedelta(hours=1)

REPLY_LIVES: Final = timedelta(minutes=30)

LONGEST_SMS: Final = 160

_APART: Final = re.compile(r"\D*([12])\D+(\d{6,10})\D+(\d{4})(?!\d)")
_RUN_TOGETHER: Final = re.compile(r"([12])(\d{6,10})(\d{4})")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member of staff answered to an alert."""

    verb: Verb
    code: str
    digits: str


def parse(text: str) -> Reply | None:
    """Read a reply as people type it: any spacing, punctuation or words, any kind of digits."""
    folded = unicodedata.normalize("NFKC", text[:LONGEST_SMS])
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in folded)
    digits = "".join(filter(str.isdecimal, plain))
    found = _APART.match(plain) or _RUN_TOGETHER.fullmatch(digits)
    if found is None:
        return None
    return Reply("accept" if found[1] == "1" else "cannot", found[2], found[3])


@dataclass(frozen=True, slots=True)
class Replies:
    """Takes in SMS from staff."""

    engine: Engine
    vault: Vault

    def receive(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Take in one SMS, once however often it arrives; whether an answer is now waiting.

        An SMS from a number that is nobody's gets no answer.
        """
        with database.writing(self.engine, "reply.receive") as session:
            at = database.now(session)
            person = self._sender(session, sender)
            staff_id = person.id if person else None
            values = {"id": message_id, "received_at": at, "staff_id": staff_id}
            if not add_once(session, IncomingSms, **values) or person is None:
                return False
            return _Conversation(session, self.vault, message_id, person, at).answer(text)

    def _sender(self, session: Session, number: Msisdn) -> Staff | None:
        """The member of staff, locked, so that her tries are counted one after another.

        The lock leaves room for rows that refer to her: a report's holder adds some.
        """
        person = roster.by_number(session, self.vault, number)
        if person is not None:
            session.refresh(person, with_for_update={"key_share": True})
        return person


@dataclass(frozen=True, slots=True)
class _Conversation:
    """One SMS of one member of staff, inside its transaction."""

    session: Session
    vault: Vault
    message_id: str
    person: Staff
    at: datetime

    def answer(self, text: str) -> bool:
        """Do what it says and queue the answer; whether there is one."""
        if self._count(IncomingSms.wrong.is_(True)) >= MOST_WRONG:
            alarms.sound("digits_guessed", centre=self.person.centre_id)
            return False
        reply = parse(text)
        if reply is None:
            alarms.sound("reply_not_understood", centre=self.person.centre_id)
            return self._say("not_understood")
        found = casework.find(self.session, self.person, Report.code == reply.code)
        if found is None or not self.vault.alert_digits_match(found[0].id, reply.digits):
            return self._wrong()
        return self._do(reply.verb, *found)

    def _do(self, verb: Verb, alert: Alert, report: Report) -> bool:
        if verb == "accept":
            casework.accept(self.session, alert, report, self.person, self.at)
        elif casework.pass_on(self.session, alert, report, self.person, self.at):
            return self._say("passed_on", report)
        match casework.standing(report, alert):
            case "yours":
                return self._say("yours", report)
            case "taken":
                holder = self.session.get(Staff, report.accepted_by)
                return self._say("accepted_by", report, role=holder.role if holder else "lead")
            case _:
                return self._say("closed", report)

    def _wrong(self) -> bool:
        """A code she was not alerted about, or digits that are not hers."""
        this = self.session.get_one(IncomingSms, self.message_id)
        this.wrong = True
        alarms.sound("reply_not_understood", centre=self.person.centre_id)
        audit.record(self.session, self.at, audit.staff(self.person.id), "wrong digits")
        return self._say("not_understood")

    def _say(self, template: str, report: Report | None = None, **values: str) -> bool:
        if self._count() > MOST_ANSWERED:
            alarms.sound("reply_loop", centre=self.person.centre_id)
            return False
        return outbox.add(
            self.session,
            dedupe_key=f"reply:{self.message_id}"[: outbox.LONGEST_KEY],
            audience="staff",
            template=template,
            at=self.at,
            lives=REPLY_LIVES,
            report_id=report.id if report else None,
            staff_id=self.person.id,
            values=values,
        )

    def _count(self, *which: ColumnElement[bool]) -> int:
        """How many SMS of hers came in the last hour, this one included."""
        hers = (IncomingSms.staff_id == self.person.id, *which)
        since = IncomingSms.received_at > self.at - AN_HOUR
        return self.session.scalar(select(func.count()).where(*hers, since)) or 0
