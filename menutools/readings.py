"""What a screen asks of the way a caller came: why two callers may be taken for one.

Two callers on the same screen see the same, whatever they type from here on, if each question
that this screen or a later one asks about their way has the same answer for both. Nobody lists
those questions by hand: a screen gets a caller who writes down what she is asked.

What is asked only in order to build an intent is left out. An intent changes what the gateway
keeps, never what a phone shows, and a report carries every answer there is: with those, no two
callers would ever be alike.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final, Literal, get_args

from menus.intents import Intent
from menus.script import SCREENS, Caller, Screen, View

_INTENTS: Final = frozenset(one.__name__ for one in get_args(Intent))


@dataclass(frozen=True, slots=True)
class Query:
    """One question about a caller's way; `of` are names of screens, or of a fact."""

    kind: Literal["answer", "answers", "answer_before", "last_of", "fact"]
    of: frozenset[str] = frozenset()

    def ask(self, caller: Caller) -> str | None:
        """What a caller's way says to it."""
        match self.kind:
            case "answer":
                return caller.answer(*self._screens())
            case "answers":
                return "\n".join(caller.answers(*self._screens())) or None
            case "answer_before":
                return caller.answer_before
            case "last_of":
                last = caller.last_of(*self._screens())
                return last.name if last else None
            case "fact":
                return caller.fact(*self.of)

    def settled_at(self, screen: str) -> bool:
        """Whether it is `screen` that decides it for the next one, whatever was before."""
        return self.kind == "answer_before" or (self.kind != "fact" and screen in self.of)

    def _screens(self) -> tuple[Screen, ...]:
        return tuple(SCREENS[name] for name in self.of)


class NotForAScreen(TypeError):
    """What may be asked for an intent alone."""


class Listener(Caller):
    """The same caller to a screen; `heard` is what it asked, with what it was told.

    She answers but has no trail of her own: a screen that looks into it sees another caller than
    the engine's, and shows it by saying something else.
    """

    __slots__ = ("_caller", "heard")

    _caller: Caller
    heard: dict[Query, str | None]

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller.country, caller.language, ())
        object.__setattr__(self, "_caller", caller)
        object.__setattr__(self, "heard", {})

    def answer(self, *screens: Screen) -> str | None:
        return self._told(Query("answer", frozenset(one.name for one in screens)))

    def answers(self, screen: Screen) -> tuple[str, ...]:
        told = self._told(Query("answers", frozenset({screen.name})))
        return tuple(told.split("\n")) if told else ()

    @property
    def answer_before(self) -> str | None:
        return self._told(Query("answer_before"))

    def last_of(self, *screens: Screen) -> Screen | None:
        name = self._told(Query("last_of", frozenset(one.name for one in screens)))
        return SCREENS[name] if name else None

    def fact(self, name: str) -> str | None:
        return self._told(Query("fact", frozenset({name})))

    def _told(self, query: Query) -> str | None:
        told = query.ask(self._caller)
        if not _asked_for_an_intent():
            if query.kind == "answers":
                raise NotForAScreen("a screen that shows all answers makes callers without end")
            self.heard[query] = told
        return told


def listen(screen: Screen, caller: Caller) -> tuple[View, dict[Query, str | None]]:
    """What a screen shows a caller, and what it asked of her way to decide that."""
    listener = Listener(caller)
    return screen.show(listener), listener.heard


def _asked_for_an_intent() -> bool:
    """Whether the question comes from a function that says it returns an intent."""
    frame = sys._getframe(3)
    while frame.f_back is not None and frame.f_globals is not globals():
        function = frame.f_globals.get(frame.f_code.co_name)
        annotations = getattr(function, "__annotations__", {})
        if annotations.get("return") in _INTENTS:
            return True
        frame = frame.f_back
    return False
