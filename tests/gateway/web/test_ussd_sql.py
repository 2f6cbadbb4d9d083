"""SQL gone or slow, or a bug of ours: "sent" is said to nobody in vain, and everybody gets help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.callers import emergency
from menus.engine import Engine as MenuEngine
from menus.ports import Hotlines
from menus.script import Caller, Choose, Screen, choose, option, screen
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import (
    FIRST,
    HELP,
    UssdWire,
    counted,
    handset,
    opened,
    reports,
    statements,
    wire,
)
from tests.samples import CALLER
from tests.services import wait_until
from tests.shared_parts import SharedParts

SENT = "END Your request is sent."

Outage = Callable[[SharedParts], AbstractContextManager[None]]


@contextmanager
def sqlite_gone(parts: SharedParts) -> Iterator[None]:
    """The file cannot be opened, as on a disk that was lost."""
    path = Path(str(make_url(parts.settings.database_url).database))
    aside = path.with_suffix(".aside")
    parts.database.dispose()
    path.rename(aside)
    path.mkdir()
    try:
        yield
    finally:
        path.rmdir()
        aside.rename(path)


@contextmanager
def postgresql_gone(parts: SharedParts) -> Iterator[None]:
    """The server cuts our connections and takes no new ones."""
    url = make_url(parts.settings.database_url)
    with psycopg.connect(
        host=url.host, port=url.port, user=url.username, dbname="postgres", autocommit=True
    ) as admin:
        admin.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false'.encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [url.database],
        )
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true'.encode())


OUTAGES: dict[str, Outage] = {"sqlite": sqlite_gone, "postgresql": postgresql_gone}


@pytest.fixture
def server(process: Process, database_url: str, vaults: Callable[[Role], Vault]) -> SharedParts:
    """A callers' process on each kind of database."""
    made = process(DATABASE_URL=database_url)
    opened(made.database, made.pack, vaults("staff"))
    return made


@pytest.fixture
def outage(server: SharedParts) -> AbstractContextManager[None]:
    return OUTAGES[server.database.dialect.name](server)


def test_sent_is_never_said_without_a_commit(
    server: SharedParts, outage: AbstractContextManager[None]
) -> None:
    calls = wire(server)
    calls.walk("1*1")
    before = counted("not_done")
    with outage:
        assert [calls.step("1*1*1") for _ in range(2)] == [HELP] * 2
    assert counted("not_done") == before + 2
    assert reports(server) == 0
    sent = calls.step("1*1*1")
    assert sent.startswith(SENT)
    assert calls.step("1*1*1") == sent
    assert reports(server) == 1


def test_a_copy_sent_while_the_database_is_slow_is_answered_alike(
    parts: SharedParts, calls: UssdWire
) -> None:
    """The network gives up on us and sends the step again: one copy waits behind the other."""
    calls.walk("1*1")
    with ThreadPoolExecutor(2) as threads, statements(parts) as begun:
        with parts.database.connect() as slow, slow.begin():
            before = len(begun)
            copies = [threads.submit(calls.step, "1*1*1") for _ in range(2)]
            wait_until(lambda: len(begun) > before, "the first copy waits for the lock")
            assert not any(copy.done() for copy in copies)
        said = {copy.result() for copy in copies}
    assert said == {calls.step("1*1*1")}
    assert reports(parts) == 1


def test_help_comes_in_her_language(
    server: SharedParts, outage: AbstractContextManager[None]
) -> None:
    phone = handset(wire(server)).dial().choose("Language", "Ikinyarwanda").press(1, 1)
    with outage:
        phone.press(1).hangs_up()
    lines = Hotlines(**{use: one.number for use, one in server.pack.hotlines.items()})
    assert phone.screen == server.speech.say(emergency.unavailable(lines), "rw")
    assert f"END {phone.screen}" != HELP
    phone.sees("112", "116")


def test_a_plain_screen_does_not_notice(
    server: SharedParts, outage: AbstractContextManager[None]
) -> None:
    calls = wire(server)
    way = ("", "2", "2*1", "2*1*1", "2*1*1*4", "2*1*1*4*9", "2*1*1*4*9*0")
    usual = [calls.step(text, sessionId="usual") for text in way]
    with outage:
        assert [calls.step(text) for text in way] == usual


def test_what_went_wrong_is_logged_without_her(
    server: SharedParts, outage: AbstractContextManager[None]
) -> None:
    calls = wire(server)
    calls.walk("1*1")
    with outage, capture_logs() as logged:
        calls.step("1*1*1")
    assert [one["event"] for one in logged] == ["intent_not_carried_out"]
    assert CALLER.removeprefix("+") not in str(logged)


@screen
def fine(caller: Caller) -> Choose:
    """A first screen without fault."""
    return choose("{title}", option("On", goto=broken), title=caller.country.titles["en"])


@screen
def broken(caller: Caller) -> Choose:
    """A bug that quotes what it should not."""
    raise RuntimeError(f"cannot show this to {CALLER}, who said {caller.answer(fine)}")


@dataclass(frozen=True)
class Buggy(SharedParts):
    """A process with a bug in its first screen, or in the one after it."""

    begins_at: Screen = fine

    @cached_property
    def menus(self) -> MenuEngine:
        country = self.pack.menus_country(tuple(self.pack.languages), self.centres)
        return MenuEngine(self.begins_at, country, self.speech)


@pytest.mark.parametrize("first", [fine, broken], ids=["a later screen", "the first screen"])
def test_a_bug_of_ours_is_help_for_her_and_a_word_for_us(parts: SharedParts, first: Screen) -> None:
    buggy = Buggy(parts.settings, "web", first)
    calls = wire(buggy)
    before = counted("failed")
    with capture_logs() as logged:
        calls.step("") if first is fine else None
        assert [calls.step("1") for _ in range(2)] == [HELP] * 2
    buggy.close()
    assert counted("failed") == before + 2
    assert [(one["event"], one["error"]) for one in logged] == [("step_failed", "RuntimeError")] * 2
    assert all(one["where"].startswith(f"{__name__}:") for one in logged)
    assert CALLER.removeprefix("+") not in str(logged)


def test_another_call_is_served_after_a_bug(parts: SharedParts) -> None:
    buggy = Buggy(parts.settings, "web")
    calls = wire(buggy)
    assert calls.walk("1") == HELP
    assert calls.step("", sessionId="next").startswith(FIRST)
    buggy.close()
