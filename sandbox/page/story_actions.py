"""What the steps of a story do on the phones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Final

from sandbox.handsets.cast import PhoneId, Scene
from sandbox.handsets.changes import Changes
from sandbox.handsets.errors import Unable
from sandbox.handsets.handset import Handset, Message
from sandbox.handsets.line import DialledLine
from sandbox.handsets.words import Interpreter
from sandbox.page.story import StoryStep

ARRIVES_WITHIN: Final = 30.0
"""Seconds that a story waits for an SMS: the clock looks every two, and a worker may be busy."""

A_KEY: Final = 0.12
"""Seconds that a key stands there before the next one is pressed."""

_ALERT: Final = re.compile(r"\b1 (\d{6,10}) (\d{4})\b")
_CODE: Final = re.compile(r"\b\d{6,10}\b")


class Stopped(Exception):
    """Somebody does not want to see the rest of a story."""


@dataclass(frozen=True, slots=True)
class StoryPhones:
    """What a story is played with. `skip` lets time pass until the timer of a report."""

    phones: Mapping[PhoneId, Handset]
    scene: Scene
    line: DialledLine
    interpreter: Interpreter
    changes: Changes
    skip: Callable[[str], None]


class StoryActions:
    """Carries out the steps of one story. `stop` breaks off whatever is being waited for."""

    def __init__(self, stage: StoryPhones, stop: Event) -> None:
        self.hurry = False
        """Keys are pressed without a pause."""
        self._stage, self._stop = stage, stop
        self._code = ""
        self._opened: list[Message] = []

    def do(self, step: StoryStep) -> None:
        """Do it. Raises Unable when the line does not answer as the story has it, and Stopped."""
        phone = self._stage.phones[step.phone]
        match step.verb:
            case "dial" | "dial_staff":
                self._dial(phone, staff=step.verb == "dial_staff")
            case "hear":
                self._hear(phone)
            case "accept":
                self._accept(phone)
            case "pass_time":
                self._stage.skip(self._code)
            case "read":
                pass
            case "choose_place":
                for area in self._stage.scene.path[: self._stage.interpreter.centre_level + 1]:
                    self._choose(phone, self._stage.interpreter.name_of(area, phone.spoken))
            case _:
                self._answer(phone, step)
        self._look_at_the_end(phone)

    def _answer(self, phone: Handset, step: StoryStep) -> None:
        """Type something, or choose the line that begins with it."""
        scene, interpreter = self._stage.scene, self._stage.interpreter
        match step.verb:
            case "choose":
                self._choose(phone, interpreter.say(step.what, phone.spoken))
            case "choose_centre":
                self._choose(phone, scene.centre_name)
            case "choose_match":
                self._choose(phone, interpreter.name_of(scene.path[-1], phone.spoken))
            case "choose_case":
                self._choose(phone, self._code)
            case "type_place":
                self._type(phone, scene.letters)
            case "type_pin":
                self._type(phone, phone.holder.pin)
            case _:
                self._type(phone, step.what)

    def _dial(self, phone: Handset, *, staff: bool) -> None:
        line = self._stage.line
        phone.put_away()
        self._stage.interpreter.dial(phone, line.staff_code if staff else line.service_code)

    def _choose(self, phone: Handset, words: str) -> None:
        self._type(phone, self._stage.interpreter.find(phone, words))

    def _type(self, phone: Handset, keys: str) -> None:
        self._spell(phone, "screen", keys)
        phone.press(keys)

    def _spell(self, phone: Handset, kind: str, text: str) -> None:
        """Let the letters appear one after another."""
        try:
            for end in range(1, len(text) + 1):
                phone.type(kind, text[:end])
                if self._stop.wait(0 if self.hurry else A_KEY):
                    raise Stopped
        finally:
            phone.type(None)

    def _hear(self, phone: Handset) -> None:
        """Wait for the next SMS about this report, and open it."""
        message = self._arrival(phone)
        self._opened.append(message)
        phone.put_away()
        phone.open(message.id)
        phone.show("message", id=message.id)

    def _arrival(self, phone: Handset) -> Message:
        deadline, seen = time.monotonic() + ARRIVES_WITHIN, 0
        while time.monotonic() < deadline:
            for message in phone.messages:
                if self._code in message.text and not message.mine and message not in self._opened:
                    return message
            seen = self._stage.changes.after(seen, 0.5)
            if self._stop.is_set():
                raise Stopped
        raise Unable(f"No SMS came in {ARRIVES_WITHIN:g} seconds.")

    def _accept(self, phone: Handset) -> None:
        """Answer the alert that was opened last, as it says."""
        alert = self._opened[-1]
        found = _ALERT.search(alert.text)
        if found is None:
            raise Unable("This SMS does not say how to accept.")
        reply = f"1 {found[1]} {found[2]}"
        self._spell(phone, "sms", reply)
        phone.write(reply, alert.other)

    def _look_at_the_end(self, phone: Handset) -> None:
        """The last screen of a caller holds the code of what she sent; staff have none."""
        session = phone.session
        if session is None or not session.is_over:
            return
        found = _CODE.search(phone.screen)
        if phone.holder.pin or session.state != "ended" or found is None:
            raise Unable("The line ended the call, which this story does not know.")
        self._code = found[0]
