"""Callbacks that do not wait for an answer to show: reports, incoming SMS, opt-outs, events."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.standin.config import Callbacks, Config, Kind
from sandbox.standin.outgoing import Limits, Reply, post
from sandbox.standin.schedule import Schedule
from sandbox.standin.wire import OTHER_AGENT, USSD_AGENT

JOURNAL_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback to be posted."""

    kind: Kind
    body: bytes = field(repr=False)

    @property
    def agent(self) -> str:
        return USSD_AGENT if self.kind == "events" else OTHER_AGENT

    def taken(self, reply: Reply) -> bool:
        """Whether the application took it: an incoming SMS asks for 200 itself, others for 2xx."""
        if reply.status is None:
            return False
        return reply.status == 200 if self.kind == "sms" else 200 <= reply.status < 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a callback, for whoever debugs an application.

    `place` grows by one with each attempt, and further with each start.
    """

    place: int
    kind: Kind
    body: str = field(repr=False)
    status: int | None
    error: str
    taken: bool


class Courier:
    """Posts letters in the background and repeats those that were not taken.

    Callbacks handed over together go out one after another: the next waits until the one before it
    was taken, which is what makes a wrong order on purpose reliable.
    """

    def __init__(
        self, config: Config, schedule: Schedule, callbacks: Callable[[], Callbacks]
    ) -> None:
        self._limits = Limits(connect=config.connect_limit, answer=config.answer_limit)
        self._retry_every = config.retry_every
        self._patience = config.patience
        self._schedule = schedule
        self._callbacks = callbacks
        # From the time of day, so that who has seen the last one before a restart misses nothing.
        self._places = itertools.count(time.time_ns() // 1_000_000)
        self._journal: deque[Attempt] = deque(maxlen=JOURNAL_LENGTH)
        self._lock = threading.Lock()

    def send(self, callbacks: Sequence[Callback], delay: float = 0.0) -> None:
        """Post `callbacks` in their order, the first one after `delay` seconds."""
        if callbacks:
            deadline = time.monotonic() + delay + self._patience
            self._schedule.after(delay, lambda: self._step(callbacks, deadline))

    def posts(self, after: int = 0) -> list[Attempt]:
        """The latest attempts, oldest first, from the one after the place `after`."""
        with self._lock:
            return [post for post in self._journal if post.place > after]

    def _step(self, callbacks: Sequence[Callback], deadline: float) -> None:
        first = callbacks[0]
        url = self._callbacks().url(first.kind)
        if url is None:
            return
        reply = post(url, first.body, first.agent, self._limits)
        taken = first.taken(reply)
        self._note(first, reply, taken=taken)
        now = time.monotonic()
        if taken:
            self.send(callbacks[1:])
        elif now + self._retry_every <= deadline:
            self._schedule.after(self._retry_every, lambda: self._step(callbacks, deadline))

    def _note(self, callback: Callback, reply: Reply, *, taken: bool) -> None:
        body = callback.body.decode("ascii")
        with self._lock:
            place = next(self._places)
            self._journal.append(
                Attempt(place, callback.kind, body, reply.status, reply.error, taken)
            )
