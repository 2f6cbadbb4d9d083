"""The line by SMS: for networks without USSD, and for people who simply write.

A neutral keyword opens the same dialogue as the short code. Half of those who write to such a line
do not use a menu at all ("please call me"): what they write is kept, encrypted, and becomes a task
to call them, with an alert to the national duty; they get one neutral line back.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import alarms, audit, contacts, database, outbox
from gateway.conversation import Step
from gateway.countries.facts import SmsWords
from gateway.models import IncomingSms, Outbox
from gateway.newest import Message, NewestInput
from gateway.phones import Msisdn
from gateway.reports import Reports
from gateway.vault import Vault
from menus import messages
from menus.intents import Contact, Send
from menus.speech import Speech

ANSWER_LIVES: Final = timedelta(minutes=5)
"""A screen by SMS is dropped after this: late, it could reach anybody."""

MOST_SCREENS: Final = 60
"""Screens sent to one number within an hour; two machines must not talk for ever."""

SESSION: Final = "sms"
"""There is one conversation by SMS for each number."""

LONGEST_MESSAGE: Final = 1000
"""Characters of a message that are kept."""

Kind = Literal["stop", "begin", "step", "message"]


@dataclass(frozen=True, slots=True)
class SmsLine:
    """Takes in SMS from everybody who is not staff."""

    engine: Engine
    vault: Vault
    reports: Reports
    conversation: NewestInput
    words: SmsWords
    speech: Speech
    language: str

    def receive(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Take in one SMS, once however often it arrives; whether one is now waiting to leave.

        What it asks for is done before it is noted as received, so that a crash in between has
        the provider send it again, and doing it again changes nothing.
        """
        if self._is_known(message_id):
            return False
        kind = self._kind(sender, text)
        answer: str | None = None
        waiting = False
        if kind == "stop":
            self._stop(sender)
        elif kind == "message":
            answer = self.speech.say(messages.THANKS, self.language)
            waiting = self._keep(message_id, sender, text)
        else:
            answer, waiting = self._screen(message_id, sender, text if kind == "step" else None)
        try:
            with database.writing(self.engine, "sms.note") as session:
                return self._note(session, message_id, sender, kind, answer) or waiting
        except IntegrityError:
            return waiting  # Its twin was quicker.

    def _is_known(self, message_id: str) -> bool:
        """Sent again, perhaps after the next one: it must not be taken for a new answer."""
        with database.reading(self.engine) as session:
            return session.get(IncomingSms, message_id) is not None

    def _kind(self, sender: Msisdn, text: str) -> Kind:
        word = unicodedata.normalize("NFKC", text).strip(" .,!\"'").upper()
        if word in self.words.stop:
            return "stop"
        if word == self.words.keyword:
            return "begin"
        if self.conversation.is_open(SESSION, sender):
            return "step"
        # A lone number is an answer to a screen that is gone, not a message to anybody.
        return "begin" if word.isdecimal() else "message"

    def _screen(self, message_id: str, sender: Msisdn, typed: str | None) -> tuple[str, bool]:
        answer, ring = self.conversation.answer(Message(SESSION, sender, typed, id=message_id))
        return answer.text, ring

    def _keep(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Keep what was written as a report of its own, with a call to its sender as the task."""
        session = self.vault.fingerprint("session", SESSION, message_id, sender.reveal())
        send = Send(
            about="message",
            answers={"message": text.strip()[:LONGEST_MESSAGE]},
            contact=Contact(by="call", window="any"),
        )
        return self.reports.do(send, Step(session, session, sender, self.language, None)).ring

    def _stop(self, sender: Msisdn) -> None:
        """No SMS to this number any more about anything that is known; no answer either."""
        with database.writing(self.engine, "sms.stop") as session:
            at = database.now(session)
            for report_id in contacts.stop_sms(session, self.vault, sender, at):
                outbox.withdraw(session, report_id, "caller", at)
                audit.record(session, at, audit.CALLER, "sms stopped", report_id)

    def _note(
        self, session: Session, message_id: str, sender: Msisdn, kind: Kind, text: str | None
    ) -> bool:
        """Note the message as received and queue its answer, in one transaction."""
        if session.get(IncomingSms, message_id) is not None:
            return False
        at = database.now(session)
        session.add(IncomingSms(id=message_id, received_at=at))
        if text is None:
            return False
        number = self.vault.fingerprint("limits", "sms", sender.reveal()).hex()
        if kind == "message":
            # At most one an hour, whatever is written.
            dedupe_key = f"neutral:{number}:{at:%Y%m%d%H}"
        elif self._answered_lately(session, number, at) < MOST_SCREENS:
            this = self.vault.fingerprint("limits", "sms id", message_id).hex()
            dedupe_key = f"screen:{number}:{this}"
        else:
            alarms.sound("reply_loop")
            return False
        letter = json.dumps({"number": sender.reveal(), "text": text}).encode()
        return outbox.add_sealed(
            session,
            self.vault,
            letter,
            dedupe_key=dedupe_key,
            template="answer",
            at=at,
            lives=ANSWER_LIVES,
        )

    def _answered_lately(self, session: Session, number: str, at: datetime) -> int:
        query = select(func.count()).where(
            Outbox.dedupe_key.startswith(f"screen:{number}:"),
            Outbox.created_at > at - timedelta(hours=1),
        )
        return session.scalar(query) or 0
