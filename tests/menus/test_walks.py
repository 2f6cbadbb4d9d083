"""Random calls: nothing that anybody may type breaks the dialogue.

Each of them walks through the real dialogue of Rwanda by keys that lead on, by mistakes and by
nonsense. `WALKS=200000 pytest tests/menus/test_walks.py` makes so many more, and others at every
run.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.country.pack import load_country
from gateway.country.translations import shipped
from menus import gsm7, navigation
from menus.callers import welcome
from menus.checks import check_digit, tidy
from menus.engine import Engine, State, Turn
from menus.intents import Intent, KeepDraft, OpenCase, Send
from menus.speech import Speech

LANGUAGES = ("en", "rw", "fr", "sw")
WALKS = int(os.environ.get("WALKS", "20000"))
"""In all languages together, for `make test-system`; a tenth of it in between."""

LONGEST_CALL = 24
"""Keys: more than a report takes, with some mistakes."""

CODE = "12345" + check_digit("12345")
ANSWERS = ("2580", CODE, "ngo", "kigarma", "0788123456", "zzz", "1111", "n")
MISTAKES = (
    *("", " ", "10", "99", "00", "8", "-1", "+1", "½", "٣", "２", "3.", "#1", " 4 ", "1 2"),
    *("abc", "123450", "😀", "\u0000", "\u202e1", "ﷺ" * 99, "a" * 999, "{who}", "%s", "9."),
)
"""No star in any: where one is typed, the history alone does not tell what was one answer."""

LEADS_ON, MISTAKEN, TURNED_BACK = 200, 232, 252
"""What a byte means: below the first an answer, then a mistake, then Back, and Exit at the top."""

STANDING = ("received", "handled", "closed")


@pytest.mark.parametrize("walks", [WALKS // 10, pytest.param(WALKS, marks=pytest.mark.system)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_caller_breaks_the_dialogue(language: str, walks: int) -> None:
    ways = Ways()

    @settings(max_examples=walks // len(LANGUAGES), derandomize="WALKS" not in os.environ)
    @given(st.binary(min_size=LONGEST_CALL, max_size=LONGEST_CALL))
    def one_call(choices: bytes) -> None:
        call = Call(line("here"), language)
        for key in call.keys(choices):
            before = call.state
            turn = call.press(key)
            says_what_was_wrong(before, turn)
            ways.note(before, call)
        is_the_same_from_its_history(call, language)

    one_call()
    assert ways.dead_ends() == set()
    assert len(ways.onward) > 40, "the walks hardly left the first screens"


@cache
def speech() -> Speech:
    return Speech(shipped(LANGUAGES))


@cache
def line(process: str) -> Engine:
    """The callers' line as it ships, one for each process that answers it."""
    pack = load_country("rw")
    return Engine(welcome.first, pack.menus_country(LANGUAGES, pack.ranking()), speech())


class Call:
    """A call in progress, and what the caller saw on her way: Back must lead there again."""

    def __init__(self, engine: Engine, language: str) -> None:
        self.state = engine.begin(language)
        self.pages = [engine.page(self.state).text]
        self.ended = False
        self._engine = engine
        self._typed: list[str] = []
        self._path = list(self.pages)

    def keys(self, choices: bytes) -> Iterator[str]:
        """What the caller types, one after the other, until the call ends."""
        for choice in choices:
            if self.ended:
                return
            yield _typing(choice, self._path[-1])

    def press(self, key: str) -> Turn:
        turn = taken(self._engine, self.state, key)
        page = self._engine.page(turn.state, turn.note)
        assert gsm7.septets(page.text) <= gsm7.PAGE, page.text
        assert page.ends or self._engine.turn(turn.state, navigation.EXIT_KEY).state.ended
        self._typed.append(key)
        self.pages.append(page.text)
        self.state, self.ended = turn.state, page.ends
        if turn.note is None and not page.ends:
            self._remember(page.text, went_back=tidy(key) == "9")
        return turn

    @property
    def text(self) -> str:
        """All that was typed, as the network sends it."""
        return "*".join(self._typed)

    def _remember(self, page: str, *, went_back: bool) -> None:
        if went_back:
            self._path.pop()
            assert page == self._path[-1], "Back leads to the screen before, as it was"
        elif len(self.state.trail) == 1 and self.state.trail[0].page == 0:
            self._path = [page]
        else:
            self._path.append(page)


@dataclass
class Ways:
    """Which screen led to which, and which ended a call, in all calls together."""

    onward: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ends: set[str] = field(default_factory=set)

    def note(self, before: State, call: Call) -> None:
        if call.state.ended:
            return
        here = call.state.trail[-1].screen
        self.onward[before.trail[-1].screen].add(here)
        if call.ended:
            self.ends.add(here)

    def dead_ends(self) -> set[str]:
        """Screens from which nothing but Exit ends a call."""
        lead_out = set(self.ends)
        while found := {one for one in self.onward if self.onward[one] & lead_out} - lead_out:
            lead_out |= found
        return self.onward.keys() - lead_out


def taken(engine: Engine, state: State, key: str) -> Turn:
    """A turn, with what a service would have found out."""
    turn = engine.turn(state, key)
    if turn.intent is None:
        return turn
    return Turn(turn.state.learn(_facts(turn.intent)), turn.intent)


def is_the_same_from_its_history(call: Call, language: str) -> None:
    """Another process, that has nothing but the history, shows the same at every step."""
    engine = line("there")
    state = engine.begin(language)
    pages = [engine.page(state).text]
    for key in call.text.split("*"):
        turn = taken(engine, state, key)
        state = turn.state
        pages.append(engine.page(state, turn.note).text)
    assert pages == call.pages
    assert state == call.state


def says_what_was_wrong(before: State, turn: Turn) -> None:
    """A note stands above the same options: no number means anything else than a moment ago."""
    if turn.note is None:
        return
    assert turn.state == before
    assert turn.intent is None
    engine = line("here")
    asked, corrected = engine.page(before).text, engine.page(before, turn.note).text
    said, _, rest = corrected.partition("\n")
    numbers = _options(asked)
    known = (turn.note, navigation.not_an_option(len(numbers)))
    assert said in {speech().say(note, before.language) for note in known}
    assert asked.endswith(rest)
    assert _options(corrected) == numbers


def _facts(intent: Intent) -> dict[str, str]:
    match intent:
        case Send():
            return {"ref": CODE}
        case KeepDraft():
            return {"draft": CODE}
        case OpenCase(secret=secret) if secret != "1111":
            return {"status": STANDING[int(secret) % len(STANDING)], "case": "7"}
    return {}


def _typing(choice: int, screen: str) -> str:
    if choice < LEADS_ON:
        numbers = _options(screen)
        likely = numbers if len(numbers) > 2 else [*numbers * 4, *ANSWERS]
        return likely[choice % len(likely)]
    if choice < MISTAKEN:
        return MISTAKES[choice % len(MISTAKES)]
    return "9" if choice < TURNED_BACK else "0"


def _options(screen: str) -> list[str]:
    """The numbers that may be chosen."""
    return re.findall(r"^([1-8]) ", screen, re.MULTILINE)
