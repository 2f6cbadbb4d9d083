"""What most tests stand on: real servers, a database of each kind, keys, and a line to dial."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis import Redis
from sqlalchemy import Engine

from gateway import audit, database, schema
from gateway.country import Pack, load_country
from gateway.settings import Settings
from gateway.vault import Role, Vault, create_keys
from gateway.wiring import House
from tests.lines import SECRET, Line
from tests.office import Office
from tests.services import Postgres, Valkey, running

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key folder for each role."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    create_keys(folder)
    return folder


@pytest.fixture(scope="session")
def vaults(keys: Path) -> Callable[[Role], Vault]:
    """The vault of a role, opened once."""
    opened: dict[Role, Vault] = {}

    def vault(role: Role) -> Vault:
        if role not in opened:
            opened[role] = Vault.open(keys / role, role)
        return opened[role]

    return vault


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
    # Not in pytest's own folder: every pytest that starts closes that to other users than ours.
    with TemporaryDirectory(prefix="postgres-") as home:
        Path(home).chmod(0o711)
        server = Postgres(Path(home))
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
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """An empty SQLite database with the schema in it."""
    path = tmp_path / "isange.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _postgres_template(postgres: Postgres) -> str:
    url = postgres.create()
    engine = database.connect(url)
    schema.upgrade(engine)
    engine.dispose()
    return url.rpartition("/")[2]


@pytest.fixture
def postgres_url(postgres: Postgres, _postgres_template: str) -> Iterator[str]:
    """An empty PostgreSQL database with the schema in it."""
    url = postgres.create(_postgres_template)
    yield url
    postgres.drop(url)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind we run on: the test runs once for each."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


@pytest.fixture
def engine(database_url: str, vaults: Callable[[Role], Vault]) -> Iterator[Engine]:
    made = audit.seal_with(database.connect(database_url), lambda: vaults("web"))
    yield made
    made.dispose()


@pytest.fixture
def office(engine: Engine, pack: Pack, vaults: Callable[[Role], Vault]) -> Office:
    """Centres, staff, reports and SMS on an empty database of each kind."""
    return Office(engine, pack, vaults("web"), vaults("worker"))


@pytest.fixture
def settings(sqlite_url: str, valkey: Valkey, keys: Path) -> Callable[..., Settings]:
    """Settings of a role; any of them may be given otherwise, by its environment variable."""

    def make(role: Role = "web", **other: str) -> Settings:
        return Settings.read(
            {
                "DATABASE_URL": sqlite_url,
                "REDIS_URL": valkey.url,
                "ISANGE_KEYS": str(keys / role),
                "ISANGE_CALLBACK_SECRETS": SECRET,
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
    made = Line(*(House(settings(role), role) for role in roles))
    yield made
    made.close()
