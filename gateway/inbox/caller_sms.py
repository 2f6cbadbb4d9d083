"""The line by SMS: for networks without USSD, and for people who simply write.

A neutral keyword opens the same dialogue as the short code. Half of those who write to such a line
do not use a menu at all ("please call me"): what they write is kept, encrypted, and becomes a task
to call them, with an alert to the national duty; each time they get the same neutral line back.

Somebody else may hold her phone next, write, and compare with a phone that never wrote to us. So
nothing in an answer depends on what was written before, but for a number within minutes of a
screen. A number that comes later is kept like any other message: it may have been meant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, func, select

from gateway.cases import contacts
from gateway.cases.reports import Reports
from gateway.conversation.contract import Occasion
from gateway.conversation.incremental import IncrementalConversation, Message
from gateway.conversation.limits import HOUR, blurred
from gateway.country.facts import SmsWords
from gateway.inbox import wording
from gateway.runtime import alarms
from gateway.runtime.phones import Msisdn
from gateway.sms import outbox
from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import IncomingSms, Outbox
from gateway.vault.vault import Vault
from menus import messages
from menus.intents import Contact, Send
from menus.speech import Speech

ANSWER_LIVES: Final = timedelta(minutes=5)
"""A screen by SMS is dropped after this: late, it could reach anybody."""

MOST_ANSWERS: Final = 60
"""About so many answers go to one number within an hour; two machines must not talk for ever."""

SHORT: Final = 4
"""Words of a message that ends all SMS by its first one; with more, somebody tells something."""

SESSION: Final = "sms"
"""There is one conversation by SMS for each number."""

LONGEST_MESSAGE: Final = 1000
"""Characters of a message that are kept."""

Kind = Literal["stop", "begin", "step", "message"]


@dataclass(frozen=True, slots=True)
class CallerSms:
    """Takes in SMS from everybody who is not staff."""

    engine: Engine
    vault: Vault
    reports: Reports
    conversation: IncrementalConversation
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
        typed = wording.lone_number(text) or text
        message = Message(SESSION, sender, typed, id=message_id)
        kind = self._kind(message)
        answer: str | None = None
        waiting = False
        if kind == "stop":
            self._stop(message)
        elif kind == "message":
            self.conversation.close(message, discard=False)
            answer = self.speech.say(messages.THANKS, self.language)
            waiting = self._keep(message_id, sender, text)
        else:
            asked = message if kind == "step" else replace(message, typed=None)
            screen, waiting = self.conversation.answer(asked)
            answer = screen.text
        with database.writing(self.engine, "sms.note") as session:
            return self._note(session, message_id, sender, answer) or waiting

    def _is_known(self, message_id: str) -> bool:
        """Sent again, perhaps after the next one: it must not be taken for a new answer."""
        with database.reading(self.engine) as session:
            return session.get(IncomingSms, message_id) is not None

    def _kind(self, message: Message) -> Kind:
        said = wording.words((message.typed or "")[:LONGEST_MESSAGE])
        whole = "".join(said)
        if whole in self.words.stop or (said and said[0] in self.words.stop and len(said) <= SHORT):
            return "stop"
        if whole == self.words.keyword:
            return "begin"
        return "step" if self.conversation.waits_for(message) else "message"

    def _keep(self, message_id: str, sender: Msisdn, text: str) -> bool:
        """Keep what was written as a report of its own, with a call to its sender as the task."""
        session = self.vault.fingerprint("session", SESSION, message_id, sender.reveal())
        send = Send(
            about="message",
            answers={"message": text.strip()[:LONGEST_MESSAGE]},
            contact=Contact(by="call", window="any"),
        )
        return self.reports.do(send, Occasion(session, session, sender, self.language, None)).ring

    def _stop(self, message: Message) -> None:
        """No SMS to this number any more about anything that is known; no answer either."""
        self.conversation.close(message, discard=True)
        with database.writing(self.engine, "sms.stop") as session:
            contacts.stop_sms(session, self.vault, message.msisdn)

    def _note(self, session: Session, message_id: str, sender: Msisdn, text: str | None) -> bool:
        """Note the message as received and queue its answer, unless a twin of it was quicker."""
        if (
            not add_once(session, IncomingSms, id=message_id, received_at=session.at)
            or text is None
        ):
            return False
        number = self.vault.fingerprint("limits", "sms", sender.reveal())
        if self._answered_lately(session, number) >= self._most(number, session.at):
            alarms.sound("reply_loop")
            return False
        content = json.dumps({"number": sender.reveal(), "text": text}).encode()
        this = self.vault.fingerprint("limits", "sms id", message_id).hex()
        return outbox.add_sealed(
            session,
            self.vault,
            content,
            dedupe_key=f"{_answers_to(number)}{this}",
            template="answer",
            lives=ANSWER_LIVES,
        )

    def _most(self, number: bytes, at: datetime) -> int:
        return blurred(MOST_ANSWERS, number, int(at.timestamp() // HOUR))

    def _answered_lately(self, session: Session, number: bytes) -> int:
        query = select(func.count()).where(
            Outbox.dedupe_key.startswith(_answers_to(number)),
            Outbox.created_at > session.at - timedelta(seconds=HOUR),
        )
        return session.scalar(query) or 0


def _answers_to(number: bytes) -> str:
    """What the dedupe keys of all answers to a number begin with."""
    return f"answer:{number.hex()}:"
