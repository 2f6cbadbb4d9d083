"""What most tests stand on: real servers, a database of each kind, keys, and a line to dial."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine

from gateway.country.pack import Pack, load_country
from gateway.runtime.settings import Settings
from gateway.store import database, schema
from gateway.vault.create import create_keys
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests import machine, shared_parts
from tests.one_process_line import Line
from tests.samples import SECRETS
from tests.services import Postgres, Valkey, running
from tests.shared_parts import SharedParts
from tests.staff_and_reports import StaffAndReports

DATABASES = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    """Before any test, and before the processes that run them side by side."""
    if not hasattr(config, "workerinput"):
        try:
            machine.prepare(os.environ)
        except machine.NoRoom as reason:
            pytest.exit(str(reason), returncode=2)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key folder for each role."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    create_keys(folder)
    return folder


@pytest.fixture(scope="session")
def vaults(keys: Path) -> Callable[[Role], Vault]:
    """The vault of a role, opened once."""
    return lambda role: shared_parts.vault(keys / role, role)


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Rwanda, as it ships."""
    return load_country("rw")


@pytest.fixture(scope="session")
def _valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    with running(server):
        yield server


@pytest.fixture
def valkey(_valkey_server: Valkey) -> Valkey:
    """A real Valkey with nothing in it."""
    _valkey_server.flush()
    return _valkey_server


@pytest.fixture
def redis(valkey: Valkey) -> Iterator[Redis]:
    with Redis.from_url(valkey.url) as client:
        yield client


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with machine.home_for_postgres() as home:
        server = Postgres(home)
        with running(server):
            yield server


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = database.connect(f"sqlite:///{path}")
    schema.upgrade(engine)
    engine.dispose()  # The last connection to close writes the WAL into the file.
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path) -> str:
    """An empty SQLite database with the schema in it: the same path for each test."""
    path = _sqlite_template.with_name("isange.db")
    url = f"sqlite:///{path}"
    shared_parts.disconnect(url)
    for left in path.parent.glob("isange.db*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    shutil.copyfile(_sqlite_template, path)
    return url


@pytest.fixture(scope="session")
def _postgres_database(postgres: Postgres) -> str:
    url = postgres.create()
    engine = database.connect(url)
    schema.upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def postgres_url(postgres: Postgres, _postgres_database: str) -> str:
    """An empty PostgreSQL database with the schema in it."""
    shared_parts.disconnect(_postgres_database)
    postgres.empty(_postgres_database)
    return _postgres_database


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind we run on: the test runs once for each."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def engine(database_url: str, vaults: Callable[[Role], Vault]) -> Iterator[Engine]:
    made = shared_parts.engine(database_url, "records", lambda: vaults("web"))
    yield made
    made.dispose()


@pytest.fixture
def records(engine: Engine, pack: Pack, vaults: Callable[[Role], Vault]) -> StaffAndReports:
    """Centres, staff, reports and SMS on an empty database of each kind."""
    return StaffAndReports(engine, pack, vaults("web"), vaults("worker"), vaults("staff"))


@pytest.fixture
def settings(sqlite_url: str, valkey: Valkey, keys: Path) -> Callable[..., Settings]:
    """Settings of a role; any of them may be given otherwise, by its environment variable."""

    def make(role: Role = "web", **other: str) -> Settings:
        return Settings.read(
            {
                "DATABASE_URL": sqlite_url,
                "REDIS_URL": valkey.url,
                "ISANGE_KEYS": str(keys / role),
                **SECRETS[role],
                "ISANGE_LANGUAGE": "en",
                "AT_USERNAME": "test",
                "AT_API_KEY": "test",
                **other,
            }
        )

    return make


@pytest.fixture
def line(settings: Callable[..., Settings]) -> Iterator[Line]:
    """The whole line in this process: callers' app, worker and sample staff, on SQLite."""
    roles: tuple[Role, ...] = ("web", "staff", "worker")
    made = Line(*(SharedParts(settings(role), role) for role in roles))
    yield made
    made.close()
