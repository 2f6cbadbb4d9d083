"""Callers' processes for the tests of the wire: many, quickly, on the same Redis and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gateway.audit import log as audit
from gateway.runtime.settings import Settings
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.clocks import EVENING
from tests.conversations.conftest import PartsAtAnHour
from tests.gateway.audit.audit_log import Log
from tests.gateway.store import roles
from tests.gateway.store.roles import Database
from tests.gateway.web.ussd_wire import RedisSwitch, SwitchedProcess, UssdWire, opened, wire
from tests.one_process_line import Line
from tests.services import Valkey
from tests.shared_parts import SharedParts
from tests.staff_and_reports import StaffAndReports

Process = Callable[..., SharedParts]


@pytest.fixture
def process(settings: Callable[..., Settings]) -> Iterator[Process]:
    """Start a callers' process; settings may be given by their environment variables."""
    started: list[SharedParts] = []

    def start(redis_switch: RedisSwitch | None = None, **other: str) -> SharedParts:
        own = settings("web", **other)
        parts = (
            SwitchedProcess(own, "web", redis_switch) if redis_switch else SharedParts(own, "web")
        )
        started.append(parts)
        return parts

    yield start
    for parts in started:
        parts.close()


@pytest.fixture
def parts(process: Process, vaults: Callable[[Role], Vault]) -> SharedParts:
    """A callers' process with the sample centres in its database, and somebody on duty."""
    made = process()
    opened(made.database, made.pack, vaults("staff"))
    return made


@pytest.fixture
def calls(parts: SharedParts) -> UssdWire:
    return wire(parts)


@pytest.fixture
def redis_switch(valkey: Valkey) -> RedisSwitch:
    return RedisSwitch(valkey.url)


@pytest.fixture
def log(records: StaffAndReports, vaults: Callable[[Role], Vault]) -> Log:
    """An audit log with rows in several lanes; nothing is wrong with it."""
    made = Log(records, vaults)
    assert made.faults() == []
    return made


@pytest.fixture
def guarded(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database with a role for each process."""
    with roles.guarded(postgres_url) as made:
        yield made


@pytest.fixture
def guarded_line(
    guarded: Database, settings: Callable[..., Settings], vaults: Callable[[Role], Vault]
) -> Iterator[Line]:
    """The whole line, each process under its own database role."""
    urls = guarded.urls
    made = Line(
        *(
            PartsAtAnHour(settings(one, DATABASE_URL=urls[one]), one, EVENING)
            for one in roles.PROCESSES
        )
    )
    audit.seal_with(guarded.owner, lambda: vaults("staff"))
    yield made
    made.close()
