"""A USSD session as its phone knows it.

A step waits for its answer while others look whether the network has ended the session meanwhile.
What was asked first may be answered last, so that the newest view counts, by its age.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.handsets.meter import fill
from sandbox.standin.client import Call, Refused, StandIn

Limits = Mapping[str, float | None]
"""session_life, idle_limit and answer_limit in seconds; None for a limit that there is not."""


class HandsetSession:
    """A session from its first screen on. Safe to use from many threads."""

    def __init__(self, network: StandIn, call: Call, limits: Limits, *, at_start: bool) -> None:
        self.limits = limits
        self.untouched = at_start
        """Nothing was typed yet, not even beyond the code."""
        self._network = network
        self._newest: dict[str, Any] = call.view
        self._lock = threading.Lock()

    @property
    def id(self) -> str:
        return str(self._newest["id"])

    @property
    def screen(self) -> str:
        """Empty when the network has cut the call."""
        return str(self._newest["screen"])

    @property
    def state(self) -> str:
        return str(self._newest["state"])

    @property
    def is_over(self) -> bool:
        return self.state != "open"

    def press(self, typed: str, lag: float) -> None:
        """Type an answer. When the session is over, see how it ended. Raises OSError."""
        self.untouched = False
        self._do(lambda call: call.press(typed, lag))

    def repeat(self) -> None:
        """Have the network send the last step again."""
        self._do(lambda call: call.repeat())

    def hang_up(self) -> None:
        self._do(lambda call: call.hang_up())

    def look(self) -> bool:
        """See it again; whether it is over since the last look."""
        before = self.state
        self._do(lambda call: call.look())
        return self.state != before

    def view(self) -> dict[str, Any]:
        """The session as JSON, for the page."""
        newest = self._newest
        shown = {name: value for name, value in newest.items() if name != "number"}
        return {**shown, "fill": fill(newest["screen"], "screen"), "limits": self.limits}

    def _do(self, action: Callable[[Call], Call]) -> None:
        call = Call(self._network, self._newest)
        try:
            action(call)
        except Refused:
            self._see_how_it_ended(call)
        self.take(call.view)

    def take(self, view: dict[str, Any]) -> None:
        """Keep a view, unless a newer one is known."""
        with self._lock:
            if view["age"] >= self._newest["age"]:
                self._newest = view

    def _see_how_it_ended(self, call: Call) -> None:
        try:
            call.look()
        except Refused:  # It was started again, and knows no session from before.
            gone = {"state": "cut", "screen": "", "error": "no-network"}
            call.view = {**call.view, **gone}
