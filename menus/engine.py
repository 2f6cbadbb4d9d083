"""One turn of the dialogue: where she is + what she typed → where she goes and what we must do.

Pure: the same state and the same typing always give the same result, so a session that was lost
is rebuilt by typing everything again. The engine owns what no screen should have to think of:
numbering, Back, More, Exit, paging, translation, and saying what was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from menus import gsm7, navigation, pages
from menus.checks import tidy
from menus.intents import Intent
from menus.ports import Country
from menus.script import (
    SCREENS,
    Ask,
    Caller,
    Choose,
    End,
    Onward,
    Option,
    Phrase,
    Refused,
    Screen,
    View,
    Visited,
    option,
)
from menus.speech import Speech


@dataclass(frozen=True, slots=True)
class State:
    """Where a caller stands. The last step of `trail` is the screen she sees.

    `draft` is the code of an unfinished report that lies on disk, if one does: it must not outlive
    an end of her choosing.
    """

    language: str
    trail: tuple[Visited, ...]
    ended: bool = False
    draft: str | None = None

    def learn(self, facts: Mapping[str, str]) -> State:
        """The same place, knowing what the service found out on the way to it."""
        here = self.trail[-1]
        here = replace(here, facts={**here.facts, **facts})
        draft = facts.get("draft", self.draft)
        return replace(
            self,
            trail=(*self.trail[:-1], here),
            draft=None if draft == facts.get("ref") else draft,
            language=facts.get("language", self.language),
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """What one input led to. `intent` must be carried out before `state` is shown."""

    state: State
    intent: Intent | None = None
    note: Phrase | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What the phone shows; `ends` closes the session."""

    text: str
    ends: bool


class Engine:
    """The dialogue that begins at `start`, spoken for one country in several languages."""

    def __init__(self, start: Screen, country: Country, speech: Speech) -> None:
        self.country = country
        self._start = start
        self._say = speech.say

    def begin(
        self, language: str, at: Screen | None = None, facts: Mapping[str, str] | None = None
    ) -> State:
        """The first screen, or `at` another one that leads there.

        Always the same: a redial tells nobody what was done before. `facts` is what is known of
        the call from its beginning to its end.
        """
        return State(language, (Visited((at or self._start).name, facts=facts or {}),))

    def again(self, state: State, language: str | None = None) -> State:
        """The first screen once more within a call, of which as much is known as before."""
        first = self.begin(language or state.language, facts=state.trail[0].facts)
        return replace(first, draft=state.draft)

    def page(self, state: State, note: Phrase | None = None) -> Page:
        """What to show at `state`, with `note` (what was wrong with the last input) if given."""
        if state.ended:
            return Page(self._say(navigation.FAREWELL, state.language), ends=True)
        view = self._view(state)
        if isinstance(view, End):
            return Page(gsm7.cut(self._say(view.text, state.language), gsm7.PAGE), ends=True)
        leaf = self._leaf(state, view)
        if note is None:
            return Page(leaf.text, ends=False)
        return Page(self._with_note(state, leaf, note), ends=False)

    def turn(self, state: State, typed: str) -> Turn:
        """Take one input. Never fails: what cannot be used stays on the screen and says why."""
        view = None if state.ended else self._view(state)
        if view is None or isinstance(view, End):
            return Turn(state)
        key = tidy(typed)
        if not key:
            return Turn(state, note=navigation.nothing_typed())
        if key == navigation.EXIT_KEY:
            return Turn(replace(self.again(state), ended=True))
        if key == navigation.BACK_KEY and _can_go_back(state):
            return Turn(_back(state))
        leaf = self._leaf(state, view)
        if key.isascii() and key.isdigit() and len(key) <= 2 and 1 <= int(key) <= leaf.last_key:
            return self._chosen(state, view, leaf, int(key))
        if isinstance(view, Ask):
            return self._typed(state, view, key)
        return Turn(state, note=navigation.not_an_option(leaf.last_key))

    def waits_for(self, state: State, typed: str) -> bool:
        """Whether an input answers the screen: a number, or what is to be typed there."""
        view = None if state.ended else self._view(state)
        if view is None or isinstance(view, End):
            return False
        key = tidy(typed)
        return key.isdecimal() or (isinstance(view, Ask) and _passes(view, key))

    def runs_past(self, state: State) -> bool:
        """Whether dial-through may answer this screen: no typing, and nothing is done by it."""
        view = self._view(state)
        return isinstance(view, Choose) and not any(o.intent for o in view.options)

    def _view(self, state: State) -> View:
        here = SCREENS[state.trail[-1].screen]
        return here.show(Caller(self.country, state.language, state.trail))

    def _leaf(self, state: State, view: Choose | Ask) -> pages.Leaf:
        leaves = pages.lay_out(
            self._say(view.text, state.language),
            tuple(self._say(o.label, state.language) for o in view.options),
            self._footer(state),
            self._say(navigation.MORE, state.language),
            least_head=self._least_note(state.language),
        )
        return leaves[min(state.trail[-1].page, len(leaves) - 1)]

    def _footer(self, state: State) -> tuple[str, ...]:
        leave = f"{navigation.EXIT_KEY} {self._say(navigation.EXIT, state.language)}"
        if not _can_go_back(state):
            return (leave,)
        return f"{navigation.BACK_KEY} {self._say(navigation.BACK, state.language)}", leave

    def _least_note(self, language: str) -> int:
        """Septets that every page keeps for saying which numbers it takes."""
        return gsm7.septets(self._say(navigation.not_an_option(pages.MOST_OPTIONS), language))

    def _with_note(self, state: State, leaf: pages.Leaf, note: Phrase) -> str:
        """The same page with what was wrong; where both do not fit, in place of the question.

        The option lines stay as they were, so a number means what it meant a moment ago. Where
        they leave no room even for the note, the numbers to type are said instead.
        """
        lines = leaf.text.split("\n")
        keys = "\n".join(lines[-(leaf.last_key + len(self._footer(state))) :])
        said = self._say(note, state.language)
        for page in (f"{said}\n{leaf.text}", f"{said}\n{keys}"):
            if gsm7.septets(page) <= gsm7.PAGE:
                return page
        numbers = navigation.not_an_option(leaf.last_key)
        return f"{self._say(numbers, state.language)}\n{keys}"

    def _chosen(self, state: State, view: Choose | Ask, leaf: pages.Leaf, key: int) -> Turn:
        if key > leaf.shown:
            return Turn(_turn_page(state, 1))
        chosen = view.options[leaf.first + key - 1]
        if chosen.language is not None:
            return Turn(self.again(state, chosen.language))
        return Turn(self._follow(state, chosen), chosen.intent)

    def _typed(self, state: State, view: Ask, key: str) -> Turn:
        try:
            answer = view.check(key)
        except Refused as refused:
            return Turn(state, note=Phrase(str(refused)))
        intent = view.intent(answer) if view.intent else None
        return Turn(
            self._follow(state, option("", goto=view.goto, keep=answer, then=view.then)), intent
        )

    def _follow(self, state: State, chosen: Option) -> State:
        here = state.trail[-1]
        returns = (*here.returns, chosen.then.name) if chosen.then else here.returns
        answered = replace(here, answer=chosen.keep)
        if isinstance(chosen.goto, Onward):
            target, returns = returns[-1], returns[:-1]
        elif chosen.goto is self._start:
            return self.again(state)
        else:
            assert chosen.goto is not None  # choose() refuses an option that leads nowhere
            target = chosen.goto.name
        trail = (*state.trail[:-1], answered, Visited(target, returns=returns))
        return replace(state, trail=trail)


def _passes(view: Ask, key: str) -> bool:
    try:
        view.check(key)
    except Refused:
        return False
    return True


def _can_go_back(state: State) -> bool:
    return len(state.trail) > 1 or state.trail[-1].page > 0


def _back(state: State) -> State:
    """The page or screen before, as it was before it was answered."""
    if state.trail[-1].page > 0:
        return _turn_page(state, -1)
    before = replace(state.trail[-2], answer=None)
    return replace(state, trail=(*state.trail[:-2], before))


def _turn_page(state: State, by: int) -> State:
    here = state.trail[-1]
    return replace(state, trail=(*state.trail[:-1], replace(here, page=here.page + by)))
