"""Many callers at once, each of whom tries again until she is told that her report is with us."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Final, Self

from tests.faults.callers import Caller, Cut
from tests.faults.promises import Account, Story, Witnesses, account

PATIENCE: Final = 120.0
"""Seconds after which a caller gives up; no outage of these tests lasts as long."""

BREATH: Final = 0.5
"""Seconds before a caller who was cut, or was shown the emergency numbers, tries again."""

Dials = Callable[[Caller], object]


def for_help(caller: Caller) -> None:
    """The shortest report there is."""
    caller.dial().press("1", "1", "1")


def a_report(caller: Caller) -> None:
    """The longest one."""
    caller.report()


@dataclass
class Crowd:
    """So many callers on the line at `url`, `at_once` of them at the same time."""

    url: str
    count: int
    at_once: int = 4
    dials: Dials = for_help
    callers: list[Caller] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    """The last screens of those who were not told, in the order in which that happened."""
    _stop: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        """They call while the block lasts; at its end all of them have been told."""
        self._pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="caller")
        self.callers = [Caller(self.url) for _ in range(self.count)]
        self._calls: list[Future[None]] = [self._pool.submit(self._try, c) for c in self.callers]
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None:
            self._stop.set()
        self._pool.shutdown()
        if kind is None:
            for call in self._calls:
                call.result()

    @property
    def told(self) -> list[str]:
        """Every code that was shown together with the word "sent"."""
        return [code for caller in self.callers for code in set(caller.told)]

    def account(self, asked: Witnesses, what: str, recovered: datetime | None = None) -> Account:
        """How the promises were kept; whoever calls twice may have two reports."""
        story = Story(
            told=self.told,
            callers=[caller.number for caller in self.callers],
            recovered=recovered or datetime.now(UTC),
        )
        return account(asked, what, story)

    def _try(self, caller: Caller) -> None:
        until = time.monotonic() + PATIENCE
        while not caller.told and not self._stop.is_set():
            assert time.monotonic() < until, f"not told in {PATIENCE:g} s: {caller.screen}"
            with suppress(Cut, AssertionError):
                self.dials(caller)
            if not caller.told:
                self.shown.append(caller.screen)
                self._stop.wait(BREATH)
