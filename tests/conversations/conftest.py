"""The line in a language of the test's choice, and what it kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from gateway.country import Pack
from gateway.settings import Settings
from gateway.vault import Role, Vault
from tests.conversations.interpreter import Interpreter
from tests.conversations.kept import Kept
from tests.lines import Line


@pytest.fixture
def language(request: pytest.FixtureRequest) -> str:
    """English, unless a test is told otherwise (see interpreter.in_every_language)."""
    return str(getattr(request, "param", "en"))


@pytest.fixture
def settings(settings: Callable[..., Settings], language: str) -> Callable[..., Settings]:
    return partial(settings, ISANGE_LANGUAGE=language)


@pytest.fixture
def line(line: Line, language: str, pack: Pack) -> Line:
    """The line, and phones that are read in its language by the English words of a test."""
    if language != "en":
        line.reads = Interpreter.of(language, pack)
    return line


@pytest.fixture
def kept(line: Line, vaults: Callable[[Role], Vault]) -> Kept:
    """What is on disk since now, to those who may read it."""
    return Kept(line, vaults)
