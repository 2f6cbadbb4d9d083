"""Where a caller stands, in Redis for minutes, encrypted, and never overwritten by a late copy.

One session is one key: the digest of what the network had sent when it was stored, in the clear,
followed by the encrypted rest. The digest is the version for compare-and-set, and tells a repeat
of the same step from a new one without keeping what was typed.
"""

from __future__ import annotations

import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Literal, cast

from redis import Redis
from redis.exceptions import RedisError

from gateway.phones import Msisdn
from gateway.vault import CannotOpen, Vault
from menus.engine import State
from menus.script import Step

LineName = Literal["callers", "staff", "sms", "newest"]

LIFETIME: Final = 300
"""Seconds in Redis. The network ends a session after 180; a repeat may come a little later."""

REMEMBERED: Final = 20_000
"""Sessions that a process remembers having answered, to know a lost one from a new one."""

_DIGEST = 16

_EPOCH: Final = "sessions:epoch"

_STORE = """
local there = redis.call('GETRANGE', KEYS[1], 0, 15)
if there ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""
"""Store only if what lies there still is what was read (nothing at all for a new session)."""


class SessionsDown(Exception):
    """Redis cannot be used; the history the network sends is enough to go on."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as stored: where she stands, how much was sent, and the answer to it."""

    state: State
    length: int
    digest: bytes = field(repr=False)
    answer: str = field(repr=False)


class Sessions:
    """All sessions of one line: that of the callers or that of the staff."""

    def __init__(
        self,
        redis: Redis,
        vault: Vault,
        line: LineName = "callers",
        *,
        alone: bool = True,
        lifetime: int = LIFETIME,
    ) -> None:
        """`alone`: no other process answers this line, so what we remember is everything.

        `lifetime` in seconds from the latest step.
        """
        self._lifetime = lifetime
        self._line = line
        self._redis = redis
        self._vault = vault
        self._alone = alone
        self._store = redis.register_script(_STORE)
        self._answered: OrderedDict[bytes, int] = OrderedDict()
        self._lock = Lock()
        self._epoch = self._read_epoch()
        self._lost_at: float | None = None

    def key(self, session_id: str, msisdn: Msisdn) -> bytes:
        """The name of a session: a hash of its id *and* its number, so neither can be swapped."""
        return session_key(self._vault, self._line, session_id, msisdn)

    def digest(self, key: bytes, text: str) -> bytes:
        """Stands for the history `text` of this session, which is never kept itself."""
        return self._vault.fingerprint("typed", key.hex(), text)

    def load(self, key: bytes) -> Session | None:
        """The stored session, or None. Raises SessionsDown."""
        try:
            stored = self._redis.get(_name(key))
        except RedisError:
            raise SessionsDown from None
        if not isinstance(stored, bytes):
            return None
        try:
            plain = self._vault.open_session(key, stored[_DIGEST:])
        except CannotOpen:
            return None
        return _decode(plain, stored[:_DIGEST])

    def save(self, key: bytes, session: Session, replaces: Session | None) -> bool:
        """Store `session` if nobody did since `replaces` was read. Raises SessionsDown."""
        sealed = self._vault.seal_session(key, _encode(session))
        expected = replaces.digest if replaces else b""
        try:
            done = self._store([_name(key)], [expected, session.digest + sealed, self._lifetime])
        except RedisError:
            raise SessionsDown from None
        return bool(done)

    def may_be_lost(self) -> bool:
        """Whether an unknown session may be one that Redis lost, rather than a new one.

        Another process may have begun it. Redis carries a random mark; when the mark is another
        one than before, everything that lay beside it is gone too, and for as long as a session
        lives such sessions may turn up.
        """
        if self._alone:
            return False
        epoch = self._read_epoch()
        if epoch is None or epoch != self._epoch:
            self._epoch, self._lost_at = epoch or self._epoch, time.monotonic()
        return self._lost_at is not None and time.monotonic() - self._lost_at < LIFETIME

    def _read_epoch(self) -> bytes | None:
        if self._alone:
            return None
        try:
            self._redis.set(_EPOCH, secrets.token_bytes(16), nx=True)
            found = self._redis.get(_EPOCH)
        except RedisError:
            return None
        return found if isinstance(found, bytes) else None

    def remember(self, key: bytes, length: int) -> None:
        """Note in this process that a history of `length` characters was answered."""
        with self._lock:
            self._answered[key] = max(length, self._answered.get(key, 0))
            self._answered.move_to_end(key)
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)

    def answered(self, key: bytes) -> int | None:
        """How long the history was that this process answered last; None if it never did."""
        with self._lock:
            return self._answered.get(key)


def session_key(vault: Vault, line: LineName, session_id: str, msisdn: Msisdn) -> bytes:
    """The name of a session: a hash of its line, its id *and* its number."""
    return vault.fingerprint("session", line, session_id, msisdn.reveal())


def _name(key: bytes) -> str:
    return f"session:{key.hex()}"


def _encode(session: Session) -> bytes:
    trail = [
        [step.screen, step.page, step.answer, dict(step.facts), list(step.returns)]
        for step in session.state.trail
    ]
    state = session.state
    kept = [
        state.language,
        state.ended,
        state.draft,
        trail,
        session.length,
        session.answer,
    ]
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()


def _decode(plain: bytes, digest: bytes) -> Session:
    language, ended, draft, trail, length, answer = cast(list[Any], json.loads(plain))
    steps = tuple(
        Step(screen, page, kept, cast(Mapping[str, str], facts), tuple(returns))
        for screen, page, kept, facts, returns in trail
    )
    return Session(State(language, steps, ended, draft), length, digest, answer)
