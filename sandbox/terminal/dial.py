"""`isange dial`: a phone in a terminal, on the pretend network of a running demo.

Whatever is typed goes to the line as it is, the empty answer too, so there is no letter that ends
the program: Ctrl-C hangs up. With a pipe in the place of a keyboard every line is one answer.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from gateway.runtime.errors import OperatorError
from sandbox.demo.plan import DESCRIPTION
from sandbox.demo.supervisor import print_line
from sandbox.handsets.recording import Recording
from sandbox.standin.client import Call, Refused, StandIn

CALLER: Final = "+250788123456"
"""A made-up number: the pretend network knows every number there could be."""

ANY_CODE: Final = "*384*3029#"
"""What is dialled when only the address of an application is known."""

WIDTH: Final = 32
"""Characters in a line of the pretend screen."""

NAME: Final = "caller"
"""What the phone is called in a script of its calls."""

OVER: Final = {
    "ended": "The line has ended the call.",
    "hung_up": "You have hung up.",
    "expired": "The network has ended the call: its time was over.",
}
"""What is said when a call is over, by its state; why a call was cut stands in the call."""


class CannotDial(OperatorError):
    """There is nothing to dial, or nobody answers. `str()` is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class TerminalPhone:
    """A phone on a pretend network, and the code it dials."""

    network: StandIn
    number: str = field(repr=False)
    service_code: str
    recording: Recording = field(repr=False)

    def dial(self) -> Call:
        self.note("dial", dialled=self.service_code)
        call = self.network.dial(self.number, self.service_code)
        self.note_screen(call)
        return call

    def note(self, kind: str, **what: object) -> None:
        """What was done or seen, for who wants to play it again."""
        self.recording.meet(NAME, number=self.number)
        self.recording.add(NAME, kind, **what)

    def note_screen(self, call: Call) -> None:
        self.note("screen", text=call.text, state=call.state)


def run(
    data: Path, number: str | None, url: str | None, record: Path | None, *, staff: bool
) -> None:
    """Hold calls until nobody wants another one; write them into `record`. Raises CannotDial."""
    if url and (staff or record):
        raise CannotDial("--staff and --record go with a demo, not with --url")
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with _elsewhere(url, number) if url else _at_the_demo(data, number, staff=staff) as phone:
            _use(phone)
        if record is not None:
            _save(phone.recording, data, record)
    except Refused as refused:
        raise CannotDial(f"the network refuses: {refused}") from None
    except (OSError, HTTPException):
        raise CannotDial("the network does not answer: is the demo still running?") from None


@contextlib.contextmanager
def _at_the_demo(data: Path, number: str | None, *, staff: bool) -> Iterator[TerminalPhone]:
    """A phone on the network of the demo that runs in `data`."""
    demo = _description(data)
    code = demo["staff_service_code" if staff else "service_code"]
    if staff and number is None:
        somebody = next(person for person in demo["staff"] if person["role"] == "health")
        number = somebody["phone"]
        print_line(f"You are the health worker of {somebody['centre']}, PIN {somebody['pin']}.")
    recording = Recording(demo.get("country", ""))
    yield TerminalPhone(StandIn(demo["stand_in_url"]), number or CALLER, code, recording)


@contextlib.contextmanager
def _elsewhere(url: str, number: str | None) -> Iterator[TerminalPhone]:
    """A phone on a network of its own, which calls the application at `url`."""
    from sandbox.standin.config import Callbacks, Config, RefusedInProduction
    from sandbox.standin.control import WEB_ADDRESS
    from sandbox.standin.server import background

    if not WEB_ADDRESS.fullmatch(url):
        raise CannotDial("--url must be an address such as http://127.0.0.1:8000/ussd")
    with tempfile.TemporaryDirectory(prefix="isange-dial-") as folder:
        config = Config(Path(folder), "dial", "dial", Callbacks(ussd=url))
        try:
            with background(config) as address:
                yield TerminalPhone(StandIn(address), number or CALLER, ANY_CODE, Recording(""))
        except RefusedInProduction as refused:
            raise CannotDial(str(refused)) from None


def _description(data: Path) -> dict[str, Any]:
    try:
        demo: dict[str, Any] = json.loads((data.expanduser() / DESCRIPTION).read_text())
    except (OSError, ValueError):
        raise CannotDial(
            f"no demo is running in {data}: start one with `isange demo`, "
            "or say with --data where it is"
        ) from None
    return demo


def _save(recording: Recording, data: Path, record: Path) -> None:
    """Write what was recorded as a script. Raises CannotDial."""
    from sandbox.scripts import writing
    from sandbox.scripts.script_phones import Demo

    with Demo.at(data) as demo:
        script = writing.write(recording.view(), demo.setting)
    try:
        record.write_text(script, "utf-8")
    except OSError:
        raise CannotDial(f"{record} cannot be written") from None
    print_line(f"The calls are in {record}.")


def _use(phone: TerminalPhone) -> None:
    while True:
        _hold(phone)
        if not sys.stdin.isatty() or not _wants_more():
            return


def _hold(phone: TerminalPhone) -> None:
    """One call, from the first screen until it is over."""
    print_line(f"{phone.service_code} - Ctrl-C hangs up")
    call = phone.dial()
    try:
        while not call.ended:
            _show(call)
            _press(phone, call, _answer())
    except (KeyboardInterrupt, EOFError):
        print_line("")
        phone.note("hang_up")
        call.hang_up()
    except Refused:
        print_line("The network has lost the call.")
        return
    if call.state == "ended":
        _show(call)
    print_line(OVER.get(call.state, f"The network has cut the call: {call.view['error']}."))


def _press(phone: TerminalPhone, call: Call, typed: str) -> None:
    phone.note("press", typed=typed)
    try:
        call.press(typed)
    except Refused:  # Nothing can be typed into a call that has ended meanwhile.
        call.look()
    phone.note_screen(call)


def _answer() -> str:
    """A line as it was typed. Raises EOFError when there are no more."""
    if sys.stdin.isatty():
        return input("> ")
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    typed = line.removesuffix("\n")
    print_line(f"> {typed}")
    return typed


def _wants_more() -> bool:
    try:
        input("Enter dials again, Ctrl-C leaves. ")
    except (KeyboardInterrupt, EOFError):
        print_line("")
        return False
    return True


def _show(call: Call) -> None:
    print_line("\n".join(frame(call.text)))


def frame(text: str) -> Iterator[str]:
    """The lines of a screen in a small frame; what no phone could show becomes a space."""
    edge = f"+{'-' * (WIDTH + 2)}+"
    yield edge
    for line in text.split("\n"):
        shown = "".join(c if c.isprintable() else " " for c in line)
        for part in textwrap.wrap(shown, WIDTH) or [""]:
            yield f"| {part:{WIDTH}} |"
    yield edge
