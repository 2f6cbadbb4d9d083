"""The rules for one page, one text and one screen: functions that yield what is wrong.

What is not right everywhere is not right: each is held against every page, every text in every
language, and every caller on every screen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from menus import gsm7, navigation
from menus.engine import Engine, Turn
from menus.pages import MOST_OPTIONS
from menus.script import SCREENS, Ask, Caller, End, Phrase, View, Words, is_name
from menus.speech import Speech
from menutools.catalogues.extraction import outside_placeholders, placeholders
from menutools.walk import OPTION_KEYS, Visit

MISTYPED: Final = ("", "*", "77", "x", "1111", "1234567", "9" * 30)
"""What nobody asked for. Every check has something to say to one of these."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page, with the lines for leaving that belong on it; `back` is "" on the first one."""

    text: str
    ends: bool
    back: str
    exit: str


@dataclass(frozen=True, slots=True)
class Said:
    """A text in one language; `translation` is None where there is none, and for a name."""

    words: Words
    language: str
    translation: str | None

    @property
    def english(self) -> str:
        return self.words.text if isinstance(self.words, Phrase) else self.words


@dataclass(frozen=True, slots=True)
class Met:
    """A caller on a screen that could be shown, and the engine that showed it."""

    visit: Visit
    view: View
    page: str
    engine: Engine
    speech: Speech

    def typed(self, typed: str) -> Turn:
        return self.engine.turn(self.visit.state, typed)


def fits_the_phone(shown: Shown) -> Iterator[str]:
    """160 septets, though a network takes 182: some phones do not."""
    if fault := _too_much(shown.text):
        yield fault


def is_filled_in(shown: Shown) -> Iterator[str]:
    """No {placeholder} reaches a phone."""
    if found := re.search(r"\{\w*\}", shown.text):
        yield f"shows {found[0]}"


def has_exit_and_back(shown: Shown) -> Iterator[str]:
    """The way out and the way back stand where they always stand."""
    lines = shown.text.split("\n")
    if not shown.ends and lines[-1] != shown.exit:
        yield "has no Exit in its last line"
    if not shown.ends and shown.back and shown.back not in lines[-2:]:
        yield "has no Back above Exit"


def has_few_options(shown: Shown) -> Iterator[str]:
    """9 is Back and 0 is Exit: there is room for eight."""
    numbered = [line for line in shown.text.split("\n") if re.match(r"\d+ ", line)]
    options = [line for line in numbered if line not in {shown.back, shown.exit}]
    if not shown.ends and len(options) > MOST_OPTIONS:
        yield f"{len(options)} options on one page"


def is_translated(said: Said) -> Iterator[str]:
    """A fuzzy translation counts as none."""
    lettered = any(map(str.isalpha, outside_placeholders(said.english)))
    if lettered and said.translation is None and not is_name(said.words):
        yield f"no translation, or a fuzzy one, of {said.english!r}"


def keeps_the_placeholders(said: Said) -> Iterator[str]:
    """The same {words} in every language: one too many cannot be filled, one too few is lost."""
    if said.translation is not None:
        wanted, found = placeholders(said.english), placeholders(said.translation)
        if wanted != found:
            odd = ", ".join(f"{{{name}}}" for name in sorted(wanted ^ found))
            yield f"{odd} only in one of {said.english!r} and its translation"


def fills_every_placeholder(said: Said) -> Iterator[str]:
    """A value that is empty leaves a hole in the sentence."""
    values = said.words.values if isinstance(said.words, Phrase) else {}
    yield from (f"nothing to fill {{{name}}} with" for name, value in values.items() if not value)


def keeps_to_the_alphabet(said: Said) -> Iterator[str]:
    """What a phone cannot show is replaced before it is sent, and reads odd."""
    text = said.translation if said.translation is not None else said.english
    if not gsm7.fits_alphabet(text):
        odd = "".join(sorted(set(text) - gsm7.BASIC - gsm7.EXTENSION))
        yield f"{odd} is in no basic phone's alphabet: {text!r}"


def leads_on(met: Met) -> Iterator[str]:
    """Every key that has a line leads to another screen or page."""
    yield from met.visit.faults
    here = met.visit.state
    for key in OPTION_KEYS:
        turn = met.visit.turns.get(key)
        if f"\n{key} " in f"\n{met.page}" and (turn is None or turn.state == here):
            yield f"{key} has a line and leads nowhere"


def takes_an_answer(met: Met) -> Iterator[str]:
    """A question that takes nothing we can think of takes nothing that a caller can."""
    typed = met.visit.turns.keys() - {*OPTION_KEYS, navigation.EXIT_KEY, navigation.BACK_KEY}
    if isinstance(met.view, Ask) and not typed:
        yield "takes none of the answers in menutools.sample_callers.TYPED"


def goes_back(met: Met) -> Iterator[str]:
    """Back shows the page before, as it was."""
    turn = met.visit.turns.get(navigation.BACK_KEY)
    before = met.visit.before
    if turn and before and turn.state.trail != before.trail:
        yield "9 does not lead to the page before"


def goes_out(met: Met) -> Iterator[str]:
    """Exit ends at once, in words that tell nothing."""
    turn = met.visit.turns.get(navigation.EXIT_KEY)
    if turn is None:
        return
    farewell = met.speech.say(navigation.FAREWELL, met.visit.state.language)
    page = met.engine.page(turn.state)
    if not page.ends or page.text != farewell:
        yield "0 does not end with the farewell"


def ends_uncut(met: Met) -> Iterator[str]:
    """A last screen has no second page, so what does not fit would be lost."""
    if isinstance(met.view, End):
        whole = met.speech.say(met.view.text, met.visit.state.language)
        if (septets := gsm7.septets(whole)) > gsm7.PAGE:
            yield f"{septets} septets, of which the last are cut"


def says_what_was_wrong(met: Met) -> Iterator[str]:
    """However full the page, there is room to say why it is still there."""
    if isinstance(met.view, End):
        return
    state = met.visit.state
    notes = {turn.note.text: turn.note for turn in map(met.typed, MISTYPED) if turn.note}
    for note in notes.values():
        text = met.engine.page(state, note).text
        if text == met.page:
            yield f"no room to say {met.speech.say(note, state.language)!r}"
        elif fault := _too_much(text):
            yield f"{fault} with {met.speech.say(note, state.language)!r}"


def is_pure(met: Met) -> Iterator[str]:
    """Asked twice, the same twice: a lost session is rebuilt by typing everything again.

    The walk asked through a caller without a trail, so a screen that looks into the trail by
    itself, where the walk cannot see what it reads, differs here as well.
    """
    state = met.visit.state
    caller = Caller(met.engine.country, state.language, state.trail)
    again = SCREENS[met.visit.screen].show(caller)
    if _comparable(again) != _comparable(met.view) or met.engine.page(state).text != met.page:
        yield "says something else when asked again"


def _too_much(text: str) -> str | None:
    if not gsm7.fits_alphabet(text):
        return "has a letter that a basic phone cannot show"
    septets = gsm7.septets(text)
    return f"{septets} septets" if septets > gsm7.PAGE else None


def _comparable(view: View) -> View:
    return replace(view, intent=None) if isinstance(view, Ask) else view


PAGE_RULES: Final[Sequence[Callable[[Shown], Iterator[str]]]] = (
    fits_the_phone,
    is_filled_in,
    has_exit_and_back,
    has_few_options,
)
TEXT_RULES: Final[Sequence[Callable[[Said], Iterator[str]]]] = (
    is_translated,
    keeps_the_placeholders,
    fills_every_placeholder,
    keeps_to_the_alphabet,
)
VISIT_RULES: Final[Sequence[Callable[[Met], Iterator[str]]]] = (
    leads_on,
    goes_back,
    goes_out,
    is_pure,
)
VIEW_RULES: Final[Sequence[Callable[[Met], Iterator[str]]]] = (
    takes_an_answer,
    ends_uncut,
    says_what_was_wrong,
)
"""Those whose verdict is the same wherever the page is the same."""
