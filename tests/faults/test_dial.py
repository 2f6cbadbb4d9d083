"""The phone in a terminal, run as people run it: with a pipe, and at a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from sandbox.demo.plan import DESCRIPTION
from sandbox.terminal.dial import frame
from tests.faults.demos import ROOT, Demo, isange, run_isange
from tests.faults.handsets import code_on
from tests.services import PATIENCE, wait_until

pytestmark = pytest.mark.system

NUMBER = "+250788777001"
OTHER_NUMBER = "+250788777002"


@pytest.fixture(autouse=True)
def _kept_secret(demo: Demo) -> None:
    for number in (NUMBER, OTHER_NUMBER):
        demo.secrets.add_number(number)


def dial(*options: str | Path, typed: str) -> str:
    """What the terminal shows when the lines of `typed` are piped in."""
    ended = run_isange("dial", *options, typed=typed)
    assert ended.returncode == 0, ended
    assert ended.stderr == ""
    return ended.stdout


def refusal(*options: str | Path) -> str:
    ended = run_isange("dial", *options, typed="")
    assert ended.returncode == 2, ended
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    return ended.stderr


def last_event(demo: Demo, number: str) -> dict[str, str]:
    """What the network told of the latest call of a number, as soon as it has told."""

    def told() -> list[dict[str, str]]:
        forms = [
            parse_qs(each["body"], keep_blank_values=True) for each in demo.network.posts("events")
        ]
        flat = [{name: values[-1] for name, values in form.items()} for form in forms]
        return [form for form in flat if form["phoneNumber"] == number]

    wait_until(told, "the end of the call is told")
    return told()[-1]


def test_a_pipe_of_answers_is_a_call(demo: Demo) -> None:
    shown = dial("--data", demo.data, "--number", NUMBER, typed="1\n1\n1\n")

    assert "| Health & Family Info" in shown
    assert re.search(r"^> 1$", shown, re.MULTILINE)
    assert "Your request is sent." in " ".join(shown.replace("|", "").split())
    assert shown.endswith("The line has ended the call.\n")
    assert last_event(demo, NUMBER)["status"] == "Success"
    code = code_on(shown)
    demo.secrets.add_answer(code)
    assert code in demo.records.reports()


def test_when_the_answers_end_the_phone_hangs_up(demo: Demo) -> None:
    shown = dial("--data", demo.data, "--number", OTHER_NUMBER, typed="2\n1\n")

    assert shown.endswith("You have hung up.\n")
    event = last_event(demo, OTHER_NUMBER)
    assert event["status"] == "Incomplete"
    assert event["input"] == "2*1"


def test_what_is_typed_goes_to_the_line_as_it_is(demo: Demo) -> None:
    number = "+250788777003"
    demo.secrets.add_number(number)

    dial("--data", demo.data, "--number", number, typed="4\n\n*\n q \n1*2\n")

    assert last_event(demo, number)["input"] == "4**** q *1*2"


def test_ctrl_c_hangs_up_and_then_leaves(demo: Demo) -> None:
    number = "+250788777004"
    demo.secrets.add_number(number)
    with terminal("--data", str(demo.data), "--number", number) as phone:
        phone.shows("Health & Family Info")
        phone.type("2")
        phone.shows("Is it safe to use this")
        phone.shows("> ")
        phone.interrupt()
        phone.shows("You have hung up.")
        assert last_event(demo, number)["status"] == "Incomplete"

        phone.shows("Enter dials again")
        phone.type("")
        phone.shows("Health & Family Info")
        phone.shows("> ")
        phone.interrupt()
        phone.shows("Enter dials again")
        phone.interrupt()

        assert phone.process.wait(PATIENCE) == 0


def test_staff_have_a_code_of_their_own(demo: Demo) -> None:
    shown = dial("--data", demo.data, "--staff", typed="2580\n")

    assert "You are the health worker of " in shown
    assert "*384*3030#" in shown
    assert "You are on duty." in shown


def test_any_application_can_be_dialled(demo: Demo) -> None:
    shown = dial("--url", demo.info["ussd_url"], "--number", NUMBER, typed="2\n")

    assert "| Health & Family Info" in shown
    assert "Is it safe to use this" in shown


def test_an_application_that_is_not_there_cuts_the_call() -> None:
    shown = dial("--url", "http://127.0.0.1:9/ussd", typed="")

    assert "The network has cut the call: no-connection." in shown


def test_without_a_demo_there_is_nothing_to_dial(tmp_path: Path) -> None:
    assert f"no demo is running in {tmp_path}" in refusal("--data", tmp_path)


def test_a_demo_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    left = '{"stand_in_url": "http://127.0.0.1:9", "service_code": "*1#"}'
    (tmp_path / DESCRIPTION).write_text(left)

    assert "is the demo still running?" in refusal("--data", tmp_path)


def test_a_number_that_is_none_is_refused(demo: Demo) -> None:
    assert "the network refuses: number:" in refusal("--data", demo.data, "--number", "12")


def test_a_frame_holds_whatever_is_sent() -> None:
    lines = list(frame("one\n\n" + "long " * 20 + "\nbell\x07"))

    assert len({len(line) for line in lines}) == 1
    assert all(line.isprintable() for line in lines)


class Terminal:
    """A terminal in which `isange dial` runs."""

    def __init__(self, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            isange("dial", *options), cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)
        self._unseen = ""

    def shows(self, words: str) -> None:
        """Wait until the terminal shows `words`, after what was waited for before."""

        def shown() -> bool:
            with contextlib.suppress(BlockingIOError):
                self._unseen += os.read(self._ours, 65536).decode()
            return words in self._unseen

        wait_until(shown, f"the terminal shows {words!r}")
        self._unseen = self._unseen.partition(words)[2]

    def type(self, line: str) -> None:
        os.write(self._ours, line.encode() + b"\n")

    def interrupt(self) -> None:
        """What Ctrl-C does to the program in front, once it waits for a key.

        One that comes in the microseconds in which Python begins to wait is not seen before the
        next key.
        """
        stat = Path(f"/proc/{self.process.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S", "it waits")
        self.process.send_signal(signal.SIGINT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


@contextlib.contextmanager
def terminal(*options: str) -> Iterator[Terminal]:
    made = Terminal(*options)
    try:
        yield made
    finally:
        made.close()
