"""PostgreSQL hangs instead of failing, under four callers a second and a web process of 4 threads.

Who needs no SQL notices nothing; who sends is told the truth; afterwards all goes on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, func, select

from gateway.country.pack import Pack
from gateway.runtime import callbacks
from gateway.store import database
from gateway.store.models import Report
from gateway.vault.create import create_keys
from gateway.vault.vault import Vault
from tests.faults.callers import Caller
from tests.faults.proxy import ProxiedWire, wire
from tests.gateway.web.ussd_wire import opened
from tests.gateway.web.web_server import WebServer, environment, request
from tests.samples import SECRET
from tests.services import Postgres, Valkey, wait_until

pytestmark = pytest.mark.system

THREADS = 4
EVERY = 0.25
"""Seconds between two callers."""

CALLERS = 40
DANGER = ("1", "1")
"""The keys from the first screen to the last one before she sends."""

NEAREST = ("2", "1", "1", "4", "9")


@dataclass(frozen=True)
class SilentService:
    """A web process, and what stands behind it."""

    web: WebServer
    between: ProxiedWire
    server: Postgres
    engine: Engine

    def caller(self) -> Caller:
        path = callbacks.url("", SECRET, "ussd")
        return Caller(f"http://127.0.0.1:{self.web.port}{path}")

    def in_danger(self) -> Caller:
        """A caller who will send with her next key."""
        return self.caller().dial().press(*DANGER)

    def reports(self) -> int:
        with database.reading(self.engine) as session:
            return session.scalar(select(func.count()).select_from(Report)) or 0

    def status(self, path: str) -> int:
        return self.web.ask(request(path, method="GET")).code


@pytest.fixture
def line(
    tmp_path: Path, postgres: Postgres, postgres_url: str, valkey: Valkey, pack: Pack
) -> Iterator[SilentService]:
    create_keys(tmp_path / "keys")
    engine = database.connect(postgres_url)
    opened(engine, pack, Vault.open(tmp_path / "keys" / "staff", "staff"))
    parts = urlsplit(postgres_url)
    with wire(f"{parts.hostname}:{parts.port}") as between:
        env = environment(
            tmp_path / "keys",
            between.url(postgres_url),
            valkey.url,
            ISANGE_WEB_THREADS=str(THREADS),
        )
        web = WebServer(tmp_path / "web.log", env)
        yield SilentService(web, between, postgres, engine)
        web.stop()
    engine.dispose()


@contextmanager
def no_bytes_pass(line: SilentService) -> Iterator[None]:
    """As a pooler that hangs. What it held is lost, and new connections work again."""
    line.between.black_hole()
    yield
    line.between.lose()


Silence = Callable[[SilentService], AbstractContextManager[None]]

SILENCES: dict[str, Silence] = {
    "a pooler that hangs": no_bytes_pass,
    "a frozen server": lambda line: line.server.frozen(),
    "a lost standby": lambda line: line.server.without_standby(),
}


@pytest.mark.parametrize("silence", SILENCES.values(), ids=SILENCES)
def test_callers_while_postgresql_hangs(line: SilentService, silence: Silence) -> None:
    """Each is answered within the 15 s of the network: else Caller raises."""
    usual = line.caller().dial().press(*NEAREST).screen
    with ThreadPoolExecutor(THREADS) as threads:
        for one in threads.map(lambda _: line.in_danger().press("1"), range(THREADS)):
            one.sees("sent")
    senders = [line.in_danger() for _ in range(CALLERS // 2)]
    finished: list[str] = []
    never = Event()

    def send(number: int) -> None:
        senders[number].press("1")
        finished.append("sender")

    def look(number: int) -> None:
        assert line.caller().dial().press(*NEAREST).screen == usual
        finished.append("looker")

    with silence(line), ThreadPoolExecutor(CALLERS) as threads:
        calls = []
        for number in range(CALLERS):
            calls.append(threads.submit(look if number % 2 else send, number // 2))
            never.wait(EVERY)
        for call in calls:
            call.result()
        assert line.status("/healthz") == 200
        assert line.status("/readyz") == 503

    assert finished[0] == "looker", "who only looks waits for nobody"
    for sender in senders:
        assert sender.ended
        sender.sees("112")
        assert not sender.told
    wait_until(lambda: line.status("/readyz") == 200, "the web process is ready")
    for sender in senders:
        sender.repeat().sees("sent")
    assert line.reports() == THREADS + len(senders), "each report is there once"
