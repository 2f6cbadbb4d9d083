"""An SMS from a member of staff: an answer to an alert, or a word about her duty.

`gateway.inbox.staff_words` reads it. A reply to an alert proves that somebody saw it and opens
nothing. The first who accepts has it; everybody else is told.

Sender numbers can be forged. What that is worth to somebody who knows her number:

- *To accept in her name* he has to guess the four digits of her alert, and the code of the report
  with them. Each alert stands `MOST_TRIES` = 9 wrong digits in its whole life, and then no answer
  to it by SMS is read any more, not even the right one. So of 10,000 he may try 9: his chance with
  an alert is 9 in 10,000, below 1 in 1000, however long he takes. Wrong digits shut out nothing
  else: the right ones are taken as long as there are fewer wrong ones, other alerts and words are
  not touched, and she is told, once, to open the report by the staff's code with her PIN. A wrong
  code counts against no alert.
- *To switch her off or on, or have a colleague asked* he needs nothing. She is told at once and how
  to undo it, and it is in the audit log. But the last one on duty at a centre or at the desk is not
  switched off by SMS, so somebody is always asked; she goes off with her PIN, or when a colleague
  has taken over. To have her duty taken over he must forge the colleague too, and both are told. He
  never learns anything: every answer goes to her.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, func, select

from gateway.audit import log as audit
from gateway.cases import casework
from gateway.inbox import staff_words
from gateway.inbox.staff_words import AskSwap, Reply, Said, Word
from gateway.runtime import alarms, phones
from gateway.runtime.phones import Msisdn, NotANumber
from gateway.sms import outbox, to_staff
from gateway.staff import duty, phone_test, roster, rota
from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import Alert, IncomingSms, Report, Staff
from gateway.vault.vault import Vault

MOST_ANSWERED: Final = 20
"""SMS of one member of staff that we answer in an hour: two machines must not talk for ever.

After them only what makes an alert safer is still done: an answer to one, and ON.
"""

MOST_TRIES: Final = 9
"""Wrong digits that are read for one alert, ever."""

MOST_WRONG_ANSWERED: Final = 5
"""Wrong replies from one number that we answer in an hour: they may not be hers."""

AN_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StaffSms:
    """Takes in SMS from staff. `region` tells how numbers are written in the country."""

    engine: Engine
    vault: Vault
    region: str

    def receive(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Take in one SMS, once however often it arrives; whether an answer is now waiting.

        An SMS from a number that is nobody's gets no answer.
        """
        said = staff_words.read(text)
        with database.writing(self.engine, "reply.receive") as session:
            person = self._sender(session, sender, said)
            staff_id = person.id if person else None
            values = {"id": message_id, "received_at": session.at, "staff_id": staff_id}
            if not add_once(session, IncomingSms, **values) or person is None:
                return False
            phone_test.heard(person, session.at)
            return _Conversation(session, self, message_id, person).answer(said)

    def _sender(self, session: Session, number: Msisdn, said: Said) -> Staff | None:
        """The member of staff, locked, so that her tries are counted one after another."""
        person = roster.by_number(session, self.vault, number)
        if person is not None and not isinstance(said, Reply):
            duty.one_after_another(session, person)
        return person if person is not None and roster.is_still_here(session, person) else None


@dataclass(frozen=True, slots=True)
class _Conversation:
    """One SMS of one member of staff, inside its transaction."""

    session: Session
    line: StaffSms
    message_id: str
    person: Staff

    def answer(self, said: Said) -> bool:
        """Do what it says and queue the answer; whether there is one."""
        match self._allowed(said):
            case Reply() as reply:
                return self._reply(reply)
            case "on":
                duty_now = duty.come_on(self.session, self.person)
                return self._say("on_duty", until=_moment(duty_now.until))
            case None:
                alarms.sound("reply_not_understood", centre=self.person.centre_id)
                return self._say("not_understood")
            case word:
                return self._is_heard() and self._do_word(word)

    def _allowed(self, said: Said) -> Said:
        """Who is never alerted has no duty to speak of."""
        about_duty = isinstance(said, AskSwap) or said in {"on", "off", "who"}
        return None if about_duty and self.person.role not in roster.ALERTED else said

    def _reply(self, reply: Reply) -> bool:
        found = casework.find(self.session, self.person, Report.code == reply.code)
        if found is None:
            return self._wrong()
        alert, report = found
        if alert.wrong >= MOST_TRIES:
            return self._shut(alert, report)
        if self.line.vault.alert_digits_match(alert.id, reply.digits):
            return self._do(reply.verb, alert, report)
        alert.wrong += 1
        answered = self._wrong()
        return self._shut(alert, report) if alert.wrong >= MOST_TRIES else answered

    def _do(self, verb: staff_words.Verb, alert: Alert, report: Report) -> bool:
        if verb == "accept":
            casework.accept(self.session, alert, report, self.person)
        elif casework.pass_on(self.session, alert, report, self.person):
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
        answered = self._count(IncomingSms.wrong.is_(True)) < MOST_WRONG_ANSWERED
        self.session.get_one(IncomingSms, self.message_id).wrong = True
        alarms.sound(
            "reply_not_understood" if answered else "digits_guessed", centre=self.person.centre_id
        )
        audit.record(self.session, audit.staff(self.person.id), "wrong digits")
        return answered and self._say("not_understood")

    def _shut(self, alert: Alert, report: Report) -> bool:
        """So many were wrong that this alert is not answered by SMS any more: she is told once."""
        alarms.sound("digits_guessed", centre=self.person.centre_id)
        key = f"not_by_sms:{alert.id}"
        return to_staff.tell(
            self.session, self.person.id, "not_by_sms", key=key, report_id=report.id
        )

    def _do_word(self, said: Word | AskSwap) -> bool:
        match said:
            case "off":
                if duty.is_last(self.session, self.person):
                    return self._say("last_on_duty")
                duty.go_off(self.session, self.person)
                return self._say("off_duty")
            case "who":
                own = rota.duty_of(self.session, self.person).on
                return self._say("who", duty=self._roles_on_duty(), own=own)
            case AskSwap(number):
                return self._ask_to_take_over(number)
            case _:
                return self._say("phone_works")

    def _ask_to_take_over(self, number: str) -> bool:
        if not rota.duty_of(self.session, self.person).on:
            return self._say("nothing_to_swap")
        duty.ask_to_take_over(self.session, self.person, self._colleague(number))
        return self._say("swap_asked")

    def _colleague(self, number: str) -> Staff | None:
        try:
            typed = phones.parse(number, self.line.region)
        except NotANumber:
            return None
        return roster.by_number(self.session, self.line.vault, typed)

    def _roles_on_duty(self) -> Sequence[tuple[str, str | None]]:
        """Each role on duty at her centre, with the end of it; no end when one of them has none."""
        here = (Staff.centre_id == self.person.centre_id, Staff.role.in_(roster.ALERTED))
        ends: dict[str, list[datetime | None]] = {}
        for person, now in rota.duties(self.session, *here):
            ends.setdefault(person.role, []).append(now.until)
        return [
            (role, None if None in ends[role] else _moment(max(filter(None, ends[role]))))
            for role in roster.ALERTED
            if role in ends
        ]

    def _say(self, template: str, report: Report | None = None, **values: Any) -> bool:
        if not self._is_heard():
            return False
        key = f"reply:{self.message_id}"[: outbox.LONGEST_KEY]
        return to_staff.tell(
            self.session,
            self.person.id,
            template,
            key=key,
            report_id=report.id if report else None,
            values=values,
        )

    def _is_heard(self) -> bool:
        """Whether so few came from her lately that we do more than count them."""
        if self._count() <= MOST_ANSWERED:
            return True
        alarms.sound("reply_loop", centre=self.person.centre_id)
        return False

    def _count(self, *which: ColumnElement[bool]) -> int:
        """How many SMS of hers came in the last hour, this one included."""
        hers = (IncomingSms.staff_id == self.person.id, *which)
        since = IncomingSms.received_at > self.session.at - AN_HOUR
        return self.session.scalar(select(func.count()).where(*hers, since)) or 0


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
