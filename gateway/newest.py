"""A conversation in which each message brings the newest input alone.

So it is with SMS, and with USSD networks that do not repeat the history. The session in Redis is
then the only record of the way; when it is lost the caller is shown the first screen again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway import logs
from gateway.conversation import Answer, CannotDo, Deeds, Done, Step, forget, repeated
from gateway.database import DatabaseDown
from gateway.phones import Msisdn
from gateway.sessions import Session, Sessions, SessionsDown
from menus.engine import Engine, Turn
from menus.intents import DiscardDraft, Intent
from menus.script import Screen


@dataclass(frozen=True, slots=True)
class Message:
    """One input. `typed` is None when it opens a session.

    `id` tells a repeat of the same message from the same words typed again; without one a repeat
    cannot be told.
    """

    session_id: str = field(repr=False)
    msisdn: Msisdn
    typed: str | None = field(repr=False)
    id: str | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class NewestInput:
    """Holds conversations message by message, beginning at `start`."""

    engine: Engine
    sessions: Sessions
    deeds: Deeds
    language: str
    start: Screen

    def is_open(self, session_id: str, msisdn: Msisdn) -> bool:
        """Whether a conversation is under way; False when that cannot be told."""
        try:
            stored = self.sessions.load(self.sessions.key(session_id, msisdn))
        except SessionsDown:
            return False
        return stored is not None and not stored.state.ended

    def answer(self, message: Message) -> tuple[Answer, bool]:
        """The screen to show, and whether an SMS is now waiting. Raises CannotDo."""
        key = self.sessions.key(message.session_id, message.msisdn)
        stored = self._load(key)
        count = stored.length + 1 if stored else 1
        digest = self.sessions.digest(key, message.id or f"{count}*{message.typed}")
        if stored and stored.digest == digest:
            return repeated(stored), True
        turn, done = self._turn(message, key, digest, stored)
        page = self.engine.page(turn.state, turn.note)
        if page.ends and turn.state.draft:
            self._do(DiscardDraft(), turn.state.language, message, key, digest)
        answer = Answer(page.text, page.ends, "begin" if message.typed is None else "step")
        state = forget(turn.state) if page.ends else turn.state
        self.sessions.save(key, Session(state, count, digest, answer.body), stored)
        return answer, done.ring

    def _turn(
        self, message: Message, key: bytes, digest: bytes, stored: Session | None
    ) -> tuple[Turn, Done]:
        if message.typed is None or stored is None or stored.state.ended:
            return Turn(self.engine.begin(self.language, self.start)), Done({})
        turn = self.engine.turn(stored.state, message.typed)
        if turn.intent is None:
            return turn, Done({})
        done = self._do(turn.intent, turn.state.language, message, key, digest)
        return Turn(turn.state.learn(done.facts)), done

    def _do(
        self, intent: Intent, language: str, message: Message, key: bytes, digest: bytes
    ) -> Done:
        step = Step(key, digest, message.msisdn, language, message.network)
        try:
            return self.deeds.do(intent, step)
        except DatabaseDown as error:
            logs.failure("intent_not_carried_out", error)
            raise CannotDo(language) from None

    def _load(self, key: bytes) -> Session | None:
        try:
            return self.sessions.load(key)
        except SessionsDown:
            return None
