"""Where a caller stands, in Redis for minutes, encrypted, and never overwritten by a late copy.

One session is one key: the digest of what the network had sent when it was stored and when the call
began, in the clear, followed by the encrypted rest. Both are the version for compare-and-set. The
digest tells a repeat of the same step from a new one without keeping what was typed; the beginning
tells a call from an earlier one that the network gave the same name.

Redis may be gone, slow, emptied or set back by a restart. So each process keeps a copy of what it
answered last, encrypted as well, and the copy that knows more of the history counts.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from redis import Redis
from redis.exceptions import RedisError

from gateway.conversation.redis_trips import Script, Trips, Word
from gateway.runtime import alarms, crash_points
from gateway.runtime.memory import Clock, RecentValues
from gateway.runtime.phones import Msisdn
from gateway.vault.errors import CannotOpen
from gateway.vault.fingerprints import FingerprintPurpose
from gateway.vault.vault import Vault
from menus.engine import State
from menus.script import SCREENS, Visited

LineName = Literal["callers", "staff", "sms", "newest"]

CUMULATIVE: Final = frozenset({"callers", "staff"})
"""Lines whose network repeats the whole history: a copy that is behind shows, and does no harm."""

LIFETIME: Final = 300
"""Seconds in Redis. The network ends a session after 180; a repeat may come a little later."""

PAUSE: Final = 1.0
"""Seconds for which a Redis that failed is left alone, so that each step waits for it once."""

_FORMAT: Final = 3
_DIGEST: Final = 16
_BEGUN: Final = struct.Struct("d")
_VERSION: Final = _DIGEST + _BEGUN.size

_MARK: Final = "sessions:mark"
_YOUNG: Final = "sessions:young"

_STORE = """
if redis.call('GETRANGE', KEYS[1], 0, 23) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
if redis.call('SETNX', KEYS[2], '1') == 1 or ARGV[4] == '1' then
  redis.call('SET', KEYS[3], '1', 'EX', ARGV[3])
end
for i = 4, #KEYS do
  if redis.call('INCR', KEYS[i]) == 1 then redis.call('EXPIRE', KEYS[i], ARGV[i + 1]) end
end
return 1
"""
"""Store only if what lies there still is what was read (nothing at all for a new session).

A mark that is missing says that Redis lost its memory; ARGV[4] that steps were answered without
it. Either makes it "young" for as long as a session lives: it may not know all of them. The other
keys are counters (gateway.conversation.limits), each with its life in seconds: a step is counted
if it is kept.
"""

_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)

_NOTHING: Final[Mapping[str, int]] = {}


class SessionsDown(Exception):
    """What Redis knows of a session cannot be had; the history is enough to go on."""


@dataclass(frozen=True, slots=True)
class CallSession:
    """A session as stored: where she stands, how much was sent, and the answer to it."""

    state: State
    length: int
    digest: bytes = field(repr=False)
    answer: str = field(repr=False)
    origin: bytes = field(default=b"", repr=False)
    """What tells it from others of the same name, where there are others."""
    begun: float | None = None
    """When the call began, in seconds of the world's clock; None for one that was lost before."""
    latest: float = 0.0
    """When its latest step came, by the same clock."""

    @property
    def version(self) -> bytes:
        """What lies in Redis, in the clear."""
        return self.digest + _BEGUN.pack(self.begun or 0.0)

    def is_behind(self, other: CallSession | _Copy) -> bool:
        """Whether `other` is a later call of the same name, or knows more of this one."""
        if self.begun and other.begun and self.begun != other.begun:
            return self.begun < other.begun
        return self.length < other.length


@dataclass(frozen=True, slots=True)
class Found:
    """A session, if it is known, and what the counters stood at that were asked for with it.

    `counts` is empty when Redis could not tell.
    """

    session: CallSession | None
    counts: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class _Copy:
    length: int
    begun: float | None
    stored: bytes = field(repr=False)


class Sessions:
    """All sessions of one line."""

    def __init__(
        self,
        redis: Redis,
        vault: Vault,
        line: LineName = "callers",
        *,
        alone: bool = True,
        lifetime: int = LIFETIME,
        clock: Clock = time.monotonic,
    ) -> None:
        """`alone`: no other process answers this line, so what we remember is everything.

        `lifetime` in seconds from the latest step.
        """
        self._line = line
        self._trips = Trips(redis)
        self._vault = vault
        self._alone = alone
        self._lifetime = lifetime
        self._clock = clock
        self._store = Script(self._trips, _STORE)
        self._copies: RecentValues[_Copy] = RecentValues(lifetime, clock)
        self._first_seen: RecentValues[bytes] = RecentValues(lifetime, clock)
        self._began = clock()
        self._failed_at = float("-inf")
        self._missed = False
        self._make_mark()

    def key(self, session_id: str, msisdn: Msisdn) -> bytes:
        """The name of a session: a hash of its id *and* its number, so neither can be swapped."""
        return session_key(self._vault, self._line, session_id, msisdn)

    def digest(self, key: bytes, text: str) -> bytes:
        """Stands for the history `text` of this session, which is never kept itself."""
        purpose: FingerprintPurpose = "staff_typed" if self._line == "staff" else "typed"
        return self._vault.fingerprint(purpose, key.hex(), text)

    def has_another_number(self, session_id: str, key: bytes) -> bool:
        """Whether this session id was seen here lately with another number than that of `key`."""
        same_id = self._vault.fingerprint(_naming(self._line), self._line, session_id)
        first = self._first_seen.get(same_id)
        if first is None:
            self._first_seen.put(same_id, key)
        return first is not None and first != key

    def load(self, key: bytes) -> CallSession | None:
        """What is known of a session; None for an unknown one. Raises SessionsDown."""
        return self.find(key).session

    def find(self, key: bytes, counters: Sequence[str] = ()) -> Found:
        """What is known of a session, from Redis or from here, and how some counters stand.

        Raises SessionsDown when it may be known to Redis, and Redis cannot tell.
        """
        copy = self._copies.get(key)
        try:
            stored, counts = self._read(key, counters)
        except SessionsDown:
            if copy is None:
                raise
            return Found(self._open(key, copy.stored))
        session = self._open(key, stored)
        if copy and (session is None or session.is_behind(copy)):
            session = self._open(key, copy.stored)
        elif stored and session is None:
            raise SessionsDown  # Another release of the service wrote it.
        return Found(session, counts)

    def remembered(self, key: bytes) -> CallSession | None:
        """What this process answered last in a session; another may have answered it since."""
        copy = self._copies.get(key)
        return self._open(key, copy.stored) if copy else None

    def replace(self, key: bytes, session: CallSession, remembered: CallSession) -> bool:
        """Keep `session` in Redis if what is `remembered` still is all there is of it.

        False if it is not, or if Redis cannot tell.
        """
        stored = self._seal(key, session)
        try:
            is_kept = self._put(key, stored, remembered.version, _NOTHING)
        except SessionsDown:
            return False
        if is_kept:
            self._remember(key, session, stored)
        return is_kept

    def save(
        self,
        key: bytes,
        session: CallSession,
        replaces: CallSession | None,
        counted: Mapping[str, int] = _NOTHING,
    ) -> bool:
        """Keep `session` in Redis, or as well as we can; False if a twin of this step was quicker.

        `replaces` is what `load` gave before the step. A longer history is never replaced. With it
        one is added to each counter in `counted`, which lives so many seconds from its first.
        """
        stored = self._seal(key, session)
        expected = replaces.version if replaces else b""
        try:
            if self._line not in CUMULATIVE:
                return self._put(key, stored, expected, counted)
            self._remember(key, session, stored)
            if self._put(key, stored, expected, counted):
                return True
            if self._put_after_all(key, session, stored, counted):
                return True
        except SessionsDown:
            self._missed = True
            return True
        self._copies.drop(key)  # The twin's is the one that goes on.
        return False

    def _seal(self, key: bytes, session: CallSession) -> bytes:
        return session.version + self._vault.seal_session(key, _encode(session))

    def _remember(self, key: bytes, session: CallSession, stored: bytes) -> None:
        copy = _Copy(session.length, session.begun, stored)
        self._copies.put(key, copy, unless=session.is_behind)

    def has_gaps(self) -> bool:
        """Whether what is known of a session may lack steps that another process answered."""
        return not self._alone and self._is_young()

    def may_be_lost(self, *, reachable: bool) -> bool:
        """Whether an unknown session may be one that was forgotten, rather than a new one.

        `reachable`: Redis said that it does not know it.
        """
        if self._alone:
            return not reachable and self._clock() - self._began < self._lifetime
        return not reachable or self._is_young()

    def _put_after_all(
        self, key: bytes, session: CallSession, stored: bytes, counted: Mapping[str, int]
    ) -> bool:
        """Something else lies there than was read. Only a longer history, or a twin, stays."""
        there, _ = self._read(key)
        if there[:_DIGEST] == session.digest:
            return False
        other = self._open(key, there)
        if other is None or not session.is_behind(other):
            self._put(key, stored, there[:_VERSION], counted)
        return True

    def _put(self, key: bytes, stored: bytes, expected: bytes, counted: Mapping[str, int]) -> bool:
        missed = "1" if self._missed else ""
        keys = [_name(key), _MARK, _YOUNG, *counted]
        values: list[Word] = [expected, stored, self._lifetime, missed]
        values += counted.values()
        with crash_points.around("session.save"):
            done = bool(self._ask(self._store, keys, values))
        if done:
            self._missed = False
        return done

    def _read(self, key: bytes, counters: Sequence[str] = ()) -> tuple[bytes, Sequence[int]]:
        stored, *counts = self._ask(self._trips.ask, "MGET", _name(key), *counters)
        return stored if isinstance(stored, bytes) else b"", [int(count or 0) for count in counts]

    def _open(self, key: bytes, stored: bytes) -> CallSession | None:
        try:
            plain = self._vault.open_session(key, stored[_VERSION:])
        except CannotOpen:
            return None
        return _decode(plain, stored[:_VERSION])

    def _is_young(self) -> bool:
        """Whether Redis, or our line to it, failed within the life of a session."""
        if self._clock() - self._failed_at < self._lifetime:
            return True
        try:
            mark, young = self._ask(self._trips.ask, "MGET", _MARK, _YOUNG)
        except SessionsDown:
            return True
        return mark is None or young is not None

    def _make_mark(self) -> None:
        """The first start of all finds no mark; nothing was lost then."""
        try:
            self._ask(self._trips.ask, "SETNX", _MARK, "1")
        except SessionsDown:
            return

    def _ask(self, question: Callable[..., Any], *words: object) -> Any:
        """Ask Redis. Raises SessionsDown at once when it failed a moment ago."""
        if self._clock() - self._failed_at < PAUSE:
            raise SessionsDown
        try:
            return question(*words)
        except RedisError as error:
            self._failed_at = self._clock()
            alarms.sound("sessions_down", error=type(error).__name__)
            raise SessionsDown from None


def session_key(vault: Vault, line: LineName, session_id: str, msisdn: Msisdn) -> bytes:
    """The name of a session: a hash of its line, its id *and* its number."""
    return vault.fingerprint(_naming(line), line, session_id, msisdn.reveal())


def _naming(line: LineName) -> FingerprintPurpose:
    """Calls of staff are named by a key of their own: the callers' process finds none of them."""
    return "staff_session" if line == "staff" else "session"


def _name(key: bytes) -> str:
    return f"session:{key.hex()}"


def _encode(session: CallSession) -> bytes:
    trail = [
        [step.screen, step.page, step.answer, dict(step.facts), list(step.returns)]
        for step in session.state.trail
    ]
    state = session.state
    kept = [
        _FORMAT,
        state.language,
        state.ended,
        state.draft,
        trail,
        session.length,
        session.answer,
        session.origin.hex(),
        session.latest,
    ]
    return _JSON.encode(kept).encode()


def _decode(plain: bytes, version: bytes) -> CallSession | None:
    """A session as `_encode` wrote it; None for one of another release of the service."""
    kept = cast(list[Any], json.loads(plain.decode()))
    if kept[0] != _FORMAT:
        return None
    _, language, ended, draft, trail, length, answer, origin, latest = kept
    steps = tuple(
        Visited(screen, page, given, facts, tuple(returns))
        for screen, page, given, facts, returns in trail
    )
    if any(step.screen not in SCREENS for step in steps):
        return None
    state = State(language, steps, ended, draft)
    digest, begun = version[:_DIGEST], _BEGUN.unpack(version[_DIGEST:])[0] or None
    return CallSession(state, length, digest, answer, bytes.fromhex(origin), begun, latest)
