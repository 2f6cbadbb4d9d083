"""The stand-in as a process: killed, started again, and started where it cannot run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sandbox.standin.client import StandIn
from sandbox.standin.config import Config
from sandbox.standin.schedule import Schedule
from sandbox.standin.store import FILE_NAME, Message, Store, UnreadableRecord
from tests.patience import PATIENCE
from tests.sandbox.conftest import API_KEY, USERNAME, SmsAt

ONE = "+254700000001"

PROGRAM = """
import sys
from pathlib import Path
from sandbox.standin.config import Config
from sandbox.standin.server import run
folder, username, api_key, port = sys.argv[1:]
sys.exit(run(Config(Path(folder), username, api_key), port=int(port)))
"""


def spawn(folder: Path, port: int = 0, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), USERNAME, API_KEY, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


@contextmanager
def process(folder: Path) -> Iterator[tuple[StandIn, subprocess.Popen[str]]]:
    child = spawn(folder)
    assert child.stdout is not None
    url = child.stdout.readline().split()[-1]
    try:
        yield StandIn(url), child
    finally:
        child.kill()
        child.communicate()


def test_a_kill_in_a_burst_loses_nothing_that_was_answered_for(tmp_path: Path) -> None:
    answered: list[str] = []
    lock = threading.Lock()

    def send_until_it_dies(sms: SmsAt) -> None:
        while True:
            try:
                answer = sms.send("x", [ONE])
            except requests.RequestException:
                return
            with lock:
                answered.append(answer["SMSMessageData"]["Recipients"][0]["messageId"])

    with process(tmp_path) as (stand_in, child), ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(send_until_it_dies, SmsAt(stand_in.base_url))
        stand_in.wait_for_sms(ONE, count=50)
        os.kill(child.pid, signal.SIGKILL)

    with process(tmp_path) as (stand_in, _):
        kept = [each.id for each in stand_in.sent()]
        SmsAt(stand_in.base_url).send("after", [ONE])
        assert stand_in.sent()[-1].text == "after"
    assert len(answered) >= 42, "eight were in flight at most"
    assert set(answered) <= set(kept)
    assert len(set(kept)) == len(kept)


def test_a_client_that_dies_leaves_its_message_on_record(tmp_path: Path) -> None:
    with process(tmp_path) as (stand_in, _):
        stand_in.behave(delay=30)
        with pytest.raises(requests.ReadTimeout):
            SmsAt(stand_in.base_url).send("x", [ONE], timeout=(1, 0.1))
        assert [each.text for each in stand_in.wait_for_sms(ONE)] == ["x"]


def test_sigterm_ends_it_cleanly_though_a_client_waits(tmp_path: Path) -> None:
    with process(tmp_path) as (stand_in, child):
        stand_in.behave(delay=30)
        with pytest.raises(requests.ReadTimeout):
            SmsAt(stand_in.base_url).send("x", [ONE], timeout=(1, 0.1))
        child.terminate()
        assert child.wait(timeout=PATIENCE) == 0
        _, complaints = child.communicate()
        assert complaints == ""


def failed(child: subprocess.Popen[str]) -> tuple[int, str]:
    _, complaints = child.communicate(timeout=PATIENCE)
    return child.returncode, complaints


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert failed(spawn(tmp_path, port)) == (2, f"port {port} is in use\n")


def test_production_is_one_clear_line(tmp_path: Path) -> None:
    child = spawn(tmp_path, ISANGE_ENV="production")
    assert failed(child) == (2, "the stand-in does not run where ISANGE_ENV=production\n")


def test_a_folder_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, complaint = failed(spawn(tmp_path / "file"))
    assert (code, complaint.count("\n")) == (2, 1)
    assert complaint.startswith("cannot start: ")


def a_message(name: str) -> Message:
    return Message(f"ATXid_{name}", ONE, "20880", "text\nwith é", "2026-10-09T12:17:37.000Z")


def test_a_torn_last_line_was_never_answered_for(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(a_message("1"))
    store.close()
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'{"id":"ATXid_2","to":"+2547')

    again = Store(tmp_path)
    again.add(a_message("3"))
    again.close()
    assert Store(tmp_path).sent() == [a_message("1"), a_message("3")]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"id":1}', json.dumps({"surprise": 1})])
def test_a_broken_line_is_not_passed_over(tmp_path: Path, line: str) -> None:
    store = Store(tmp_path)
    store.add(a_message("1"))
    store.close()
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UnreadableRecord, match="line 2"):
        Store(tmp_path)


def test_a_closed_record_accepts_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    with (tmp_path / "other").open("w"), pytest.raises(OSError, match="descriptor"):
        # The other file has the number that the record's descriptor had.
        store.add(a_message("1"))
    assert store.sent() == []
    assert (tmp_path / "other").read_text() == ""


def test_the_record_is_for_its_owner_alone(tmp_path: Path) -> None:
    Store(tmp_path / "new" / "folder").close()
    assert (tmp_path / "new" / "folder" / FILE_NAME).stat().st_mode & 0o077 == 0


def test_work_that_fails_stops_no_other_work(caplog: pytest.LogCaptureFixture) -> None:
    schedule, done = Schedule(workers=1), threading.Event()

    def fail() -> None:
        raise RuntimeError(ONE)

    schedule.after(0, fail)
    schedule.after(0, done.set)
    assert done.wait(PATIENCE)
    schedule.close()
    assert "RuntimeError" in caplog.text
    assert ONE not in caplog.text


def waste(result: object) -> None:
    """Make a piece of work of a call that gives something back."""


def test_work_due_while_another_hangs_is_done_in_time() -> None:
    schedule, hang, done = Schedule(workers=2), threading.Event(), threading.Event()
    schedule.after(0.02, lambda: waste(hang.wait()))
    schedule.after(0.05, done.set)
    try:
        assert done.wait(PATIENCE), "the second has to watch the heap while the first is busy"
    finally:
        hang.set()
        schedule.close()


def test_config_needs_no_country(tmp_path: Path) -> None:
    config = Config(tmp_path, "u", "k")
    assert (config.currency, config.network_code) == ("KES", "99999")
