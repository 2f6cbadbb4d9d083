"""The line in a language of the test's choice, and what it kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path

import pytest

from gateway.catalogues import loading
from gateway.country import Pack, load_country
from gateway.settings import Settings
from gateway.vault import Role, Vault
from gateway.wiring import House
from menus.speech import Speech
from tests.conversations.interpreter import Interpreter
from tests.conversations.kept import Kept, sizes
from tests.lines import Line


class Furnished(House):
    """A house whose country, words and keys, which no call changes, were read once for all."""

    @cached_property
    def pack(self) -> Pack:
        return _country(self.settings.country)

    @cached_property
    def speech(self) -> Speech:
        return _speech(self.settings.country)

    @cached_property
    def vault(self) -> Vault:
        return _vault(self.settings.keys, self.role)


@cache
def _country(code: str) -> Pack:
    return load_country(code)


@cache
def _speech(code: str) -> Speech:
    return Speech(loading.shipped(_country(code).languages))


@cache
def _vault(folder: Path, role: Role) -> Vault:
    return Vault.open(folder, role)


@pytest.fixture
def language(request: pytest.FixtureRequest) -> str:
    """English, unless a test is told otherwise (see interpreter.in_every_language)."""
    return str(getattr(request, "param", "en"))


@pytest.fixture
def line(settings: Callable[..., Settings], language: str) -> Iterator[Line]:
    """The whole line in this process, and phones read by the English words of a test."""
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    houses = (Furnished(settings(role, ISANGE_LANGUAGE=language), role) for role in roles)
    made = Line(*houses)
    made.reads = Interpreter.of(language, made.web.pack, made.web.speech)
    yield made
    made.close()


@pytest.fixture
def kept(line: Line, vaults: Callable[[Role], Vault]) -> Kept:
    """What is on disk, to those who may read it."""
    return Kept(line, vaults, sizes(line.web.redis))
