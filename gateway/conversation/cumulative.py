"""A turn, without Flask: what the network sent → session → menus → intents done → answer.

The network sends the whole history at every step, joined by `*`. That history is also the backup
of the session: when Redis lost it, everything is typed again, and what was done stays done once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from gateway.conversation.calls import Clock, age, beginning, begins_anew
from gateway.conversation.contract import (
    Actions,
    Answer,
    CannotDo,
    Done,
    Doorbell,
    NotDone,
    Occasion,
    TooMuch,
)
from gateway.conversation.limits import NO_LIMITS, Counters, Limits, Use, use_of
from gateway.conversation.sessions import CallSession, Found, Sessions, SessionsDown
from gateway.conversation.turns import Walk, carry_out, kept, repeated
from gateway.runtime import logs
from gateway.runtime.phones import Msisdn
from gateway.store.database import DatabaseDown
from menus.engine import Engine, State, Turn
from menus.intents import DiscardDraft, Intent

LONGEST_TEXT = 1000
MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Request:
    """One step as the network tells it. `text` is everything typed in this session so far."""

    session_id: str = field(repr=False)
    msisdn: Msisdn
    text: str = field(repr=False)
    network: str | None = None


class _Call(NamedTuple):
    """The call that a step belongs to, by the name of its session, and what is counted of it."""

    request: Request
    key: bytes
    counters: Counters
    digest: bytes
    begun: float | None = None
    """By our clock; None for a call that was lost before."""


class _Input(NamedTuple):
    """One answer of hers, and the history up to and including it."""

    typed: str
    history: str


class _Path(NamedTuple):
    """How a history is understood: where it goes on from, and with which inputs.

    `kind` says what may be done on the way. live: by the last input whatever it asks for, by those
    before it nothing for the first time. dialled: nothing, it stops before a screen where it
    could be. past: nothing, it only finds out what was shown. `new`: the call begins with it.
    """

    event: str
    kind: Literal["live", "dialled", "past"]
    start: State
    inputs: Sequence[_Input] = ()
    new: bool = False


class CumulativeConversation:
    """A line whose network repeats the whole history: that of the callers, or of the staff."""

    def __init__(
        self,
        engine: Engine,
        sessions: Sessions,
        actions: Actions,
        doorbell: Doorbell,
        language: str,
        limits: Limits = NO_LIMITS,
        may_go_on: Callable[[State], bool] | None = None,
        clock: Clock = time.time,
    ) -> None:
        """`may_go_on` is asked before each step of a call; None where anybody may."""
        self._engine = engine
        self._sessions = sessions
        self._actions = actions
        self._doorbell = doorbell
        self._language = language
        self._limits = limits
        self._may_go_on = may_go_on
        self._clock = clock

    def answer(self, request: Request) -> Answer:
        """One step. Raises TooMuch and CannotDo."""
        if len(request.text) > LONGEST_TEXT or request.text.count("*") >= MOST_PARTS:
            raise TooMuch
        key = self._sessions.key(request.session_id, request.msisdn)
        digest = self._sessions.digest(key, request.text)
        answer = self._straight_on(request.text, key, digest)
        if answer:
            return answer
        call = _Call(request, key, self._limits.counters(request.msisdn), digest)
        try:
            found, reachable = self._sessions.find(key, call.counters.names), True
        except SessionsDown:
            found, reachable = Found(None), False
        known = found.session
        if known is None:
            return self._go(call, known, self._unknown(call, found.counts, reachable=reachable))
        if begins_anew(request.text, known, self._clock()):
            return self._go(call, known, self._new(call, found.counts))
        if known.digest == digest:
            return repeated(known)
        return self._go(call, known, self._known(call, known))

    def _straight_on(self, text: str, key: bytes, digest: bytes) -> Answer | None:
        """A step that only shows something, in one round trip; None if that takes more.

        What this process remembers may be behind. But nothing is done on this way, and what it
        shows is kept only where Redis holds the very session that it comes from: otherwise
        nothing has happened yet, and the step goes the long way.
        """
        known = self._sessions.remembered(key)
        if known is None or known.digest == digest or known.state.ended or self._may_go_on:
            return None
        typed = self._new_input(text, key, known)
        if typed is None or "*" in typed:
            return None
        turn = self._engine.turn(known.state, typed)
        if turn.intent or turn.state.draft:
            return None
        page = self._engine.page(turn.state, turn.note)
        now, begun = self._clock(), known.begun
        session = kept(turn.state, page, len(text), digest, begun=begun, now=now)
        is_kept = self._sessions.replace(key, session, known)
        return Answer(page.text, page.ends, "step") if is_kept else None

    def _go(self, call: _Call, known: CallSession | None, path: _Path) -> Answer:
        """Walk a path, keep where it led, and say what the phone shows there."""
        before = known.begun if known else None
        call = call._replace(begun=beginning(known, self._clock()) if path.new else before)
        walk = self._walk(call, path)
        state = walk.turn.state
        page = self._engine.page(state, walk.turn.note)
        answer = Answer(page.text, page.ends, path.event)
        if path.kind == "past":
            return answer
        if page.ends and state.draft:
            self._do(DiscardDraft(), state.language, call, call.request.text)
        length, now = len(call.request.text), self._clock()
        session = kept(state, page, length, call.digest, begun=call.begun, now=now)
        uses = (*(("call",) if path.new else ()), *walk.uses)
        quicker = self._keep(call, session, known, uses)
        if walk.ring:
            self._doorbell.ring()
        return repeated(quicker) if quicker else answer

    def _unknown(self, call: _Call, counts: Sequence[int], *, reachable: bool) -> _Path:
        """The path of a session that nobody remembers: a new one, or one that was lost."""
        text = call.request.text
        stranger = self._sessions.has_another_number(call.request.session_id, call.key)
        if text and not stranger and self._sessions.may_be_lost(reachable=reachable):
            start = self._engine.begin(self._language)
            return _Path("rebuilt", "live", start, _inputs(text))
        path = self._new(call, counts)
        return path._replace(event="other_number") if stranger else path

    def _new(self, call: _Call, counts: Sequence[int]) -> _Path:
        """The path of a new call."""
        text = call.request.text
        start = self._engine.begin(self._language, facts=call.counters.begin(counts))
        if not text:
            return _Path("begin", "live", start, new=True)
        return _Path("dial_through", "dialled", start, _inputs(text), new=True)

    def _known(self, call: _Call, known: CallSession) -> _Path:
        """The path on from where she is known to stand, if the history goes on from there."""
        if not self._is_admitted(known.state):
            return _Path("signed_out", "live", replace(known.state, ended=True))
        text = call.request.text
        typed = self._new_input(text, call.key, known)
        if typed is None:
            kind: Literal["live", "past"] = "past" if len(text) < known.length else "live"
            event = "late" if kind == "past" else "rebuilt"
            start = self._engine.begin(self._language, facts=known.state.trail[0].facts)
            return _Path(event, kind, start, _inputs(text) if text else ())
        if "*" in typed and self._sessions.has_gaps():
            return _Path("caught_up", "live", known.state, _inputs(text, known.length))
        return _Path("step", "live", known.state, [_Input(typed, text)])

    def _is_admitted(self, state: State) -> bool:
        try:
            return self._may_go_on is None or self._may_go_on(state)
        except DatabaseDown as error:
            logs.failure("call_not_admitted", error)
            raise CannotDo(state.language) from None

    def _new_input(self, text: str, key: bytes, known: CallSession) -> str | None:
        """What follows the known history, stars and all, or None when it is not continued."""
        begun, rest = text[: known.length], text[known.length :]
        if self._sessions.digest(key, begun) != known.digest:
            return None
        if not begun:
            return rest
        return rest[1:] if rest.startswith("*") else None

    def _walk(self, call: _Call, path: _Path) -> Walk:
        walk = Walk(Turn(path.start))
        for number, given in enumerate(path.inputs, 1):
            if path.kind == "dialled" and not self._engine.runs_past(walk.turn.state):
                break
            turn = self._engine.turn(walk.turn.state, given.typed)
            if turn.intent is None:
                walk = Walk(turn)
                continue
            if path.kind == "past":
                break
            again = number < len(path.inputs)
            try:
                done = self._do(turn.intent, turn.state.language, call, given.history, again=again)
            except NotDone:
                break
            uses = () if again else use_of(turn.intent)
            walk = Walk(Turn(turn.state.learn(done.facts)), done.ring, uses)
        return walk

    def _do(
        self, intent: Intent, language: str, call: _Call, history: str, *, again: bool = False
    ) -> Done:
        step = Occasion(
            session=call.key,
            history=self._sessions.digest(call.key, history),
            msisdn=call.request.msisdn,
            language=language,
            network=call.request.network,
            again=again,
            age=age(call.begun, self._clock),
        )
        return carry_out(self._actions, intent, step)

    def _keep(
        self, call: _Call, session: CallSession, known: CallSession | None, uses: Sequence[Use]
    ) -> CallSession | None:
        """Keep the session; what another copy of this step kept, if that was quicker."""
        counted = call.counters.after(session.state, uses)
        if self._sessions.save(call.key, session, known, counted):
            return None
        try:
            quicker = self._sessions.load(call.key)
        except SessionsDown:
            return None
        return quicker if quicker and quicker.digest == session.digest else None


def _inputs(text: str, known: int = 0) -> Sequence[_Input]:
    """Each input of a history after its first `known` characters."""
    begun, rest = (text[:known] + "*", text[known + 1 :]) if known else ("", text)
    parts = rest.split("*")
    return [_Input(part, begun + "*".join(parts[:number])) for number, part in enumerate(parts, 1)]
