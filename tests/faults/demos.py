"""A whole demo as a test sees it: its processes, its pretend network, its database and its logs."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from redis import Redis
from sqlalchemy import text

from gateway import database
from gateway.sandbox import leash
from gateway.sandbox.folder import LOCK, free_port
from gateway.sandbox.plan import DESCRIPTION
from gateway.sandbox.standin.client import Call, Sms, StandIn
from tests.faults.discretion import Secrets
from tests.phone import MORE
from tests.services import redis_answers, wait_until

ROOT: Final = Path(__file__).parents[2]
ISANGE: Final = (sys.executable, "-m", "gateway.cli")

CHILDREN: Final = ("valkey", "stand-in", "web", "staff", "worker", "clock")
PATIENCE: Final = 30.0
"""Seconds for what takes two or three on an idle machine: the others are tests running beside."""

REACTION: Final = 2.0
"""Seconds within which a member of staff has her SMS."""

SECRET: Final = "0852"
"""The four digits of every caller: no process id and no year begins with a zero."""

_numbers = itertools.count(788_555_001)


def isange(*words: str | Path) -> list[str]:
    """A command line of `isange`, without the need for it to be on the PATH."""
    return [*ISANGE, *map(str, words)]


def run_isange(
    *words: str | Path, env: Mapping[str, str] | None = None, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of `isange` that ends by itself."""
    return subprocess.run(
        isange(*words),
        cwd=ROOT,
        env=None if env is None else {**os.environ, **env},
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Demo:
    """One `isange demo` on a folder, which a test may start, hurt, kill and start again."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.secrets = Secrets()
        """What was said on the phones of this demo, which no log may hold."""
        self.output = data.with_name(data.name + ".out")
        self.started_in = 0.0
        """Seconds from the command to the first screen."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, env: Mapping[str, str] | None = None) -> Self:
        """Run the command and wait until a caller is answered."""
        words = ["demo", "--port", str(self.port), "--data", self.data, "--language", "en"]
        began = time.monotonic()
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                isange(*words, *options),
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_ready, "the demo is ready", PATIENCE)
        self.phone()
        self.started_in = time.monotonic() - began
        return self

    @property
    def info(self) -> dict[str, Any]:
        """What the demo tells of itself at this moment."""
        described: dict[str, Any] = json.loads((self.data / DESCRIPTION).read_text())
        return described

    @property
    def pids(self) -> dict[str, int]:
        return dict(self.info["pids"])

    @property
    def printed(self) -> str:
        return self.output.read_text()

    @property
    def sessions(self) -> set[int]:
        """The sessions of this demo's processes: each child has its own."""
        return set(self.pids.values())

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the demo was not started"
        return self._process

    def stop(self, signum: int = signal.SIGTERM) -> int:
        """Ask it to end, as Ctrl-C (SIGINT) does; its exit status."""
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE)

    def kill(self) -> set[int]:
        """`kill -9` of the parent; the sessions whose processes must follow."""
        sessions = self.sessions
        self.process.kill()
        self.process.wait()
        return sessions

    def left_behind(self, sessions: Collection[int]) -> bool:
        """Whether a process of `sessions`, or any other that works in the folder, still lives."""
        return bool(leash.members(sessions)) or not _is_unlocked(self.data / LOCK)

    def close(self) -> None:
        """End it however the test has left it, and leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self.stop()

    def kill_child(self, name: str) -> int:
        """`kill -9` of one process, without waiting for the next one; the id it had."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_another(self, name: str, than: int) -> None:
        """Until the child lives again, has told so and answers."""
        wait_until(lambda: self.pids[name] not in {than, 0}, f"{name} is back", PATIENCE)
        wait_until(lambda: self._answers(name), f"{name} answers", PATIENCE)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The parent stands still, so that nothing that dies is started again."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    @property
    def network(self) -> StandIn:
        return StandIn(self.info["stand_in_url"])

    def phone(self) -> Handset:
        """A phone of its own number that has dialled and sees the first screen."""
        number = f"+250{next(_numbers)}"
        self.secrets.add_number(number)
        return Handset(self, number)

    def staff(self, centre: str, *roles: str) -> dict[str, str]:
        """The number of each role at a centre, or of those named."""
        people = [one for one in self.info["staff"] if one["centre"] == centre]
        for person in people:
            self.secrets.add_number(person["phone"])
        return {one["role"]: one["phone"] for one in people if not roles or one["role"] in roles}

    def sent(self, *, to: str | None = None, about: str = "") -> list[Sms]:
        """The SMS that the network accepted: to a number, about a report's code."""
        return [sms for sms in self.network.sent(to) if about in sms.text]

    def wait_for_sms(self, to: str, about: str, seconds: float = PATIENCE) -> Sms:
        """The first SMS to a number about a report."""
        wait_until(lambda: self.sent(to=to, about=about), "an SMS has left", seconds)
        return self.sent(to=to, about=about)[0]

    def answer(self, alert: Sms) -> None:
        """Accept an alert from the phone that got it."""
        found = re.search(r"Reply (1 \d+ \d{4}) accept", alert.text)
        assert found, f"no way to accept in: {alert.text}"
        self.network.incoming(alert.to, found[1])

    def rows(self, query: str, **values: object) -> Sequence[tuple[Any, ...]]:
        """What the database says, and (a query that changes things) what a test makes of it."""
        engine = database.connect(self.info["database_url"])
        try:
            with engine.begin() as connection:
                result = connection.execute(text(query), values)
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            engine.dispose()

    def outbox(self, code: str) -> dict[str, tuple[str, str | None]]:
        """State and delivery of each SMS about a report, by its dedupe key."""
        query = (
            "SELECT dedupe_key, outbox.state, delivery FROM outbox"
            " JOIN reports ON reports.id = report_id WHERE reports.code = :code"
        )
        return {key: (state, delivery) for key, state, delivery in self.rows(query, code=code)}

    def states(self, code: str) -> list[str]:
        """What became of each SMS about a report."""
        return [state for state, _delivery in self.outbox(code).values()]

    def wait_for_settled(self, code: str) -> None:
        """Until no SMS about a report is waiting or being sent."""
        wait_until(
            lambda: not {"pending", "sending"}.intersection(self.states(code)),
            "nothing is left to be sent",
            PATIENCE,
        )

    def end_leases(self, code: str) -> None:
        """Let the seconds pass after which a row that was being sent is taken up again."""
        self.rows(
            "UPDATE outbox SET lease_until = '2000-01-01 00:00:00.000000' WHERE state = 'sending'"
            " AND report_id = (SELECT id FROM reports WHERE code = :code)",
            code=code,
        )

    def flush(self) -> None:
        """FLUSHALL, as a careless hand types it."""
        with Redis.from_url(self.info["redis_url"]) as client:
            client.flushall()

    def indiscretions(self) -> list[str]:
        """What stands in the logs and must not."""
        logs = self.data / "logs"
        return self.secrets.found_in(logs) if logs.exists() else []

    def _is_ready(self) -> bool:
        status = self.process.poll()
        assert status is None, f"the demo ended with status {status}:\n{self.printed}"
        try:
            return bool(self.pids["demo"] == self.process.pid)
        except FileNotFoundError:
            return False

    def _answers(self, name: str) -> bool:
        if name == "valkey":
            return redis_answers(self.info["redis_url"])
        if name == "stand-in":
            return reachable(lambda: self.network.ask("GET", "/healthz"))
        return name != "web" or reachable(lambda: StandIn(self.info["health_url"]).ask("GET", ""))


@dataclass
class Report:
    """A report as the two ends of the line know it."""

    code: str
    caller: str
    sent_at: float
    """When the caller saw the last screen, by this machine's monotonic clock."""


class Handset:
    """A phone whose every key goes through the pretend network to the real web process."""

    def __init__(self, demo: Demo, number: str) -> None:
        self.number = number
        self._secrets = demo.secrets
        self._typed: list[str] = []
        self.call: Call = demo.network.dial(number, demo.info["service_code"])
        self.sees()

    @property
    def screen(self) -> str:
        return self.call.text

    def press(self, typed: str) -> Self:
        self._typed.append(typed)
        self._secrets.add_history(self._typed)
        self.call.press(typed)
        self._secrets.add_screen(self.screen)
        return self.sees()

    def type(self, secret: str) -> Self:
        """Press what no log may hold."""
        self._secrets.add_answer(secret)
        return self.press(secret)

    def choose(self, *labels: str) -> Self:
        """Press the number before each label, over More if need be."""
        for label in labels:
            while (key := self._key(label)) is None:
                self.press(self._more())
            self.press(key)
        return self

    def sees(self, *parts: str) -> Self:
        assert self.call.state in {"open", "ended"}, f"{self.call.state}: {self.call.view['error']}"
        for part in parts:
            assert part in self.screen, f"expected {part!r} on this screen:\n{self.screen}"
        return self

    def begin_report(self) -> Self:
        """As far as the place: the first half of a long call."""
        self.choose("I need help", "Yes, continue", "Continue", "18 or more", "Sexual violence")
        return self.choose("Last 3 days", "Continue").sees("Which province?")

    def finish_report(self) -> Report:
        """From the place to the code, with an SMS and a secret."""
        self.choose("South", "Huye", "Kabutare", "Yes, by SMS", "Yes", "Now", "No")
        return self.type(SECRET).choose("Send: health").reported()

    def report(self) -> Report:
        return self.begin_report().finish_report()

    def reported(self) -> Report:
        self.sees("Sent. Code: ")
        found = re.search(r"Code: (\d{6,10})", self.screen)
        assert found, f"no code on this screen:\n{self.screen}"
        self._secrets.add_answer(found[1])
        return Report(found[1], self.number, time.monotonic())

    def _key(self, label: str) -> str | None:
        lines = _lines(self.screen)
        return next((key for key, words in lines if words.startswith(label)), None)

    def _more(self) -> str:
        more = next((key for key, words in _lines(self.screen) if words in MORE), None)
        assert more, f"no such line on this screen:\n{self.screen}"
        return more


def _is_unlocked(lock: Path) -> bool:
    """The lock of a folder is held by every process of its demo until the last one is dead."""
    with lock.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def reachable(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except OSError:
        return False
    except ValueError:  # An answer that is no JSON is an answer.
        return True
    return True


def _lines(screen: str) -> list[tuple[str, str]]:
    return re.findall(r"^(\d) (.+)$", screen, re.MULTILINE)
