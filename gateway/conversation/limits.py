"""How often one number calls and reports, and from when on its calls are short ones.

Counted by a keyed hash of the number in Redis, on the way of the session itself, so that it costs
no step a round trip more. Never by address: half a country calls from one. A bound takes nothing
from anybody that she needs at once (menus.callers.short), and without Redis there is none.

Whoever holds her phone could dial until the line is short, and count what is missing. So where
exactly a bound lies differs with the number and the time, and nobody can work it out.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.country import facts
from gateway.runtime.metrics import LIMITED_CALLS
from gateway.runtime.phones import Msisdn
from menus.callers import short
from menus.engine import State
from menus.intents import Intent, KeepDraft, Send

Use = Literal["call", "report"]
"""What a number does: it begins a call, or it sends a report."""

HOUR: Final = 3600
DAY: Final = 24 * HOUR

LIMITED: Final = "uses:limited"
"""Counts the short calls of all numbers within an hour."""


BLUR: Final = 6
"""A bound lies up to a sixth of it lower or higher."""


def blurred(most: int, number: bytes, window: int) -> int:
    """A bound of about `most` for a number, by its keyed hash, in this window of time."""
    spread = most // BLUR
    drawn = hashlib.blake2b(number + window.to_bytes(8), digest_size=8).digest()
    return most - spread + int.from_bytes(drawn) % (2 * spread + 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """About so many uses of a kind within so many seconds of the first are nothing special."""

    use: Use
    seconds: int
    most: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a country, and what is to be told when many calls at once are above them.

    `flood` is how many short calls within an hour that takes; 0 is never. `hash_of` a number is
    under a key, and `clock` says the time in seconds.
    """

    bounds: Sequence[Bound]
    hash_of: Callable[[Msisdn], bytes]
    flood: int = 0
    tell: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.time

    def counters(self, number: Msisdn) -> Counters:
        """What is counted of a number."""
        return Counters(self, self.hash_of(number))


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters that one call looks at, and adds to with the step that it keeps."""

    limits: Limits
    number: bytes

    @property
    def names(self) -> list[str]:
        """The keys in Redis to look at: one for each bound, and the one of all numbers."""
        own = [self._name(bound) for bound in self.limits.bounds]
        return [*own, LIMITED] if own else []

    def begin(self, counts: Sequence[int]) -> Mapping[str, str]:
        """What is known of a call that begins, with these counts at `names`; none: unknown."""
        *own, of_all = counts or [0]
        pairs = zip(self.limits.bounds, own, strict=False)
        if not any(count >= self.most(bound) for bound, count in pairs):
            return {}
        LIMITED_CALLS.inc()
        if self.limits.flood and of_all + 1 >= self.limits.flood:
            self.limits.tell()
        return {short.LIMITED: "yes"}

    def most(self, bound: Bound) -> int:
        """Where a bound lies for this number now."""
        return blurred(bound.most, self.number, int(self.limits.clock() // bound.seconds))

    def after(self, state: State, uses: Sequence[Use]) -> Mapping[str, int]:
        """The keys to add one to, each with the seconds that it lives from its first."""
        own = {self._name(one): one.seconds for one in self.limits.bounds if one.use in uses}
        is_short = short.LIMITED in state.trail[0].facts
        return {**own, LIMITED: HOUR} if is_short and "call" in uses else own

    def _name(self, bound: Bound) -> str:
        return f"uses:{self.number.hex()}:{bound.use}:{bound.seconds}"


def bounds(limits: facts.Limits) -> Sequence[Bound]:
    """The bounds of a country; it has as few as its operator wants."""
    given = (
        Bound("call", HOUR, limits.calls_per_hour),
        Bound("report", HOUR, limits.reports_per_hour),
        Bound("report", DAY, limits.reports_per_day),
    )
    return [bound for bound in given if bound.most]


NO_LIMITS: Final = Limits((), lambda number: b"")
"""For the staff's own line."""


def use_of(intent: Intent) -> Sequence[Use]:
    """What doing this counts as. A report that fills in an earlier one of the call is no other."""
    begins = isinstance(intent, KeepDraft) or (isinstance(intent, Send) and not intent.completes)
    return ("report",) if begins else ()
