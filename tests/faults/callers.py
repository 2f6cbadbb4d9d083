"""A caller whose keys are posted to the web process by a network that may lose the answer."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Final, Self

from sandbox.standin import wire
from sandbox.standin.outgoing import Limits, Reply, post
from tests.phone import MORE

CODE: Final = re.compile(r"\b(\d{6,10})\b")
TOLD: Final = re.compile(r"Sent\. Code: (\d{6,10})|Your request is sent\..*Code (\d{6,10})", re.S)
"""How a caller is told that her report is with us."""

SECRET: Final = "0852"

UNTIL_PLACE: Final = ("I need help", "Yes, continue", "Continue", "18 or more", "Sexual violence")
UNTIL_CONTACT: Final = ("Last 3 days", "Continue", "South", "Huye", "Kabutare")
BY_SMS: Final = ("Yes, by SMS", "Yes", "Now")

LIMITS: Final = Limits(connect=5, answer=15)

_numbers = itertools.count(788_600_001)
_calls = itertools.count(1)


class Cut(Exception):
    """The network got no good answer, and cuts the call. `str()` is why."""


def new_number() -> str:
    return f"+250{next(_numbers)}"


@dataclass
class Caller:
    """A phone. `url` is the USSD callback it is answered from."""

    url: str
    number: str = field(default_factory=new_number)
    service_code: str = "*384*3029#"
    screen: str = ""
    ended: bool = False
    told: list[str] = field(default_factory=list)
    """The codes that it showed together with the word "sent"."""
    session: str = ""
    """What the network calls the call: never the same twice, whoever dials."""
    _typed: list[str] = field(default_factory=list)

    def dial(self) -> Self:
        self._typed, self.session = [], f"ATUid_fault_{next(_calls):08}"
        return self.repeat()

    def press(self, *keys: str) -> Self:
        for key in keys:
            self._typed.append(key)
            self.repeat()
        return self

    def choose(self, *labels: str) -> Self:
        """Press the number before each label, over More if need be."""
        for label in labels:
            while (key := self._key(label)) is None:
                self.press(self._more())
            self.press(key)
        return self

    def repeat(self) -> Self:
        """Send the last step (again). Raises Cut, and then the screen is as it was."""
        reply = self.step()
        kind, _, screen = reply.body.partition(" ")
        if reply.status != 200 or kind not in {"CON", "END"}:
            raise Cut(reply.error or f"HTTP {reply.status}")
        self.screen, self.ended = screen, kind == "END"
        found = TOLD.search(screen)
        if found:
            self.told.append(found[1] or found[2])
        return self

    def step(self) -> Reply:
        """The last step once (more), whatever becomes of it."""
        body = wire.ussd_step(
            number=self.number,
            service_code=self.service_code,
            text="*".join(self._typed),
            session_id=self.session,
            network_code="63510",
        )
        return post(self.url, body, wire.USSD_AGENT, LIMITS)

    def sees(self, *parts: str) -> Self:
        for part in parts:
            assert part in self.screen, f"expected {part!r} on this screen:\n{self.screen}"
        return self

    def until_last_word(self) -> Self:
        """A report as far as the question whether to send it, with an SMS and a secret."""
        self.dial().choose(*UNTIL_PLACE, *UNTIL_CONTACT, *BY_SMS, "No").press(SECRET)
        return self.sees("Send to Kabutare")

    def until_draft(self) -> Self:
        """A report as far as the question of what happens if the line cuts."""
        self.dial().choose(*UNTIL_PLACE, *UNTIL_CONTACT, *BY_SMS)
        return self.sees("If the line cuts, may we send")

    def report(self) -> str:
        """A whole report; its code."""
        return self.until_last_word().choose("Send: health").code

    def open_report(self, code: str) -> Self:
        """My code, as far as her secret."""
        return self.dial().choose("My code").press(code).sees("Type your 4 numbers:")

    @property
    def code(self) -> str:
        found = CODE.search(self.screen)
        assert found, f"no code on this screen:\n{self.screen}"
        return found[1]

    def _key(self, label: str) -> str | None:
        return next((key for key, words in self._lines() if words.startswith(label)), None)

    def _more(self) -> str:
        more = next((key for key, words in self._lines() if words in MORE), None)
        assert more, f"no such line on this screen:\n{self.screen}"
        return more

    def _lines(self) -> list[tuple[str, str]]:
        return re.findall(r"^(\d) (.+)$", self.screen, re.MULTILINE)
