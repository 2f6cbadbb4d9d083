"""Callers' processes for the tests of the wire: many, quickly, on the same Redis and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import centres, database
from gateway.settings import Settings
from gateway.vault import Role, Vault
from gateway.wiring import House
from tests.gateway.auditlog import Log
from tests.gateway.ussd import Gate, Gated, Ready, Wire, wire
from tests.office import Office
from tests.services import Valkey

Process = Callable[..., Ready]


@pytest.fixture(scope="session")
def loaded(keys: Path) -> House:
    """What every callers' process loads at its start: country, catalogues and keys."""
    return House(
        Settings.read(
            {
                "DATABASE_URL": "sqlite://",
                "REDIS_URL": "unix:///nowhere",
                "ISANGE_KEYS": str(keys / "web"),
                "ISANGE_CALLBACK_SECRETS": "a-secret-of-nobody-long-enough",
                "AT_USERNAME": "test",
                "AT_API_KEY": "test",
            }
        ),
        "web",
    )


@pytest.fixture
def process(settings: Callable[..., Settings], loaded: House) -> Iterator[Process]:
    """Start a callers' process; settings may be given by their environment variables."""
    started: list[Ready] = []

    def start(gate: Gate | None = None, **other: str) -> Ready:
        own = settings("web", **other)
        house = Gated(own, "web", loaded, gate) if gate else Ready(own, "web", loaded)
        started.append(house)
        return house

    yield start
    for house in started:
        house.close()


@pytest.fixture
def house(process: Process) -> Ready:
    """A callers' process with the sample centres in its database."""
    made = process()
    with database.writing(made.database, "test") as session:
        centres.replace_all(session, made.pack, made.pack.centres)
    return made


@pytest.fixture
def calls(house: Ready) -> Wire:
    return wire(house)


@pytest.fixture
def gate(valkey: Valkey) -> Gate:
    return Gate(valkey.url)


@pytest.fixture
def log(office: Office, vaults: Callable[[Role], Vault]) -> Log:
    """An audit log with rows in several lanes; nothing is wrong with it."""
    made = Log(office, vaults)
    assert made.faults() == []
    return made
