"""Which call a step belongs to: a network may give one after another the same name.

It may count its calls, or name them by the number. So each has the moment at which it began as a
mark, and what was done before that moment was done in another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from gateway.conversation.sessions import CallSession

LATE: Final = 15.0
"""Seconds after which no copy of a request comes any more: the network does not wait for longer."""

LONGEST_PAUSE: Final = 60.0
"""Seconds without a key after which the network has ended a call."""

LONGEST_CALL: Final = 240.0
"""Seconds. The network ends a call after 180; the rest is for slow answers and late notices."""

Clock = Callable[[], float]
"""Seconds of the world's clock, as time.time: processes on all machines share it."""


def begins_anew(text: str, known: CallSession, now: float) -> bool:
    """Whether `text` begins a call, and what is known is another that had the same name.

    A call begins with nothing typed, or with less than was; but so does a copy that comes late.
    """
    if known.state.ended:
        return not text or now - known.latest > LATE
    if not text:
        return now - (known.begun or known.latest) > LATE
    return len(text) < known.length and now - known.latest > LONGEST_PAUSE


def beginning(known: CallSession | None, now: float) -> float:
    """The mark of a call that begins now, after one of its name, whatever clocks say."""
    return max(now, (known.begun or 0.0) + 0.001 if known else 0.0)


def age(begun: float | None, clock: Clock) -> Clock:
    """For how long a call has gone on; one that was lost may have done so for as long as any."""
    return partial(_since, begun, clock)


def _since(begun: float | None, clock: Clock) -> float:
    return LONGEST_CALL if begun is None else clock() - begun
