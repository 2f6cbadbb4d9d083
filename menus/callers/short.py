"""The short path, for a number that calls so often that something may be wrong with its calls.

A phone that a village shares, a child who plays and somebody who floods the line look alike from
here, and a person in danger may hold any of them. So nobody is refused and nothing is said: the
first screen and the way to an alert stay as they are, and the long dialogues lead to a person.
"""

from __future__ import annotations

from typing import Final

from menus.callers import call_me, centres, emergency, place, report
from menus.script import Caller, Choose, Screen, choose, option, screen

LIMITED: Final = "limited"
"""The fact that makes a call a short one; it is known from its beginning, or never."""


@screen
def a_person(caller: Caller) -> Choose:
    """Said as an offer, for it is one: she may need help as badly as anybody.

    Its keys mean what they mean on `report.safe_phone`, whose place it takes: a call whose session
    is lost is rebuilt without its limit, and must not do something else.
    """
    return choose(
        "Talking to a person helps most. You can stop at any time.",
        option("Nearest centre", goto=place.exactly, then=centres.nearest),
        option("I am in danger now", goto=emergency.danger),
        option("Only call me back", goto=call_me.offer),
        option("Not now", goto=report.farewell),
    )


def unless_limited(caller: Caller, long: Screen) -> Screen:
    """Where a long dialogue begins, for this caller."""
    return a_person if caller.fact(LIMITED) else long
