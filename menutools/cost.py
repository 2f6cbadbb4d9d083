"""What the dialogue costs a caller in keys, reading, time and money, for `isange menus cost`.

A session is cut after three minutes, billed by the twenty seconds, and read on a small screen by
somebody who is afraid. So the paths that matter are walked and timed in every language.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from menus import navigation
from menus.engine import Engine, State
from menus.script import SCREENS, Ask, Caller, End, Option, View
from menutools.books import Book, open_book
from menutools.dialogues import A_NAME, label_of
from menutools.paths import PATHS, Path
from menutools.service_answers import found_out

SESSION: Final = 180
"""Seconds after which Africa's Talking ends a session (its own help pages)."""

BLOCK: Final = 20
"""Seconds that are billed at a time."""

PRACTISED: Final = 14
"""Characters a second. 863 a minute is the mean over 17 languages of reading aloud by 436 people of
18 to 35 years with normal sight: Trauzettel-Klosinski and Dietz, "Standardized Assessment of
Reading Performance: The New International Reading Speed Texts IReST", IOVS 53 (2012), 5452-5461."""

SLOW: Final = 7
"""Half of it, for fear, a small dim screen, few years of school, or a language learnt late. This is
our assumption: nobody has measured it on our callers."""

ANSWER: Final = 3
"""Seconds from having read to the next page: 1.35 to decide, 0.28 each for a key and Send (Card,
Moran and Newell, "The Keystroke-Level Model", CACM 23 (1980), 396-410), a guess for the network."""

IDLE: Final = 30
"""Seconds of silence after which the first networks cut a session (Africa's Talking's help)."""

SAFETY: Final = "report.safe_phone"
DRAFT: Final = "report.if_the_line_cuts"

PAGE: Final = "short-path.md"


@dataclass(frozen=True, slots=True)
class PathStep:
    """A page on the way, and how much there is to read beside `9 Back` and `0 Exit`."""

    screen: str
    characters: int


@dataclass(frozen=True, slots=True)
class Cost:
    """A path in one language, page by page; the last one ends the session."""

    path: str
    language: str
    steps: Sequence[PathStep]

    @property
    def keys(self) -> int:
        return len(self.steps) - 1

    @property
    def characters(self) -> int:
        return sum(step.characters for step in self.steps)

    def seconds(self, speed: float) -> int:
        """How long it takes at a reading speed, in characters a second."""
        return math.ceil(self.characters / speed + ANSWER * self.keys)

    def blocks(self, speed: float) -> int:
        return math.ceil(self.seconds(speed) / BLOCK)

    def since(self, screen: str) -> Cost | None:
        """The part that begins with a screen; None where the path does not pass it."""
        first = self._place(screen)
        return None if first is None else Cost(self.path, self.language, self.steps[first:])

    def until(self, screen: str) -> Cost | None:
        """The part that ends where a screen is answered; None where the path does not pass it."""
        last = self._place(screen)
        if last is None:
            return None
        answered = PathStep(screen, 0)
        return Cost(self.path, self.language, [*self.steps[: last + 1], answered])

    def _place(self, screen: str) -> int | None:
        names = [step.screen for step in self.steps]
        return names.index(screen) if screen in names else None


class NoWay(LookupError):
    """A path that the menus no longer have; the message says on which screen it ends."""


def travel(book: Book, path: Path, language: str) -> Cost:
    """Walk a path from the first screen to its end. Raises NoWay."""
    engine = book.engine(book.cast.whole)
    state, steps = engine.begin(language), []
    while True:
        steps.append(_step(engine, state))
        view = _view(engine, state)
        if isinstance(view, End):
            return Cost(path.name, language, steps)
        if state.trail[-1].screen not in path.answers:
            raise NoWay(f"{path.name}: no answer for {state.trail[-1].screen}")
        state = _answered(book, engine, state, path.answers[state.trail[-1].screen])


def short_path(country: str) -> dict[str, str]:
    """The file to write, by name: what every path costs in every language."""
    book = open_book("callers", country)
    costs = [travel(book, path, language) for path in PATHS for language in book.languages]
    return {PAGE: "\n".join([_head(), *map(_row, costs), "", *_foot(costs)]) + "\n"}


def _answered(book: Book, engine: Engine, state: State, answer: str) -> State:
    """Where an answer leads, or the next page if it stands further on."""
    view = _view(engine, state)
    options = () if isinstance(view, End) else view.options
    chosen = next((one for one in options if _is_answer(one, answer)), None)
    if chosen is not None:
        label = book.speech.say(chosen.label, state.language)
        key = _key(engine, state, label) or _more(book, engine, state)
    elif isinstance(view, Ask):
        key = answer
    else:
        raise NoWay(f"{state.trail[-1].screen} has no option {answer!r}")
    turn = engine.turn(state, key)
    if turn.intent is None:
        return turn.state
    return turn.state.learn(max(found_out(turn.intent, state.language), key=len))


def _is_answer(option: Option, answer: str) -> bool:
    words = label_of(option)
    if answer == A_NAME:
        return words == A_NAME or words.startswith("{centre}")
    return option.keep == answer or words.startswith(answer)


def _key(engine: Engine, state: State, label: str) -> str | None:
    """The number in front of a label on this page; None where it is on another."""
    lines = engine.page(state).text.split("\n")
    return next((line[0] for line in lines if line[1:] == f" {label}"), None)


def _more(book: Book, engine: Engine, state: State) -> str:
    key = _key(engine, state, book.speech.say(navigation.MORE, state.language))
    if key is None:
        raise NoWay(f"{state.trail[-1].screen} has no such option on any page")
    return key


def _view(engine: Engine, state: State) -> View:
    caller = Caller(engine.country, state.language, state.trail)
    return SCREENS[state.trail[-1].screen].show(caller)


def _step(engine: Engine, state: State) -> PathStep:
    leaving = (navigation.BACK_KEY, navigation.EXIT_KEY)
    lines = engine.page(state).text.split("\n")
    read = [line for line in lines if not line.startswith(tuple(f"{key} " for key in leaving))]
    return PathStep(state.trail[-1].screen, len("\n".join(read)))


def _head() -> str:
    return f"""\
# What the dialogue costs

Made by `isange menus cost`, which walks the real menus: do not edit it here.

A session ends after {SESSION} seconds and is billed by blocks of {BLOCK}. *Keys* are answers sent,
from dialling to the end, and in brackets from the first safety screen on ("Is it safe to use this
phone now?"). *Characters* are all that stand on the pages of the path, without `9 Back` and
`0 Exit`. Two readers are timed:

- *practised*: {PRACTISED} characters a second, the mean of educated adults who read aloud in 17
  languages (Trauzettel-Klosinski and Dietz, IOVS 53, 2012, 5452-5461: 863 a minute);
- *slow*: {SLOW} a second, half of it: she is afraid, the screen is small and dim, she had few years
  of school, or reads a language she learnt late. An assumption: nobody has measured it here.

Each answer takes {ANSWER} seconds more: 1.35 to decide and 0.28 a key (Card, Moran and Newell,
CACM 23, 1980, 396-410), and about a second for the network. Both read everything, which a caller
who knows what she wants does not. Bold is what a session is too short for.

| Path | Language | Keys | Characters | Practised reader | Slow reader |
|---|---|---|---|---|---|"""


def _row(cost: Cost) -> str:
    rest = cost.since(SAFETY)
    keys = f"{cost.keys} ({rest.keys})" if rest else str(cost.keys)
    times = " | ".join(_time(cost, speed) for speed in (PRACTISED, SLOW))
    return f"| {cost.path} | {cost.language} | {keys} | {cost.characters} | {times} |"


def _time(cost: Cost, speed: float) -> str:
    told = f"{cost.seconds(speed)} s, {cost.blocks(speed)} blocks"
    return f"**{told}**" if cost.seconds(speed) > SESSION else told


def _foot(costs: Sequence[Cost]) -> Iterator[str]:
    """What does not fit a session, and what then becomes of it."""
    for name, speed in _READERS:
        late = dict.fromkeys(one.path for one in costs if one.seconds(speed) > SESSION)
        told = (
            f"needs more than one session for: {', '.join(late)}"
            if late
            else "always comes to the end"
        )
        yield f"- A {name} reader {told}."
    kept = [part for one in costs if (part := one.until(DRAFT))]
    times = (f"after {_range(kept, speed)} s by a {name} reader" for name, speed in _READERS)
    yield f"- Whether we may send what she gave if the line cuts is answered {', '.join(times)}."
    longest = max(step.characters for one in costs for step in one.steps)
    yield (
        f"- The longest page takes a slow reader {math.ceil(longest / SLOW)} s to read; the first "
        f"networks cut a session after {IDLE} s of silence."
    )


def _range(costs: Sequence[Cost], speed: float) -> str:
    seconds = [one.seconds(speed) for one in costs]
    return f"{min(seconds)}-{max(seconds)}"


_READERS: Final = (("practised", PRACTISED), ("slow", SLOW))
