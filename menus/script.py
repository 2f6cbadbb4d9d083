"""The five words a screen is written in: screen, choose, option, ask, end.

A screen is a function of the caller so far. It does no I/O and decides nothing about numbering,
Back, More, Exit or the size of a page: that is the engine's. Its texts are translatable because of
where they stand (the first argument of these words), not because someone remembered to mark them.

    @screen
    def age(caller):
        '''A child is cared for by other rules; an unknown age counts as a child's.'''
        return choose(
            "Your age?",
            option("Under 12", keep="under_12", goto=law_may_act),
            option("18 or more", keep="adult", goto=need),
        )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from menus.intents import Intent
from menus.ports import Country, Name


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text to translate, with the values that fill its {placeholders}.

    `language` is that in which it is said, if not in the one of the phone.
    """

    text: str
    values: Mapping[str, Words] = field(default_factory=dict)
    language: str | None = None


Words = str | Phrase


def phrase(text: str, /, **values: Words) -> Phrase:
    """A translatable part of a larger text, such as "{centre} (sample)"."""
    return Phrase(text, values)


class Refused(ValueError):
    """What was typed cannot be used; the message (translated) says what to type instead."""


Check = Callable[[str], str]
"""Turns what was typed into the answer to keep, or raises Refused."""


class Onward:
    """The target of a shared dialogue's last screen: wherever the asker said `then`."""


onward: Final = Onward()


@dataclass(frozen=True, slots=True)
class Visited:
    """A screen the caller has been on: the page, what she answered, what the service found out.

    `returns` are the names of the screens that shared dialogues still have to lead back to.
    """

    screen: str
    page: int = 0
    answer: str | None = field(default=None, repr=False)
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    returns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller as a screen sees her: the way she came, her language, and the country."""

    country: Country
    language: str
    trail: tuple[Visited, ...]

    def answer(self, *screens: Screen) -> str | None:
        """What was kept at the last of these screens before this one; None if skipped or unseen."""
        names = {screen.name for screen in screens}
        return next((s.answer for s in reversed(self.trail[:-1]) if s.screen in names), None)

    def answers(self, screen: Screen) -> tuple[str, ...]:
        """All that was kept at a screen before this one, as often as she came there."""
        before = (s.answer for s in self.trail[:-1] if s.screen == screen.name)
        return tuple(answer for answer in before if answer is not None)

    @property
    def answer_before(self) -> str | None:
        """What was kept at the screen just before this one, whichever it was."""
        return self.trail[-2].answer if len(self.trail) > 1 else None

    def last_of(self, *screens: Screen) -> Screen | None:
        """Which of these screens she saw last, this one included."""
        by_name = {screen.name: screen for screen in screens}
        return next((by_name[s.screen] for s in reversed(self.trail) if s.screen in by_name), None)

    def fact(self, name: str) -> str | None:
        """What the service found out on her way, newest first."""
        return next((s.facts[name] for s in reversed(self.trail) if name in s.facts), None)


@dataclass(frozen=True, slots=True)
class Option:
    label: Words
    goto: Screen | Onward | None
    keep: str | None
    then: Screen | None
    intent: Intent | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Choose:
    text: Phrase
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    text: Phrase
    options: tuple[Option, ...]
    check: Check
    goto: Screen
    then: Screen | None
    intent: Callable[[str], Intent] | None


@dataclass(frozen=True, slots=True)
class End:
    text: Phrase


View = Choose | Ask | End


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """One screen of the dialogue; `name` ("report.age") is the key of its answer."""

    name: str
    show: Callable[[Caller], View]
    why: str


SCREENS: Final[dict[str, Screen]] = {}


def screen(show: Callable[[Caller], View]) -> Screen:
    """Make a function a screen. Its docstring says why the screen exists."""
    name = f"{show.__module__.rpartition('.')[2]}.{show.__name__}"
    if name in SCREENS:
        raise ValueError(f"two screens are called {name}")
    SCREENS[name] = Screen(name, show, (show.__doc__ or "").strip())
    return SCREENS[name]


def option(
    label: Words,
    *,
    goto: Screen | Onward | None = None,
    keep: str | None = None,
    then: Screen | None = None,
    intent: Intent | None = None,
    language: str | None = None,
) -> Option:
    """One line to choose.

    `keep` is the answer it stands for; `goto` where it leads (the default of its `choose` if
    absent); `then` where a shared dialogue that begins at `goto` leads afterwards; `intent` what
    it asks the service to do, which makes its screen one that dial-through never runs past;
    `language` switches the language and starts anew.
    """
    return Option(label, goto, keep, then, intent, language)


def choose(
    text: Words, /, *options: Option | None, goto: Screen | Onward | None = None, **values: Words
) -> Choose:
    """A question with numbered options; None among them is left out."""
    shown = tuple(_leading(one, goto) for one in options if one is not None)
    return Choose(text if isinstance(text, Phrase) else Phrase(text, values), shown)


def ask(
    text: str,
    /,
    *options: Option,
    check: Check,
    goto: Screen,
    then: Screen | None = None,
    intent: Callable[[str], Intent] | None = None,
    **values: Words,
) -> Ask:
    """A question that is answered by typing; options, if any, are the ways not to."""
    return Ask(Phrase(text, values), options, check, goto, then, intent)


def end(text: str, /, **values: Words) -> End:
    """The last screen. It is never paged, so it must fit one page in every language."""
    return End(Phrase(text, values))


def _leading(one: Option, default: Screen | Onward | None) -> Option:
    if one.goto or one.language:
        return one
    if default is None:
        raise ValueError(f"option {one.label!r} leads nowhere")
    return Option(one.label, default, one.keep, one.then, one.intent, one.language)


def is_name(words: Words) -> TypeGuard[Name]:
    """Whether these words are a proper name, the same in every language."""
    return isinstance(words, Name)
