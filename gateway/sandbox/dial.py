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
from pathlib import Path
from typing import Any, Final

from gateway.errors import OperatorError
from gateway.sandbox.demo import DESCRIPTION
from gateway.sandbox.standin.client import Call, Refused, StandIn
from gateway.sandbox.standin.config import Callbacks, Config, RefusedInProduction
from gateway.sandbox.standin.control import WEB_ADDRESS
from gateway.sandbox.standin.server import background

CALLER: Final = "+250788123456"
"""A made-up number: the pretend network knows every number there could be."""

ANY_CODE: Final = "*384*3029#"
"""What is dialled when only the address of an application is known."""

WIDTH: Final = 32
"""Characters in a line of the pretend screen, as on a phone with large letters."""

OVER: Final = {
    "ended": "the line has ended the call",
    "cut": "the network has cut the call: that was no answer",
    "hung_up": "you have hung up",
    "expired": "the network has ended the call: its time was over",
}
"""What is said below the last screen, by the state of the call."""


class CannotDial(OperatorError):
    """There is nothing to dial, or nobody answers. `str()` is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Handset:
    """A phone that has nothing but the number it rings from and the code it dials."""

    network: StandIn
    number: str = field(repr=False)
    service_code: str

    def dial(self) -> Call:
        return self.network.dial(self.number, self.service_code)


def run(data: Path, number: str | None, url: str | None, *, staff: bool) -> int:
    """Hold calls until nobody wants another one; the exit status. Raises CannotDial."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with _elsewhere(url, number) if url else _at_the_demo(data, number, staff=staff) as handset:
            return _use(handset)
    except Refused as refused:
        raise CannotDial(f"the network refuses: {refused}") from None
    except OSError:
        raise CannotDial("the network has gone: is the demo still running?") from None


@contextlib.contextmanager
def _at_the_demo(data: Path, number: str | None, *, staff: bool) -> Iterator[Handset]:
    """A phone on the network of the demo that runs in `data`."""
    demo = _description(data)
    code = demo["staff_service_code" if staff else "service_code"]
    if staff and demo["staff_ussd_url"] is None:
        raise CannotDial("this demo has no line for staff")
    yield Handset(StandIn(demo["stand_in_url"]), number or _somebody(demo, staff=staff), code)


@contextlib.contextmanager
def _elsewhere(url: str, number: str | None) -> Iterator[Handset]:
    """A phone on a network of its own, which calls the application at `url`."""
    if not WEB_ADDRESS.fullmatch(url):
        raise CannotDial("--url must be an address such as http://127.0.0.1:8000/ussd")
    with tempfile.TemporaryDirectory(prefix="isange-dial-") as folder:
        config = Config(Path(folder), "dial", "dial", Callbacks(ussd=url))
        try:
            network = background(config)
            with network as address:
                yield Handset(StandIn(address), number or CALLER, ANY_CODE)
        except RefusedInProduction as refused:
            raise CannotDial(str(refused)) from None


def _description(data: Path) -> dict[str, Any]:
    path = data.expanduser() / DESCRIPTION
    try:
        demo: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise CannotDial(
            f"no demo is running in {data}: start one with `isange demo`, "
            "or say where it is with --data."
        ) from None
    return demo


def _somebody(demo: dict[str, Any], *, staff: bool) -> str:
    """Whose phone it is when nobody said: a caller's, or that of a health worker."""
    if not staff:
        return CALLER
    return next(str(person["phone"]) for person in demo["staff"] if person["role"] == "health")


def _use(handset: Handset) -> int:
    while True:
        _hold(handset)
        if not sys.stdin.isatty() or not _wants_more():
            return 0


def _hold(handset: Handset) -> None:
    """One call, from the first screen until it is over."""
    print(f"dialling {handset.service_code}   (Ctrl-C hangs up)")
    call = handset.dial()
    try:
        while not call.ended:
            _show(call)
            call = _press(call, _answer())
    except (KeyboardInterrupt, EOFError):
        print()
        call.hang_up()
    if call.state == "ended":
        _show(call)
    print(OVER[call.state])


def _press(call: Call, typed: str) -> Call:
    try:
        return call.press(typed)
    except Refused:  # It was over before the answer came, or a new network knows nothing of it.
        return call.look()


def _answer() -> str:
    """A line as it was typed. Raises EOFError when there are no more."""
    typed = input("> ")
    if not sys.stdin.isatty():
        print(typed)  # No keyboard has shown it.
    return typed


def _wants_more() -> bool:
    try:
        input("Enter dials again, Ctrl-C leaves ")
    except (KeyboardInterrupt, EOFError):
        print()
        return False
    return True


def _show(call: Call) -> None:
    print("\n".join(frame(call.text)))


def frame(text: str) -> Iterator[str]:
    """The lines of a screen in a small frame."""
    edge = "-" * (WIDTH + 2)
    yield f"+{edge}+"
    for line in text.split("\n"):
        shown = "".join(c if c.isprintable() else " " for c in line)
        for part in textwrap.wrap(shown, WIDTH) or [""]:
            yield f"| {part:{WIDTH}} |"
    yield f"+{edge}+"
