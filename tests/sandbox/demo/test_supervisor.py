"""What dies comes back, what stops stops in order, and nothing outlives the supervisor.

Every supervisor here is a process of its own, with real children, real signals and real kills.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from sandbox.demo import reaper
from sandbox.demo.children import answers, pause_after
from sandbox.demo.folder import DataFolder, FolderInUse, free_port
from sandbox.demo.valkey import find_server, redis_url
from tests.services import PATIENCE, wait_until

ONE_LOOK = 2.0
"""Seconds for one question whether granian answers; it is asked again and again."""

ROOT = Path(__file__).parents[3]
PS = "/bin/ps"

# A child with a child of its own, which has left the process group as an RQ horse does. Writes
# down the ids of both, then when it is asked to stop, and takes a moment to do so.
FAMILY = """
import os, signal, sys, time
from pathlib import Path
from gateway.runtime.parent_process import die_with_parent
name, where = sys.argv[1], Path(sys.argv[2])
def stop(*_):
    with (where / "stopped").open("a") as order:
        order.write(name + " asked\\n")
        order.flush()
        time.sleep(0.2)
        order.write(name + " done\\n")
    sys.exit()
def note(pid):
    with (where / "family").open("a") as family:
        family.write(f"{pid}\\n")
signal.signal(signal.SIGTERM, stop)
if os.fork() == 0:
    os.setpgrp()
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(os.getpid())
    while True: time.sleep(60)
note(os.getpid())
print("hello from", name, flush=True)
while True: time.sleep(60)
"""

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").close()
time.sleep(60)
"""

WSGI = """
import os
from gateway.runtime.parent_process import die_with_parent
die_with_parent()
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""

# The program under test. What stands in place of STAGES is different in every test.
SUPERVISOR = """
import json, os, signal, sys
from pathlib import Path
from sandbox.demo.children import Child, answers
from sandbox.demo.folder import DataFolder
from sandbox.demo.supervisor import NotReady, Supervisor
from sandbox.demo.valkey import find_server, valkey_child

data = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
port = int(sys.argv[3])
from programs import FAMILY, STUBBORN

def python(name, program, *arguments, **rest):
    return Child(name, [sys.executable, "-c", program, *arguments], **rest)

def family(name):
    return python(name, FAMILY, name, data)

def granian():
    return Child(
        "web",
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1",
         "--blocking-threads", "4", "--workers-kill-timeout", "2", "--host", "127.0.0.1",
         "--port", str(port), "programs:app"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), sys.argv[2]])},
        ready=answers(f"http://127.0.0.1:{port}/"),
    )

with DataFolder.open(data) as folder:
    def changed(pids):
        folder.write("demo.json", json.dumps(dict(pids)))
    supervisor = Supervisor(STAGES, folder.subfolder("logs"), inherit=[folder.lock],
                            on_change=changed)
    try:
        sys.exit(supervisor.run(on_ready=changed))
    except NotReady as late:
        print(late)
        sys.exit(1)
"""


def until(condition: Callable[[], object]) -> None:
    wait_until(condition, "the supervisor has done it")


def killable(pid: int | None) -> int:
    """Never 0, which would stand for our own process group."""
    assert pid
    return pid


def processes() -> dict[int, int]:
    """The id and the parent of every process that is no zombie."""
    command = [PS, "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat="]
    if Path("/proc/self/stat").exists():
        lines = [stat_of(path) for path in Path("/proc").glob("[0-9]*/stat")]
    else:
        lines = subprocess.check_output(command, text=True).splitlines()
    found = [line.split() for line in lines]
    return {int(pid): int(parent) for pid, parent, state in filter(None, found) if state[0] != "Z"}


def stat_of(path: Path) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
        return f"{path.parent.name} {parent} {state}"
    return ""


def running(*pids: int) -> set[int]:
    return processes().keys() & set(pids)


class Demo:
    """A supervisor in a process of its own."""

    def __init__(self, data: Path, programs: Path, stages: str) -> None:
        self.data = data
        self.port = free_port()
        program = SUPERVISOR.replace("STAGES", stages)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(data), str(programs), str(self.port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def pids(self) -> dict[str, int]:
        with contextlib.suppress(FileNotFoundError):
            return dict(json.loads((self.data / "demo.json").read_text()))
        return {}

    def ready(self) -> dict[str, int]:
        """The pids of the first moment at which all is ready."""
        until(lambda: self.pids() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output()
        return self.pids()

    def family(self) -> list[int]:
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in (self.data / "family").read_text().split()]
        return []

    def reaper(self) -> int | None:
        """The one child of the supervisor that is in no file: it is nobody's business."""
        mine = {pid for pid, parent in processes().items() if parent == self.process.pid}
        return next(iter(mine - set(self.pids().values())), None)

    def worker(self) -> int:
        """The process that answers for granian, which is not the one that was started."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=ONE_LOOK) as answer:
            return int(answer.read())

    def came_back(self, name: str, old: int) -> bool:
        pid = self.pids()[name]
        return pid != old and pid in processes()

    def output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def stop(self, signum: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit status and all that it said. The whole group hears it, as with Ctrl-C."""
        os.killpg(self.process.pid, signum)
        return self.process.wait(PATIENCE), self.output()


Start = Callable[[str], Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a supervisor with these stages; again in the same folder if called again."""
    programs = tmp_path / "programs"
    programs.mkdir()
    text = f"FAMILY = {FAMILY!r}\nSTUBBORN = {STUBBORN!r}\n{WSGI}"
    (programs / "programs.py").write_text(text)
    demos: list[Demo] = []

    def start(stages: str) -> Demo:
        (tmp_path / "data" / "demo.json").unlink(missing_ok=True)
        demos.append(Demo(tmp_path / "data", programs, stages))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.kill()
        demo.process.wait()
        assert demo.process.stdout is not None
        demo.process.stdout.close()
    left = [*demos[-1].pids().values(), *demos[-1].family()]
    until(lambda: not running(*left))


def test_the_pause_before_a_new_life_doubles_up_to_five_seconds_and_starts_anew() -> None:
    pauses = [pause_after(0, lived=0)]
    while len(pauses) < 8:
        pauses.append(pause_after(pauses[-1], lived=1))
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pause_after(5.0, lived=10) == 0.1


def test_a_killed_child_is_back_with_a_new_pid_in_a_second(start: Start) -> None:
    demo = start("[[family('worker'), family('clock')]]")
    before = demo.ready()
    os.kill(before["worker"], signal.SIGKILL)
    until(lambda: demo.came_back("worker", before["worker"]))
    assert demo.pids()["clock"] == before["clock"]
    status, said = demo.stop()
    assert status == 0
    assert "worker was ended by SIGKILL; starting it again in 0.1 s" in said


def test_what_a_killed_child_had_started_is_gone_before_it_is_back(start: Start) -> None:
    demo = start("[[family('worker')]]")
    first = demo.ready()["worker"]
    until(lambda: len(demo.family()) == 2)
    old = demo.family()
    os.kill(first, signal.SIGKILL)
    until(lambda: len(demo.family()) == 4)
    assert not running(*old)


@pytest.mark.parametrize("whom", ["main", "worker"])
def test_a_web_server_is_back_alone_on_its_port(start: Start, whom: str) -> None:
    demo = start("[[granian()]]")
    main, worker = demo.ready()["web"], demo.worker()
    assert main != worker
    os.kill(main if whom == "main" else worker, signal.SIGKILL)

    def answered_by_another() -> bool:
        with contextlib.suppress(OSError):
            return demo.worker() != worker
        return False

    until(answered_by_another)
    until(lambda: not running(main, worker))
    # SO_REUSEPORT would give an old worker every other call.
    assert len({demo.worker() for _ in range(10)}) == 1


def test_a_child_that_dies_over_and_over_keeps_nobody_waiting(start: Start) -> None:
    life = "import time; print('a life', flush=True); time.sleep(0.2); raise SystemExit(3)"
    broken = f"python('broken', {life!r})"
    demo = start(f"[[{broken}, family('worker')]]")
    first = demo.ready()
    until(lambda: log(demo, "broken").count("a life") >= 3)
    os.kill(first["worker"], signal.SIGKILL)
    until(lambda: demo.came_back("worker", first["worker"]))
    until(lambda: log(demo, "worker") == "hello from worker\n" * 2)
    _, said = demo.stop()
    assert "broken ended with status 3; starting it again in 0.1 s" in said
    assert "starting it again in 0.2 s" in said


def log(demo: Demo, name: str) -> str:
    return (demo.data / "logs" / f"{name}.log").read_text()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stopping_goes_backwards_and_only_the_supervisor_hears_ctrl_c(
    start: Start, signum: int
) -> None:
    demo = start("[[family('database')], [family('web'), family('worker')]]")
    demo.ready()
    until(lambda: len(demo.family()) == 6)
    status, said = demo.stop(signum)
    assert (status, said) == (0, "stopping; Ctrl-C again kills at once\n")
    order = (demo.data / "stopped").read_text().splitlines()
    assert sorted(order[:2]) == ["web asked", "worker asked"]
    assert sorted(order[2:4]) == ["web done", "worker done"]
    assert order[4:] == ["database asked", "database done"]
    assert not running(*demo.family())
    DataFolder.open(demo.data, patience=0).close()


def stubborn(grace: float) -> str:
    return f"[[family('web')], [python('stubborn', STUBBORN, data / 'up', grace={grace})]]"


def test_who_does_not_stop_within_its_grace_is_killed(start: Start) -> None:
    demo = start(stubborn(grace=0.4))
    pid = demo.ready()["stubborn"]
    until((demo.data / "up").exists)
    status, said = demo.stop()
    assert status == 0
    assert "stubborn did not stop in 0.4 s: killed" in said
    assert not running(pid)


def test_a_second_ctrl_c_kills_at_once_but_a_doubled_one_does_not(start: Start) -> None:
    demo = start(stubborn(grace=10 * PATIENCE))
    pids = demo.ready()
    until((demo.data / "up").exists)
    os.kill(demo.process.pid, signal.SIGINT)
    assert demo.process.stdout is not None
    assert demo.process.stdout.readline() == "stopping; Ctrl-C again kills at once\n"
    os.kill(demo.process.pid, signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        demo.process.wait(0.6)
    status, _ = demo.stop(signal.SIGINT)
    assert status == 130
    assert not running(*pids.values(), *demo.family())


def test_a_child_that_is_never_ready_ends_the_start_with_one_line(start: Start) -> None:
    late = "python('late', 'input()', ready=lambda: False, start_timeout=0.5)"
    demo = start(f"[[family('database')], [{late}], [family('never')]]")
    assert demo.process.wait(PATIENCE) == 1
    said = demo.output().splitlines()
    assert said[-1] == f"late was not ready after 0.5 s. See {demo.data}/logs/late.log"
    assert not demo.pids()
    assert not (demo.data / "logs" / "never.log").exists()
    assert not running(*demo.family())


def test_a_program_that_is_not_there_ends_the_start_too(start: Start) -> None:
    demo = start("[[Child('gone', ['/no/such/program'], start_timeout=0.5)]]")
    assert demo.process.wait(PATIENCE) == 1
    assert "gone could not be started ([Errno 2] No such file" in demo.output()


EVERYTHING = """[
    [valkey_child(folder.subfolder("valkey"), find_server())],
    [granian(), family("worker"), python("stubborn", STUBBORN, data / "up", grace=0.2,
                                         parent_death_signal=signal.SIGTERM)],
]"""


@pytest.mark.skipif(find_server() is None, reason="no Valkey and no Redis on this machine")
def test_a_killed_supervisor_leaves_nothing_and_the_next_goes_on(start: Start) -> None:
    """Given everything at work, when the parent is killed and started again at once, then all of
    the old are gone in five seconds, the grandchildren and one that ignores SIGTERM too, and the
    new one, which has waited for that, finds what was kept."""
    demo = start(EVERYTHING)
    pids = demo.ready()
    until(lambda: len(demo.family()) == 2 and (demo.data / "up").exists())
    everyone = [*pids.values(), *demo.family(), demo.worker(), killable(demo.reaper())]
    assert len(set(everyone)) == 7
    assert running(*everyone) == set(everyone)
    with redis.Redis.from_url(redis_url(demo.data / "valkey")) as client:
        client.set("session", "kept")

    demo.process.kill()
    again = start(EVERYTHING)
    until(lambda: not running(*everyone))
    again.ready()
    assert "bye bye" in log(demo, "valkey")  # It ended by itself, everything written.
    with redis.Redis.from_url(redis_url(demo.data / "valkey")) as client:
        assert client.get("session") == b"kept"
    assert again.stop()[0] == 0


def kill_with_its_reaper(demo: Demo) -> None:
    # Stopped first, so that the supervisor cannot start another reaper in between.
    os.kill(demo.process.pid, signal.SIGSTOP)
    os.kill(killable(demo.reaper()), signal.SIGKILL)
    demo.process.kill()
    demo.process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a parent-death signal")
def test_with_the_reaper_killed_as_well_the_kernel_ends_the_rest(start: Start) -> None:
    demo = start("[[granian(), family('worker')]]")
    pids = demo.ready()
    until(lambda: len(demo.family()) == 2)
    everyone = [*pids.values(), *demo.family(), demo.worker()]
    kill_with_its_reaper(demo)
    until(lambda: not running(*everyone))


def test_a_killed_reaper_is_replaced_and_the_new_one_holds(start: Start) -> None:
    """The child ignores SIGTERM, which is all that the kernel sends it: only a reaper can end
    it.
    """
    stubborn = "python('stubborn', STUBBORN, data / 'up', parent_death_signal=signal.SIGTERM)"
    demo = start(f"[[{stubborn}]]")
    child = demo.ready()["stubborn"]
    until((demo.data / "up").exists)
    old = killable(demo.reaper())
    os.kill(old, signal.SIGKILL)
    until(lambda: demo.reaper() not in (None, old))
    demo.process.kill()
    until(lambda: not running(child))


def test_a_new_reaper_has_heard_of_everybody_before_it_lives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Given a supervisor that dies in the very moment in which it has started another reaper."""
    child = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, str(tmp_path / "up")], start_new_session=True
    )
    until((tmp_path / "up").exists)
    rope = reaper.Reaper()
    rope.hold(child.pid, signal.SIGTERM)
    os.kill(killable(rope.pid), signal.SIGKILL)
    start, started = subprocess.Popen, []

    def start_and_die(*arguments: Any, **how: Any) -> None:
        started.append(start(*arguments, **how))
        raise OSError("the supervisor is dead: its end of the pipe is closed")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", start_and_die)
        until(lambda: rope._process.poll() is not None)
        assert not rope.mend()

    try:
        assert child.wait(PATIENCE) == -signal.SIGKILL
        assert started[0].wait(PATIENCE) == 0
    finally:
        child.kill()
        child.wait()
        rope.close()


@pytest.mark.skipif(sys.platform != "linux", reason="needs SIGTERM from the kernel")
def test_the_folder_stays_locked_while_any_child_lives(start: Start) -> None:
    """Given a child that outlives everything, which takes killing the reaper and ignoring SIGTERM,
    then no other demo gets into its folder."""
    demo = start(
        "[[python('stubborn', STUBBORN, data / 'up', parent_death_signal=signal.SIGTERM)]]"
    )
    child = demo.ready()["stubborn"]
    until((demo.data / "up").exists)
    kill_with_its_reaper(demo)
    try:
        with pytest.raises(FolderInUse):
            DataFolder.open(demo.data, patience=0.2)
    finally:
        os.kill(child, signal.SIGKILL)
    DataFolder.open(demo.data).close()


def test_a_place_where_nothing_can_be_written_down_stops_no_child(start: Start) -> None:
    demo = start("[[family('worker')]]")
    first = demo.ready()["worker"]
    until(lambda: len(demo.family()) == 2)
    (demo.data / "demo.json").unlink()
    (demo.data / "demo.json").mkdir()
    os.kill(first, signal.SIGKILL)
    until(lambda: len(demo.family()) == 4)
    status, said = demo.stop()
    (demo.data / "demo.json").rmdir()
    assert status == 0
    assert "could not write down the new process ids: Cannot write to" in said


@pytest.mark.skipif(
    sys.platform != "linux" or not Path(PS).exists(), reason="needs both /proc and ps"
)
def test_the_list_of_processes_is_the_same_by_both_roads() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    dead = subprocess.Popen(["/bin/true"], start_new_session=True)
    try:
        until(lambda: not running(dead.pid))
        for road in (reaper._from_proc, reaper._from_ps):
            found = dict(road())
            assert found[child.pid] == child.pid
            assert found[os.getpid()] == os.getsid(0)
            assert dead.pid not in found
    finally:
        child.kill()
        child.wait()
        dead.wait()


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_ready_is_what_answers_200(status: int, expected: bool) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        url = f"http://127.0.0.1:{server.server_port}/healthz"
        assert answers(url, timeout=PATIENCE)() is expected
    assert answers(url)() is False
