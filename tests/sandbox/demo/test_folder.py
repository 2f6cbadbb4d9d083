"""One demo at a time in a folder, and nothing deleted that the demo did not make."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.demo import folder
from sandbox.demo.folder import (
    PORTS,
    CannotStart,
    DataFolder,
    FolderInUse,
    FolderNotOurs,
    FolderNotWritable,
    PortInUse,
    PortNotAllowed,
    check_port_free,
    free_port,
)
from tests.services import PATIENCE

ROOT = Path(__file__).parents[3]
FIRST_OF_LINUX = 32_768
"""The first port that Linux gives to outgoing connections, unless it is told otherwise."""

# Opens the folder and hands its lock to a child, which lives until its standard input ends.
HOLDER = """
import subprocess, sys
from pathlib import Path
from sandbox.demo.folder import DataFolder
folder = DataFolder.open(Path(sys.argv[1]))
child = subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=[folder.lock])
print(child.pid, flush=True)
child.wait()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def one_line(error: CannotStart) -> str:
    text = str(error)
    assert "\n" not in text
    return text


@contextmanager
def left_behind(path: Path) -> Iterator[int]:
    """A demo that was killed in `path`; gives the process id of its child, which lives on."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder.stdin, holder.stdout:
        child = int(holder.stdout.readline())
        # Not waited for: a zombie must count as dead, since whoever kills a demo may not wait.
        os.kill(holder.pid, signal.SIGKILL)
        yield child
    holder.wait()


def test_a_new_folder_is_private_and_so_is_what_is_in_it(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path / "a" / "b") as folder:
        text = folder.write("demo.json", "{}")
        assert mode(folder.path) == 0o700
        assert mode(folder.subfolder("logs")) == 0o700
        assert (mode(text), text.read_text()) == (0o600, "{}")


def test_a_second_demo_in_the_same_folder_is_told_who_is_there(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path), pytest.raises(FolderInUse) as refused:
        DataFolder.open(tmp_path, patience=60)
    assert f"process {os.getpid()}" in one_line(refused.value)
    assert "--data" in str(refused.value)


def test_a_folder_given_back_can_be_opened_again_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "data")
    (tmp_path / "data").mkdir()
    with DataFolder.open(tmp_path / "data") as first, pytest.raises(FolderInUse):
        DataFolder.open(tmp_path / "link")
    with DataFolder.open(tmp_path / "link") as second:
        assert second.path == first.path


def test_what_a_killed_demo_left_behind_keeps_the_folder_locked(tmp_path: Path) -> None:
    with left_behind(tmp_path), pytest.raises(FolderInUse, match="left of a killed demo"):
        DataFolder.open(tmp_path, patience=0.2)


def test_the_next_start_waits_until_a_killed_demo_is_quite_dead(tmp_path: Path) -> None:
    with left_behind(tmp_path) as child:
        threading.Timer(0.3, os.kill, (child, signal.SIGKILL)).start()
        DataFolder.open(tmp_path, patience=PATIENCE).close()


@pytest.mark.parametrize("inside", ["", "deeper/still"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FolderNotWritable) as refused:
        DataFolder.open(tmp_path / "file" / inside)
    assert str(tmp_path / "file") in one_line(refused.value)
    assert "--data" in str(refused.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which root cannot write")
def test_a_folder_that_is_there_and_takes_no_files() -> None:
    with pytest.raises(FolderNotWritable):
        DataFolder.open(Path("/proc/self/task"))


def test_fresh_forgets_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("the operator's own")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    with DataFolder.open(tmp_path) as folder:
        (folder.subfolder("logs") / "web.log").touch()
        (folder.claim("database")).symlink_to(outside)
        folder.write("demo.json", "{}")
        folder.forget()
        assert sorted(entry.name for entry in tmp_path.iterdir()) == [
            ".lock",
            "notes.txt",
            "outside",
        ]
        assert (outside / "kept").exists()
        assert folder.subfolder("logs").is_dir()  # And it goes on from nothing.


def test_fresh_in_a_folder_where_no_demo_ever_was(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    with DataFolder.open(tmp_path) as folder:
        with pytest.raises(FolderNotOurs) as refused:
            folder.forget()
        one_line(refused.value)
    assert (tmp_path / "thesis").is_dir()
    with DataFolder.open(tmp_path / "new") as folder:
        folder.forget()


@pytest.mark.parametrize("line", ["..", ".", "../thesis", "", "/"])
def test_a_marker_that_was_tampered_with_leads_nowhere(tmp_path: Path, line: str) -> None:
    (tmp_path / "thesis").mkdir()
    data = tmp_path / "data"
    with DataFolder.open(data) as folder:
        folder.subfolder("logs")
        with (data / ".isange-demo").open("a") as marker:
            marker.write(f"{line}\n")
        folder.forget()
        assert [entry.name for entry in data.iterdir()] == [".lock"]
    assert (tmp_path / "thesis").is_dir()


def test_a_name_that_somebody_else_took(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with DataFolder.open(tmp_path) as folder, pytest.raises(FolderNotOurs, match="logs"):
        folder.subfolder("logs")


@pytest.mark.parametrize("name", ["..", "a/b", "", ".lock", "/etc"])
def test_only_plain_names_are_claimed(tmp_path: Path, name: str) -> None:
    with DataFolder.open(tmp_path) as folder, pytest.raises(ValueError, match="plain name"):
        folder.claim(name)


def test_what_was_made_in_an_earlier_run_is_still_ours(tmp_path: Path) -> None:
    with DataFolder.open(tmp_path) as folder:
        folder.write("demo.json", "first")
    with DataFolder.open(tmp_path) as folder:
        assert folder.write("demo.json", "second").read_text() == "second"


def test_a_port_that_somebody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortInUse) as refused:
            check_port_free("127.0.0.1", port)
    assert str(port) in one_line(refused.value)
    assert "--port" in str(refused.value)
    check_port_free("127.0.0.1", port)


def test_a_port_that_servers_share_is_in_use_all_the_same() -> None:
    """granian listens with SO_REUSEPORT: two of them on one port both start and share the calls."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        with pytest.raises(PortInUse):
            check_port_free("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("203.0.113.5", 8000), ("127.0.0.1", 70000)])
def test_a_port_or_address_that_is_not_there_to_be_had(host: str, port: int) -> None:
    with pytest.raises(PortNotAllowed) as refused:
        check_port_free(host, port)
    assert f"port {port} of {host}" in one_line(refused.value)


def test_a_free_port_is_free_and_no_connection_takes_it_meanwhile() -> None:
    """A system gives its own numbers to connections: whoever was killed can listen once more."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname()[1] == port
    assert port in PORTS
    assert PORTS.stop <= FIRST_OF_LINUX


def test_a_port_is_found_where_all_of_ours_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(folder, "PORTS", [taken.getsockname()[1]] * 100)
        assert free_port() != taken.getsockname()[1]
