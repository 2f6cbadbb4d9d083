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
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from redis import Redis

from sandbox.demo import reaper
from sandbox.demo.children import answers
from sandbox.demo.folder import LOCK, free_port
from sandbox.demo.plan import DESCRIPTION
from sandbox.standin import wire
from sandbox.standin.client import Sms, StandIn
from sandbox.standin.outgoing import Limits, post
from tests.faults.discretion import Secrets
from tests.faults.handsets import Handset, code_on
from tests.faults.records import Records
from tests.services import PATIENCE, redis_answers, wait_until

ROOT: Final = Path(__file__).parents[2]
ISANGE: Final = (sys.executable, "-m", "commands.cli")

CHILDREN: Final = ("valkey", "stand-in", "web", "staff", "phones", "worker", "clock")
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
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, env: Mapping[str, str] | None = None) -> Self:
        """Run the command and wait until a caller is answered."""
        port = str(self.port)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                isange("demo", "--port", port, "--data", self.data, "--language", "en", *options),
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_ready, "the demo is ready")
        self.phone()
        return self

    @property
    def info(self) -> dict[str, Any]:
        """What the demo tells of itself at this moment."""
        described: dict[str, Any] = json.loads((self.data / DESCRIPTION).read_text())
        return described

    @property
    def is_described(self) -> bool:
        return (self.data / DESCRIPTION).exists()

    @property
    def settings(self) -> dict[str, Any]:
        """What the demo keeps from one start to the next, secrets among it."""
        kept: dict[str, Any] = json.loads((self.data / "settings.json").read_text())
        return kept

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
        return bool(reaper.members(sessions)) or not _is_unlocked(self.data / LOCK)

    def close(self) -> None:
        """End it however the test has left it, and leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            try:
                self.stop()
            finally:
                self._process.kill()

    def kill_child(self, name: str) -> int:
        """`kill -9` of one process, without waiting for the next one; the id it had."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_another(self, name: str, than: int) -> None:
        """Until the child lives again, has told so and answers."""
        wait_until(lambda: self.pids[name] not in {than, 0}, f"{name} is back")
        wait_until(lambda: self._answers(name), f"{name} answers")

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

    @property
    def records(self) -> Records:
        return Records(self.info["database_url"])

    def phone(self) -> Handset:
        """A phone of its own number that has dialled and sees the first screen."""
        number = f"+250{next(_numbers)}"
        return Handset(self.network, self.secrets, number, self.info["service_code"])

    def staff(self, centre: str, *roles: str) -> dict[str, str]:
        """The number of each role at a centre, or of those named."""
        people = [one for one in self.info["staff"] if one["centre"] == centre]
        for person in people:
            self.secrets.add_number(person["phone"])
        return {one["role"]: one["phone"] for one in people if not roles or one["role"] in roles}

    def sent(self, *, to: str | None = None, about: str = "") -> list[Sms]:
        """The SMS that the network accepted: to a number, about a report's code."""
        return [sms for sms in self.network.sent(to) if about in sms.text]

    def wait_for_sms(self, to: str, about: str) -> Sms:
        """The first SMS to a number about a report."""
        wait_until(lambda: self.sent(to=to, about=about), "an SMS has left")
        return self.sent(to=to, about=about)[0]

    def answer(self, alert: Sms) -> None:
        """Accept an alert from the phone that got it."""
        found = re.search(r"Reply (1 \d+ \d{4}) accept", alert.text)
        assert found, f"no way to accept in: {alert.text}"
        self.network.incoming(alert.to, found[1])

    def step(self, number: str, text: str, session: str) -> str:
        """One step of a call that has outlived its network, posted as another network would."""
        body = wire.ussd_step(
            number=number,
            service_code=self.info["service_code"],
            text=text,
            session_id=session,
            network_code="63510",
        )
        reply = post(self.info["ussd_url"], body, wire.USSD_AGENT, Limits(connect=5, answer=15))
        assert reply.status == 200, f"the network cuts the call: {reply.status} {reply.error}"
        return reply.body

    def urgent_call(self) -> str:
        """The shortest call there is, without the pretend network; its last screen."""
        number = f"+250{next(_numbers)}"
        self.secrets.add_number(number)
        steps = [self.step(number, text, f"urgent-{number}") for text in ("", "1", "1*1", "1*1*1")]
        assert steps[-1].startswith("END Your request is sent."), steps
        self.secrets.add_answer(code_on(steps[-1]))
        return steps[-1]

    def states(self, code: str) -> list[str]:
        """What became of each SMS about a report."""
        return sorted(row.state for row in self.records.outbox(code))

    def wait_for_settled(self, code: str) -> None:
        """Until no SMS about a report is waiting or being sent."""
        wait_until(
            lambda: not {"pending", "sending"}.intersection(self.states(code)),
            "nothing is left to be sent",
        )

    def flush(self) -> None:
        """FLUSHALL, as a careless hand types it."""
        with Redis.from_url(self.info["redis_url"]) as client:
            client.flushall()

    def indiscretions(self) -> list[str]:
        """What stands in the logs, or was printed, and must not."""
        return self.secrets.found_in([self.output, *(self.data / "logs").glob("*")])

    def _is_ready(self) -> bool:
        status = self.process.poll()
        assert status is None, f"the demo ended with status {status}:\n{self.printed}"
        # A demo that was killed has left a description of processes that are no more.
        return self.is_described and self.pids["demo"] == self.process.pid

    def _answers(self, name: str) -> bool:
        if name == "valkey":
            return redis_answers(self.info["redis_url"])
        if name == "stand-in":
            return self._is_healthy(self.info["stand_in_url"])
        urls = {"web": "ussd_url", "staff": "staff_ussd_url", "phones": "phone_url"}
        return name not in urls or self._is_healthy(self.info[urls[name]])

    def _is_healthy(self, url: str) -> bool:
        place = urlsplit(url)
        return answers(f"{place.scheme}://{place.netloc}/healthz")()


def _is_unlocked(lock: Path) -> bool:
    """The lock of a folder is held by every process of its demo until the last one is dead."""
    with lock.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
