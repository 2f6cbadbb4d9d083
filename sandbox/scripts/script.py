"""What a script is once it is read: phones, and what is done and seen on them, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

Verb = Literal[
    "say",  # a caption: nothing happens
    "time passes",  # until the next timer of any report, or of the one whose code is said
    "dial",  # the code of callers or staff, or the one that is said
    "expect",  # words of the screen
    "expect end",  # the same, and the line has ended the call
    "expect cut",  # the network has ended the call
    "press",  # a key, or the line of the screen that has these words
    "type",  # an answer that is no line of the screen; may be empty
    "send again",  # the network repeats the step
    "hang up",
    "answer late",  # the answer to the next step comes later than the network waits
    "time limits",  # of the next call
    "lose network",
    "find network",
    "sms",  # write an SMS to the line
    "expect sms",  # an SMS with these words arrives
    "expect no sms",  # none has arrived but those that were expected
]
"""What can be done."""

ALONE: Final[frozenset[Verb]] = frozenset({"say", "time passes"})
"""What stands in the list of steps itself, because it is done on no phone."""

LIMITS: Final = ("real", "quick", "off")

ARRIVES_WITHIN: Final = 30.0
"""Seconds that an SMS may take, unless a script says otherwise: the clock looks every two."""

ANYBODY: Final = "caller"

HERE: Final = ("here.way", "here.letters", "here.area", "here.centre")
"""What a script calls the place at which stories play, wherever that is in a country: the areas to
choose until centres are listed, the letters to type, the area they stand for, its centre.
"""

ROLES: Final = ("health", "counsellor", "investigator", "lead", "national")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a phone: a caller that nobody knows, or one of the sample staff.

    `place` counts those who have the same role there, from 1; no `centre` is that of the stories.
    """

    role: str
    centre: str | None = None
    place: int = 1


@dataclass(frozen=True, slots=True)
class Act:
    """One line of a script. `phone` is None for what is done on no phone."""

    line: int
    phone: str | None
    verb: Verb
    words: Sequence[str] = ()
    within: float = ARRIVES_WITHIN


@dataclass(frozen=True, slots=True)
class Script:
    """A script. `languages` are those it is played in; none: the one that the line speaks."""

    name: str
    title: str
    phones: Mapping[str, Holder]
    acts: Sequence[Act]
    languages: Sequence[str] = ()
    country: str | None = None
    about: str = ""

    def acts_at(self, here: Mapping[str, Sequence[str]]) -> Iterator[Act]:
        """The acts with the words of a place; one that has several is done with each of them."""
        for act in self.acts:
            name = next((name for name in here if f"{{{name}}}" in "".join(act.words)), None)
            for said in here[name] if name else ("",):
                words = (one.replace(f"{{{name}}}", said) for one in act.words)
                yield replace(act, words=tuple(words)) if name else act


VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
