"""A turn, without Flask: what the network sent → session → menus → intents done → answer.

The network sends the whole history at every step, joined by `*`. That history is also the backup
of the session: when Redis lost it, everything is typed again, and what was done stays done once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from gateway import logs
from gateway.database import DatabaseDown
from gateway.phones import Msisdn
from gateway.sessions import Session, Sessions, SessionsDown
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


@dataclass(frozen=True, slots=True)
class Step:
    """The occasion of an intent: doing it twice on the same occasion must change nothing."""

    session: bytes
    history: bytes
    msisdn: Msisdn
    language: str
    network: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an intent: facts for the screens, and whether an SMS is now waiting."""

    facts: dict[str, str]
    ring: bool = False


class Deeds(Protocol):
    """Carries out what a caller meant, in one transaction each.

    Raises database.DatabaseDown when the database cannot be used; then nothing was done.
    """

    def do(self, intent: Intent, step: Step) -> Done: ...


class Bell(Protocol):
    """Tells the workers that something is waiting. May fail: the clock finds it all the same."""

    def ring(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the phone shows. `event` is a word for the metrics: how the step was understood."""

    text: str
    ends: bool
    event: str

    @property
    def body(self) -> str:
        return f"{'END' if self.ends else 'CON'} {self.text}"


class TooMuch(ValueError):
    """More was sent than any caller can type."""


class CannotDo(Exception):
    """What she asked for could not be carried out; `language` is hers. Nothing was kept."""

    def __init__(self, language: str) -> None:
        super().__init__("an intent was not carried out")
        self.language = language


@dataclass(slots=True)
class _Walk:
    """A state on its way through one or more inputs."""

    turn: Turn
    ring: bool = False


class Conversation:
    """The callers' line."""

    def __init__(
        self, engine: Engine, sessions: Sessions, deeds: Deeds, bell: Bell, language: str
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._deeds = deeds
        self._bell = bell
        self._language = language

    def answer(self, request: Request) -> Answer:
        """One step. Raises TooMuch and CannotDo."""
        if len(request.text) > LONGEST_TEXT or request.text.count("*") >= MOST_PARTS:
            raise TooMuch
        key = self._sessions.key(request.session_id, request.msisdn)
        try:
            stored, reachable = self._sessions.load(key), True
        except SessionsDown:
            stored, reachable = None, False
        digest = self._sessions.digest(key, request.text)
        if stored and stored.digest == digest:
            return repeated(stored)
        walk, event = self._understand(request, key, stored, reachable=reachable)
        page = self._engine.page(walk.turn.state, walk.turn.note)
        if page.ends and walk.turn.state.draft:
            self._do(DiscardDraft(), walk.turn.state.language, request.text, request, key)
        answer = Answer(page.text, page.ends, event)
        state = forget(walk.turn.state) if page.ends else walk.turn.state
        session = Session(state, len(request.text), digest, answer.body)
        answer = self._keep(key, session, stored, answer)
        if walk.ring:
            self._bell.ring()
        return answer

    def _understand(
        self, request: Request, key: bytes, stored: Session | None, *, reachable: bool
    ) -> tuple[_Walk, str]:
        """What this history means, given what is known of the session."""
        before = self._sessions.answered(key)
        behind = stored is not None and before is not None and before > stored.length
        if stored and not behind:
            typed = self._new_input(request, key, stored)
            if typed is not None:
                return self._take(_Walk(Turn(stored.state)), typed, request.text, request, key), (
                    "step"
                )
        if not request.text:
            return _Walk(Turn(self._engine.begin(self._language))), "begin"
        if stored is None and before is None and reachable and not self._sessions.may_be_lost():
            return self._dialled_through(request, key), "dial_through"
        return self._replay(request, key), "rebuilt"

    def _new_input(self, request: Request, key: bytes, stored: Session) -> str | None:
        """What follows the stored history, stars and all, or None when it is not continued."""
        known, rest = request.text[: stored.length], request.text[stored.length :]
        if self._sessions.digest(key, known) != stored.digest:
            return None
        if not known:
            return rest
        return rest[1:] if rest.startswith("*") else None

    def _replay(self, request: Request, key: bytes) -> _Walk:
        """Type everything again from the first screen."""
        walk = _Walk(Turn(self._engine.begin(self._language)))
        for typed, history in _histories(request.text):
            walk = self._take(walk, typed, history, request, key)
        return walk

    def _dialled_through(self, request: Request, key: bytes) -> _Walk:
        """`*384*123*1*2#`: run along, but never past a confirmation, a secret or free typing."""
        walk = _Walk(Turn(self._engine.begin(self._language)))
        for typed, history in _histories(request.text):
            if not self._engine.runs_past(walk.turn.state):
                break
            walk = self._take(walk, typed, history, request, key)
        return walk

    def _take(self, walk: _Walk, typed: str, history: str, request: Request, key: bytes) -> _Walk:
        turn = self._engine.turn(walk.turn.state, typed)
        if turn.intent is None:
            return _Walk(turn, walk.ring)
        done = self._do(turn.intent, turn.state.language, history, request, key)
        return _Walk(Turn(turn.state.learn(done.facts)), walk.ring or done.ring)

    def _do(
        self, intent: Intent, language: str, history: str, request: Request, key: bytes
    ) -> Done:
        step = Step(
            session=key,
            history=self._sessions.digest(key, history),
            msisdn=request.msisdn,
            language=language,
            network=request.network,
        )
        try:
            return self._deeds.do(intent, step)
        except DatabaseDown as error:
            logs.failure("intent_not_carried_out", error)
            raise CannotDo(language) from None

    def _keep(self, key: bytes, session: Session, stored: Session | None, answer: Answer) -> Answer:
        """Store the session; when another copy of this step was quicker, say what it said."""
        self._sessions.remember(key, session.length)
        if stored and session.length < stored.length:
            return answer  # A late copy of an earlier step must not take the session back there.
        try:
            if self._sessions.save(key, session, stored):
                return answer
            quicker = self._sessions.load(key)
        except SessionsDown:
            return answer
        return repeated(quicker) if quicker and quicker.digest == session.digest else answer


def repeated(stored: Session) -> Answer:
    """The stored answer once more, byte for byte."""
    return Answer(stored.answer[4:], stored.answer.startswith("END"), "repeat")


def forget(state: State) -> State:
    """After the end nothing of the way there is kept, only the answer for a repeat."""
    return State(state.language, state.trail[:1], ended=True)


def _histories(text: str) -> list[tuple[str, str]]:
    """Each input of a history with the history up to and including it."""
    parts = text.split("*")
    return [(part, "*".join(parts[: number + 1])) for number, part in enumerate(parts)]
