"""The SMS provider of tests, which keeps what it was given and answers as a test wants."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.runtime.phones import Msisdn
from gateway.sms.providers.contract import Accepted, Outcome, Pulse


class Sms(NamedTuple):
    """An SMS that a provider was given."""

    to: str
    text: str


@dataclass
class Provider:
    """Takes SMS; what it accepts has left, and all else only if it `leaks`."""

    name: str = "test"
    does: Callable[[str], Outcome | None] = lambda number: None
    """The answer to an SMS for a number; None accepts it."""
    alive: bool = True
    """The answer to a probe."""
    leaks: bool = False
    taken: list[Sms] = field(default_factory=list)
    """All that it was given, whatever it answered."""
    left: list[Sms] = field(default_factory=list)
    """What came to a phone."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, to: Msisdn, text: str) -> Outcome:
        sms = Sms(to.reveal(), text)
        outcome = self.does(sms.to)
        with self._lock:
            self.taken.append(sms)
            if outcome is None or self.leaks:
                self.left.append(sms)
            return outcome or Accepted(f"id-{len(self.left)}")

    def probe(self) -> Pulse:
        return Pulse(alive=self.alive)

    def counted(self) -> Counter[str]:
        """How many SMS each number was sent."""
        return Counter(sms.to for sms in self.taken)
