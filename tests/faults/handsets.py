"""A phone on the pretend network of a demo: tests that use it read as phone calls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from sandbox.standin.client import Call, StandIn
from tests.faults.callers import SECRET
from tests.faults.discretion import Secrets
from tests.phone import MORE

"""The four digits of every caller: no process id and no year begins with a zero."""


@dataclass(frozen=True)
class Told:
    """What a caller knows of her report: its code, and her own number."""

    code: str
    caller: str


class Handset:
    """A phone whose every key goes through the pretend network to the real web process."""

    def __init__(self, network: StandIn, secrets: Secrets, number: str, service_code: str) -> None:
        """Dial, and see the first screen. What is said from then on is added to `secrets`."""
        self.number = number
        self._secrets = secrets
        self._secrets.add_number(number)
        self._typed: list[str] = []
        self.call: Call = network.dial(number, service_code)
        self.sees("Health & Family Info")

    @property
    def screen(self) -> str:
        return self.call.text

    @property
    def history(self) -> str:
        """Everything typed, as the network sends it."""
        return "*".join(self._typed)

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
            while (key := self.key(label)) is None:
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

    def go_on_to_the_last_word(self) -> Self:
        """From the place to the question whether to send, with an SMS and a secret."""
        self.choose("South", "Huye", "Kabutare", "Yes, by SMS", "Yes", "Now", "No")
        return self.type(SECRET).sees("Send to Kabutare")

    def finish_report(self) -> Told:
        """From the place to the code."""
        return self.go_on_to_the_last_word().choose("Send: health").reported()

    def report(self) -> Told:
        return self.begin_report().finish_report()

    def reported(self) -> Told:
        self.sees("Sent. Code: ")
        code = code_on(self.screen)
        self._secrets.add_answer(code)
        return Told(code, self.number)

    def key(self, label: str) -> str | None:
        """The key before a line of this page."""
        lines = _lines(self.screen)
        return next((key for key, words in lines if words.startswith(label)), None)

    def _more(self) -> str:
        more = next((key for key, words in _lines(self.screen) if words in MORE), None)
        assert more, f"no such line on this screen:\n{self.screen}"
        return more


def code_on(screen: str) -> str:
    """The report's code on a screen."""
    found = re.search(r"\b(\d{6,10})\b", screen)
    assert found, f"no code on this screen:\n{screen}"
    return found[1]


def _lines(screen: str) -> list[tuple[str, str]]:
    return re.findall(r"^(\d) (.+)$", screen, re.MULTILINE)
