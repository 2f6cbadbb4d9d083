"""What every conversation needs of others, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final, Protocol

from gateway.conversation.calls import Clock
from gateway.runtime.phones import Msisdn
from menus.intents import Intent

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The occasion of an intent: doing it twice on the same occasion must change nothing.

    `again`: it was typed before, in a session that was lost. Then find what came of it. `age`
    tells for how many seconds the call has gone on: the network may give the next one its name.
    """

    session: bytes
    history: bytes
    msisdn: Msisdn
    language: str
    network: str | None
    again: bool = False
    age: Clock = field(default=lambda: inf, compare=False)

    def since(self, at: datetime) -> datetime:
        """When the call began, if it is `at` now. What was done before was done in another one."""
        seconds = self.age()
        return LONG_AGO if seconds == inf else at - timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an intent: facts for the screens, and whether an SMS is now waiting."""

    facts: dict[str, str]
    ring: bool = False


class Actions(Protocol):
    """Carries out what a caller meant, in one transaction each.

    Raises database.DatabaseDown when the database cannot be used, and NotDone when a step comes
    `again` that was never done; then nothing was done.
    """

    def do(self, intent: Intent, step: Occasion) -> Done: ...


class Doorbell(Protocol):
    """Tells the workers that something is waiting. Never raises: the clock looks by itself."""

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


class NotDone(Exception):
    """What is said to have been done in this session before was never done."""


class CannotDo(Exception):
    """What she asked for could not be carried out; `language` is hers. Nothing was kept."""

    def __init__(self, language: str) -> None:
        super().__init__("an intent was not carried out")
        self.language = language
