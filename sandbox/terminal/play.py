"""`isange dial --script`: plays scripts on a running demo, and prints each call as it goes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.demo.supervisor import print_line
from sandbox.film import drawing, film
from sandbox.handsets.recording import Recording
from sandbox.scripts import reading
from sandbox.scripts.player import Differs, play
from sandbox.scripts.script import Script
from sandbox.scripts.script_phones import Demo
from sandbox.scripts.setting import CannotPlay
from sandbox.terminal.dial import WIDTH, frame

OUTCOMES: Final = {
    "cut": "is cut off by the network",
    "expired": "is cut off by the network: the time is over",
    "hung_up": "has hung up",
}


class Announced(Recording):
    """A recording that prints what is added to it."""

    def add(self, phone: str | None, kind: str, **what: object) -> None:
        super().add(phone, kind, **what)
        for line in _told(phone or "", kind, what):
            print_line(line)


def run(files: Sequence[Path], data: Path, picture: Path | None) -> int:
    """Play the scripts in their order; 0 when the line answered as all of them have it, else 1.

    With `picture` the only playing is drawn into that file. Raises WrongScript, CannotPlay.
    """
    scripts = [reading.read_file(file) for file in files]
    with Demo.at(data) as demo:
        playings = list(_playings(scripts))
        if picture is not None and len(playings) > 1:
            raise CannotPlay("a picture shows one script in one language")
        for script, language in playings:
            recording = Announced(demo.line.country)
            try:
                _play(script, demo, recording, language)
            except Differs as difference:
                print_line("")
                print_line(str(difference))
                return 1
            if picture is not None:
                _draw(recording, picture)
    return 0


def _playings(scripts: Iterable[Script]) -> Iterator[tuple[Script, str | None]]:
    for script in scripts:
        for language in script.languages or (None,):
            yield script, language


def _play(script: Script, demo: Demo, recording: Recording, language: str | None) -> None:
    spoken = f" ({language})" if language else ""
    print_line(f"{script.title}{spoken}")
    play(script, demo, recording, language)
    print_line("The line answered as the script has it.")


def _draw(recording: Recording, picture: Path) -> None:
    svg = drawing.draw(film.shoot(recording.view()))
    try:
        picture.write_text(svg, "utf-8")
    except OSError:
        raise CannotPlay(f"{picture} cannot be written") from None
    print_line(f"{picture}: {len(svg.encode()) / 1000:.0f} kB")


def _told(phone: str, kind: str, what: dict[str, Any]) -> Iterator[str]:
    """The lines that a terminal shows for an entry of a recording."""
    match kind:
        case "caption":
            yield from ("", *textwrap.wrap(what["text"], 2 * WIDTH + 4))
        case "screen" if what["state"] not in OUTCOMES:
            yield from frame(what["text"])
        case "sms":
            yield f"{phone} gets an SMS from {what['sender']}:"
            yield from frame(what["text"])
        case "time":
            yield f"... {what['minutes']} min later ..."
        case _:
            yield f"{phone} {_deed(kind, what)}"


def _deed(kind: str, what: dict[str, Any]) -> str:
    match kind:
        case "dial":
            return f"dials {what['dialled']}"
        case "press":
            return f"> {what['typed']}"
        case "write":
            return f"writes: {what['text']}"
        case "screen":
            return OUTCOMES[what["state"]]
        case "hang_up":
            return "hangs up"
        case "repeat":
            return "gets the step again"
        case "card":
            return "has another SIM card"
        case _:
            return "has the network again" if what["reachable"] else "loses the network"
