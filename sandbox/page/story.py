"""The words that a story is written in: who does what, and what the people before it are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sandbox.handsets.cast import PhoneId

Verb = Literal[
    "dial",  # the callers' code
    "dial_staff",  # the staff's code
    "choose",  # `what`: a line of the screen, in English
    "choose_place",  # one line for each area, the widest first, as far as centres are listed
    "choose_centre",  # the centre at which the stories play
    "choose_case",  # the line of the report that the phone was alerted about
    "type",  # `what`: digits
    "type_place",  # the first letters of the smallest area
    "choose_match",  # the area that was meant
    "type_pin",
    "hear",  # an SMS arrives, and is opened
    "accept",  # answer the alert
    "pass_time",  # until the next timer of this report
    "read",  # nothing is done: there is something to see
]
"""What can be done in a story."""


@dataclass(frozen=True, slots=True)
class StoryStep:
    """`caption` is shown before and while it happens; empty, the one before it stays."""

    phone: PhoneId
    verb: Verb
    what: str = field(default="")
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """Steps in their order. `holders`: who holds which phone, where it is not the usual person."""

    id: str
    title: str
    summary: str
    steps: Sequence[StoryStep]
    holders: Mapping[PhoneId, str] = field(default_factory=dict)
