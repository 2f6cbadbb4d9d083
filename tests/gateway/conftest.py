"""Callers' processes for the tests of the wire: many, quickly, on the same Redis and database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gateway import centres, database, phones, roster
from gateway.roster import NewStaff
from gateway.settings import Settings
from gateway.vault import Role, Vault
from tests.gateway.auditlog import Log
from tests.gateway.ussd import Gate, Gated, Wire, wire
from tests.houses import SharedHouse
from tests.office import Office
from tests.services import Valkey

Process = Callable[..., SharedHouse]


@pytest.fixture
def process(settings: Callable[..., Settings]) -> Iterator[Process]:
    """Start a callers' process; settings may be given by their environment variables."""
    started: list[SharedHouse] = []

    def start(gate: Gate | None = None, **other: str) -> SharedHouse:
        own = settings("web", **other)
        house = Gated(own, "web", gate) if gate else SharedHouse(own, "web")
        started.append(house)
        return house

    yield start
    for house in started:
        house.close()


ON_DUTY = "+250788000400"


@pytest.fixture
def house(process: Process) -> SharedHouse:
    """A callers' process with the sample centres in its database, and somebody on duty."""
    made = process()
    with database.writing(made.database, "test") as session:
        centres.replace_all(session, made.pack, made.pack.centres)
        duty = NewStaff(phones.parse(ON_DUTY), "national", "national", "en", "no PIN")
        roster.add(session, made.vault, duty)
    return made


@pytest.fixture
def calls(house: SharedHouse) -> Wire:
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
