"""Calls for the client to make: what is typed, as the phone network sends it, and what must come.

What a server should say is learned from one call that is made first and looked at; every later
answer must be the same, byte for byte. The code of a report alone differs, and must be a code.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import quote_plus

from bench.client import Call, Check, Load, drive

BROWSING: Final = "2*1*1*4*0"
"""Six plain screens: the menu, four questions of a report, and the farewell. Nothing is kept."""

FOUR_SCREENS: Final = "2*1*1"
"""The first four of these, which other libraries are given too."""

REPORTING: Final = "2*1*1*4*2*2*3*2*1*3*2*2580*1"
"""A whole report in fourteen requests: an adult of Huye who was beaten, with a secret."""

CODE: Final = re.compile(rb"\d{6,}")

_HEAD: Final = (
    "POST {path} HTTP/1.1\r\n"
    "Host: line.example\r\n"
    "User-Agent: at-ussd-api/1.0\r\n"
    "Content-Type: {content_type}\r\n"
    "Content-Length: {length}\r\n\r\n"
)
_FORM: Final = (
    "phoneNumber=%2B{number}&serviceCode=%2A384%2A3029%23&text={text}"
    "&sessionId=ATUid_{session}&networkCode=63510"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose calls differ in number and session alone. `path` is where the line is."""

    path: str
    histories: Sequence[str]

    @classmethod
    def typing(cls, path: str, keys: str) -> Caller:
        """One who types these keys one by one, after the first screen."""
        typed = keys.split("*")
        return cls(path, ["*".join(typed[:number]) for number in range(len(typed) + 1)])

    def calls(self, checks: Sequence[Check]) -> Iterator[Call]:
        """Calls without end, each from a number and in a session that were never seen."""
        run = secrets.token_hex(10)
        for number in count(secrets.randbelow(9_000_000)):
            requests = self._requests(f"25078{number % 10_000_000:07}", f"{run}{number:012x}")
            yield Call(requests, checks)

    def learn(self, port: int) -> Sequence[Check]:
        """Make one call, and have every later one be answered the same."""
        return [_same(body) for body in self.listen(port)]

    def listen(self, port: int) -> Sequence[bytes]:
        """What one call is answered."""
        bodies: list[bytes] = []

        def note(body: bytes) -> bool:
            bodies.append(body)
            return body.startswith((b"CON ", b"END "))

        drive(port, self.calls([note] * len(self.histories)), 1, most=1)
        return bodies[: len(self.histories)]

    def _requests(self, number: str, session: str) -> Sequence[bytes]:
        forms = (
            _FORM.format(number=number, text=quote_plus(text), session=session)
            for text in self.histories
        )
        return [posted(self.path, form) for form in forms]


def posted(where: str, body: str, content_type: str = "application/x-www-form-urlencoded") -> bytes:
    """A request as it goes over the wire."""
    head = _HEAD.format(path=where, content_type=content_type, length=len(body))
    return (head + body).encode()


def dialling(port: int, caller: Caller, connections: int) -> Callable[[float], Load]:
    """A way to make such calls for some seconds, checked against what the server said first."""
    checks = caller.learn(port)
    return lambda seconds: drive(port, caller.calls(checks), connections, seconds=seconds)


def _same(body: bytes) -> Check:
    if not CODE.search(body):
        return body.__eq__
    pattern = re.compile(CODE.sub(rb"\\d{6,}", re.escape(body)))
    return lambda given: pattern.fullmatch(given) is not None
