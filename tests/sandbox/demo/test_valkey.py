"""The embedded Valkey loses nothing that it has answered, and finds its socket."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from sandbox.demo.valkey import find_server, redis_url, socket_path, valkey_child
from tests.services import PATIENCE, wait_until

ROOT = Path(__file__).parents[3]
BINARY = find_server()
pytestmark = pytest.mark.skipif(BINARY is None, reason="no Valkey and no Redis on this machine")


@contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], redis.Redis]]:
    assert BINARY is not None
    child = valkey_child(home, BINARY)
    log = home.with_name("valkey.log")
    with log.open("ab") as out:
        server = subprocess.Popen([os.fspath(word) for word in child.argv], stdout=out)
    try:
        wait_until(lambda: child.ready() or server.poll() is not None, "Valkey answers")
        assert server.poll() is None, log.read_text()
        with redis.Redis.from_url(redis_url(home), socket_timeout=5) as client:
            yield server, client
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "valkey"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_keys_outlive_the_server(home: Path, end: signal.Signals) -> None:
    with running(home) as (server, client):
        for number in range(200):
            client.set(f"session-{number}", b"x" * 400, ex=180)
        server.send_signal(end)
        server.wait(PATIENCE)
    with running(home) as (_, client):
        assert client.dbsize() == 200
        assert 0 < client.ttl("session-0") <= 180


def test_a_file_that_was_cut_short_is_loaded_up_to_the_cut(home: Path) -> None:
    with running(home) as (_, client):
        client.set("first", "kept")
        client.set("last", "cut off")
    log = max(home.glob("**/*.incr.aof"))
    os.truncate(log, log.stat().st_size - 3)
    with running(home) as (_, client):
        assert client.get("first") == b"kept"
        assert client.get("last") is None


def test_it_writes_before_it_answers_and_never_drops_a_key_for_room(home: Path) -> None:
    with running(home) as (_, client):
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "always"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_the_socket_is_for_its_owner_alone(home: Path) -> None:
    with running(home):
        assert stat.S_IMODE(socket_path(home).stat().st_mode) == 0o700


def test_a_path_with_letters_that_mean_something_in_a_url(tmp_path: Path) -> None:
    home = tmp_path / "d?e-#1-100%41" / "valkey"
    home.mkdir(parents=True)
    with running(home) as (_, client):
        assert client.ping()


@pytest.mark.parametrize("name", ["two words", "a=b"])
def test_a_path_that_would_spoil_what_is_told_of_a_client(tmp_path: Path, name: str) -> None:
    """RQ's worker asks for it when it starts."""
    home = tmp_path / name / "valkey"
    home.mkdir(parents=True)
    with running(home) as (_, client):
        assert client.client_info()["addr"]


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_stays_the_same(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30) / "valkey"
    home.mkdir(parents=True)
    with running(home) as (_, client):
        client.set("key", "value")
    assert len(os.fsencode(socket_path(home))) <= 100
    assert stat.S_IMODE(socket_path(home).parent.stat().st_mode) == 0o700
    assert socket_path(home) == socket_path(home)
    assert socket_path(home) != socket_path(home.with_name("other"))
    with running(home) as (_, client):
        assert client.get("key") == b"value"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short path, which `tmp_path` is not always."""
    folder = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def short_path(temporary: Path) -> subprocess.CompletedProcess[str]:
    """Ask another process, whose folder for temporary files is `temporary`, for a short path."""
    program = (
        "from pathlib import Path; from sandbox.demo.valkey import socket_path;"
        "print(socket_path(Path('/x' * 80)))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": os.fspath(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_folder_of_short_paths_is_made_where_temporary_files_go(temporary: Path) -> None:
    assert short_path(temporary).stdout.startswith(f"{temporary}/isange-{os.geteuid()}/")


@pytest.mark.parametrize("trap", ["open to all", "a link", "a file"])
def test_a_folder_of_short_paths_that_somebody_else_prepared(temporary: Path, trap: str) -> None:
    folder = temporary / f"isange-{os.geteuid()}"
    if trap == "a link":
        (temporary / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(temporary / "elsewhere")
    elif trap == "a file":
        folder.touch(mode=0o600)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    refused = short_path(temporary)
    assert refused.returncode == 1
    assert f"SocketFolderNotPrivate: {folder}" in refused.stderr
