"""A pretend handset: tests dial, press and look, and read as phone calls."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Self

from flask.testing import FlaskClient

from menus import gsm7

Reads = Callable[[str], str]
"""From the words of a test to a regular expression of what a phone shows for them."""

_sessions = itertools.count(1)


class Phone:
    """A basic phone in the hand of `number`. It holds one call at a time."""

    def __init__(
        self,
        client: FlaskClient,
        url: str,
        number: str,
        service_code: str = "*384*3029#",
        reads: Reads = re.escape,
    ) -> None:
        self.number = number
        self.screen = ""
        self.ended = False
        self._client, self._url, self._service_code = client, url, service_code
        self._reads = reads
        self._session = ""
        self._typed: list[str] = []

    def dial(self, through: str | None = None) -> Self:
        """Dial the short code; `through` is what stood after it (`1*2` of *384*3029*1*2#)."""
        self._session = f"ATUid_test_{next(_sessions):08}"
        self._typed = [] if through is None else [through]
        return self._step()

    def redial(self, through: str | None = None) -> Self:
        """Dial anew, on a network that gives this call the name of the last one."""
        self._typed = [] if through is None else [through]
        return self._step()

    def press(self, *keys: str | int) -> Self:
        """Type an answer and send it, once for each of `keys`."""
        for key in keys:
            assert not self.ended, f"the call is over, it cannot take {key!r}:\n{self.screen}"
            self._typed.append(str(key))
            self._step()
        return self

    def choose(self, *labels: str) -> Self:
        """Press the number in front of a line that begins with each label, over More if need be."""
        for label in labels:
            self.press(self._key_of(label))
        return self

    def repeat(self) -> Self:
        """The network sends the same step again."""
        return self._step()

    def sees(self, *parts: str) -> Self:
        """Check that the screen shows each part."""
        for part in parts:
            assert self._shows(part), f"expected {part!r} on this screen:\n{self.screen}"
        return self

    def does_not_see(self, *parts: str) -> Self:
        for part in parts:
            assert not self._shows(part), f"did not expect {part!r} on this screen:\n{self.screen}"
        return self

    def hangs_up(self) -> Self:
        """Check that the line ended the call."""
        assert self.ended, f"the call goes on:\n{self.screen}"
        return self

    @property
    def code(self) -> str:
        """The report's code on this screen."""
        found = re.search(r"\b\d{6,10}\b", self.screen)
        assert found, f"no code on this screen:\n{self.screen}"
        return found[0]

    @property
    def session(self) -> str:
        return self._session

    @property
    def text(self) -> str:
        """Everything typed in this call, as the network sends it."""
        return "*".join(self._typed)

    def _shows(self, part: str) -> bool:
        return re.search(self._reads(part), self.screen, re.DOTALL) is not None

    def _key_of(self, label: str) -> str:
        words = re.compile(self._reads(label))
        for _ in range(20):
            lines = dict(_numbered(self.screen))
            for fits in (words.fullmatch, words.match):
                for key, line in lines.items():
                    if fits(line):
                        return key
            more = next((key for key, line in lines.items() if line in MORE), None)
            assert more, f"no line {label!r} on this screen:\n{self.screen}"
            self.press(more)
        raise AssertionError(f"no line {label!r} on any page")

    def _step(self) -> Self:
        answer = self._client.post(
            self._url,
            data={
                "phoneNumber": self.number,
                "serviceCode": self._service_code,
                "text": self.text,
                "sessionId": self._session,
                "networkCode": "63510",
            },
        )
        assert answer.status_code == 200, f"the network cuts the call: HTTP {answer.status_code}"
        kind, _, self.screen = answer.get_data(as_text=True).partition(" ")
        assert kind in {"CON", "END"}, f"the network cuts the call: {kind!r}"
        assert gsm7.septets(self.screen) <= gsm7.PAGE, f"too long for a phone:\n{self.screen}"
        self.ended = kind == "END"
        return self


MORE = {"More", "Ibindi", "Suite", "Zaidi", "Plus"}
"""What leads to the next page, in each language."""


def _numbered(screen: str) -> Iterable[tuple[str, str]]:
    for line in screen.split("\n"):
        found = re.fullmatch(r"(\d) (.+)", line)
        if found:
            yield found[1], found[2]
