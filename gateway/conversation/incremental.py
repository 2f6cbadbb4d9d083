"""A conversation in which each message brings the newest input alone.

So it is with SMS, and with USSD networks that do not repeat the history. The session in Redis is
then the only record of the way; when it is lost the caller is shown the first screen again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gateway.conversation.calls import Clock, age, beginning
from gateway.conversation.contract import Actions, Answer, Done, Occasion
from gateway.conversation.limits import NO_LIMITS, Counters, Limits, use_of
from gateway.conversation.sessions import CallSession, Found, Sessions, SessionsDown
from gateway.conversation.turns import Walk, carry_out, forget, kept, repeated
from gateway.runtime.phones import Msisdn
from menus.engine import Engine, State, Turn
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


class _Call(NamedTuple):
    """What tells a conversation from others of the same name."""

    origin: bytes
    begun: float | None


@dataclass(frozen=True, slots=True)
class IncrementalConversation:
    """Holds conversations message by message, beginning at `start`."""

    engine: Engine
    sessions: Sessions
    actions: Actions
    language: str
    start: Screen
    limits: Limits = NO_LIMITS
    names_again: bool = False
    """Whether one session after another has the same id: what begins each then tells them apart."""
    clock: Clock = time.time

    def waits_for(self, message: Message) -> bool:
        """Whether a conversation is under way whose screen this answers.

        False when that cannot be told.
        """
        stored = self._under_way(message)
        return stored is not None and self.engine.waits_for(stored.state, message.typed or "")

    def close(self, message: Message, *, discard: bool) -> None:
        """No message goes on with the conversation that is under way, if there is one.

        What may be sent should the line cut is sent all the same, unless it is to be discarded.
        """
        stored = self._under_way(message)
        if stored is None:
            return
        if discard and stored.state.draft:
            digest = self.sessions.digest(stored.origin, message.id or "")
            call = _Call(stored.origin, stored.begun)
            self._do(DiscardDraft(), stored.state.language, message, call, digest)
        key = self.sessions.key(message.session_id, message.msisdn)
        self.sessions.save(key, replace(stored, state=forget(stored.state)), stored)

    def _under_way(self, message: Message) -> CallSession | None:
        try:
            stored = self.sessions.load(self.sessions.key(message.session_id, message.msisdn))
        except SessionsDown:
            return None
        return stored if stored and not stored.state.ended else None

    def answer(self, message: Message) -> tuple[Answer, bool]:
        """The screen to show, and whether an SMS is now waiting. Raises CannotDo."""
        key = self.sessions.key(message.session_id, message.msisdn)
        counters = self.limits.counters(message.msisdn)
        found = self._find(key, counters.names)
        stored = found.session
        count = stored.length + 1 if stored else 1
        digest = self.sessions.digest(key, message.id or f"{count}*{message.typed}")
        if stored and stored.digest == digest:
            return repeated(stored), True
        if message.typed is None or stored is None or stored.state.ended:
            call = _Call(digest if self.names_again else key, beginning(stored, self.clock()))
            move = self._begin(counters, found.counts)
        else:
            call = _Call(stored.origin, stored.begun)
            move = self._move(message, message.typed, call, digest, stored.state)
        state = move.turn.state
        page = self.engine.page(state, move.turn.note)
        if page.ends and state.draft:
            self._do(DiscardDraft(), state.language, message, call, digest)
        answer = Answer(page.text, page.ends, "begin" if message.typed is None else "step")
        now = self.clock()
        session = kept(state, page, count, digest, begun=call.begun, now=now, origin=call.origin)
        self.sessions.save(key, session, stored, counters.after(state, move.uses))
        return answer, move.ring

    def _begin(self, counters: Counters, counts: Sequence[int]) -> Walk:
        state = self.engine.begin(self.language, self.start, counters.begin(counts))
        return Walk(Turn(state), uses=("call",))

    def _move(self, message: Message, typed: str, call: _Call, digest: bytes, state: State) -> Walk:
        turn = self.engine.turn(state, typed)
        if turn.intent is None:
            return Walk(turn)
        done = self._do(turn.intent, turn.state.language, message, call, digest)
        return Walk(Turn(turn.state.learn(done.facts)), done.ring, use_of(turn.intent))

    def _do(
        self, intent: Intent, language: str, message: Message, call: _Call, digest: bytes
    ) -> Done:
        """Do it once in this conversation: the next one is another."""
        since = age(call.begun, self.clock)
        step = Occasion(call.origin, digest, message.msisdn, language, message.network, age=since)
        return carry_out(self.actions, intent, step)

    def _find(self, key: bytes, counters: Sequence[str]) -> Found:
        try:
            return self.sessions.find(key, counters)
        except SessionsDown:
            return Found(None)
