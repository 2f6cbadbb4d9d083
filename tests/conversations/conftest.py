"""The line in a language of the test's choice, and what it kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pytest

from gateway.conversation.limits import Limits
from gateway.country.pack import Pack
from gateway.runtime.settings import Settings
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.clocks import EVENING, where_it_is
from tests.conversations.interpreter import Interpreter
from tests.conversations.kept import Kept, sizes
from tests.one_process_line import Line
from tests.shared_parts import SharedParts


@dataclass(frozen=True)
class PartsAtAnHour(SharedParts):
    """Its limits are those of one and the same hour, and the clocks of its country show `hour`."""

    hour: int

    @cached_property
    def pack(self) -> Pack:
        return replace(super().pack, timezone=where_it_is(self.hour))

    @cached_property
    def limits(self) -> Limits:
        return replace(super().limits, clock=lambda: 0.0)

    @cached_property
    def pauses(self) -> list[float]:
        """For how long a test had nobody press a key, each time."""
        return []

    def _now(self) -> float:
        return super()._now() + sum(self.pauses)


@pytest.fixture
def language(request: pytest.FixtureRequest) -> str:
    """English, unless a test is told otherwise (see interpreter.in_every_language)."""
    return str(getattr(request, "param", "en"))


@pytest.fixture
def hour(request: pytest.FixtureRequest) -> int:
    """In the evening, unless a test is told otherwise (see tests.clocks.at_hour)."""
    return int(getattr(request, "param", EVENING))


@pytest.fixture
def line(settings: Callable[..., Settings], language: str, hour: int) -> Iterator[Line]:
    """The whole line in this process, and phones read by the English words of a test."""
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    processes = (
        PartsAtAnHour(settings(role, ISANGE_LANGUAGE=language), role, hour) for role in roles
    )
    made = Line(*processes)
    made.reads = Interpreter.of(language, made.web.pack, made.web.speech)
    yield made
    made.close()


@pytest.fixture
def kept(line: Line, vaults: Callable[[Role], Vault]) -> Kept:
    """What is on disk, to those who may read it."""
    return Kept(line, vaults, sizes(line.web.redis))
