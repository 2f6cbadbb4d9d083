"""The walk takes two callers for one only where nothing they can see tells them apart."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from menus.engine import Engine, State
from menus.intents import Send
from menus.script import SCREENS, Caller, Choose, End, Screen, choose, end, option
from menutools.books import BOOKS, Book, open_book
from menutools.service_answers import found_out
from menutools.walk import Walk
from tests.menutools.made_up_dialogues import Write, a_book, write

__all__ = ["write"]

SESSIONS = 150
"""Random callers to send through each book: each of some twenty screens."""


def walked(book: Book, language: str = "en") -> Walk:
    return book.walk(language)


def texts(walk: Walk) -> set[str]:
    return {visit.page.text for visit in walk.visits.values() if visit.page}


def everything(engine: Engine, state: State, keys: int) -> Iterator[str]:
    """What every caller sees who presses at most so many keys, taking nobody for another."""
    yield engine.page(state).text
    for key in "12345678" if keys else "":
        turn = engine.turn(state, key)
        if turn.note is None and turn.state != state:
            for facts in found_out(turn.intent, "en") if turn.intent else [{}]:
                yield from everything(engine, turn.state.learn(facts), keys - 1)


@pytest.fixture
def tangled(write: Write) -> Screen:
    """Every kind of question about the way so far, each asked long after it was decided."""

    @write
    def first(caller: Caller) -> Choose:
        return choose("Age?", option("Old", keep="old"), option("Young", keep="young"), goto=need)

    @write
    def need(caller: Caller) -> Choose:
        return choose("Need?", option("A", keep="a"), option("B", keep="b"), goto=sure)

    @write
    def sure(caller: Caller) -> Choose:
        asked = choose("Sure?", option("Yes", goto=sent, intent=Send("call_me")))
        again = choose("Sure now?", option("Yes", goto=by_hand), option("No", goto=need))
        return again if caller.last_of(sent) else asked

    @write
    def sent(caller: Caller) -> Choose:
        both = caller.answer(first) == "young" and caller.answer(need) == "b"
        return choose("Sent, both." if both else "Sent.", option("Again", goto=sure))

    @write
    def by_hand(caller: Caller) -> End:
        before = caller.answer_before or "no answer"
        return end("{age} {ref} {before}", age=_age(caller), ref=_ref(caller), before=before)

    def _age(caller: Caller) -> str:
        return caller.answer(first) or ""

    def _ref(caller: Caller) -> str:
        return caller.fact("ref") or ""

    return first


def test_it_sees_all_that_any_caller_sees(tangled: Screen) -> None:
    book = a_book(tangled)
    walk = walked(book)
    engine = book.engine()
    seen = set(everything(engine, engine.begin("en"), 7))
    assert seen <= texts(walk)
    assert {"Sent, both.", "Sent."} <= {text.split("\n")[0] for text in seen}


def test_it_takes_callers_for_one_who_are_alike(write: Write) -> None:
    """Six answers that nobody asks for again are no six callers."""

    @write
    def first(caller: Caller) -> Choose:
        return choose("?", *(option(f"Number {n}", keep=str(n)) for n in range(6)), goto=next_)

    @write
    def next_(caller: Caller) -> Choose:
        return choose("Next?", option("On", goto=last))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    assert [visit.keys for visit in walked(a_book(first)).visits.values()] == [
        (),
        ("1",),
        ("1", "1"),
    ]


def test_what_is_asked_for_an_intent_tells_nobody_apart(write: Write) -> None:
    """A report carries every answer; no phone shows a report."""

    @write
    def first(caller: Caller) -> Choose:
        return choose("?", option("A", keep="a"), option("B", keep="b"), goto=sure)

    @write
    def sure(caller: Caller) -> Choose:
        return choose("Sure?", option("Yes", goto=last, intent=_report(caller)))

    @write
    def last(caller: Caller) -> End:
        return end("Code {ref}.", ref=caller.fact("ref") or "")

    assert len(walked(a_book(first)).visits) == 3


def test_no_screen_shows_how_often_she_came_there(write: Write) -> None:
    """Each round would make another caller, without end."""

    @write
    def first(caller: Caller) -> Choose:
        return choose("?", option("A", keep="a", goto=sure), option("B", keep="b", goto=sure))

    @write
    def sure(caller: Caller) -> Choose:
        shown = "Once?" if len(caller.answers(first)) == 1 else "Again?"
        return choose(shown, option("No", goto=first))

    found = [visit.faults for visit in walked(a_book(first)).visits.values()]
    assert any("NotForAScreen" in fault for faults in found for fault in faults)


def _report(caller: Caller) -> Send:
    answers = caller.answers(SCREENS["made_up.first"])
    return Send("myself", {"age": " ".join(answers)})


def test_it_knows_the_way_to_each_visit(tangled: Screen) -> None:
    book = a_book(tangled)
    engine = book.engine()
    for visit in walked(book).visits.values():
        state = engine.begin("en")
        for key in visit.keys:
            turn = engine.turn(state, key)
            facts = found_out(turn.intent, "en")[0] if turn.intent else {}
            state = turn.state.learn(facts)
        assert engine.page(state) == visit.page


@pytest.mark.system
@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("language", ["en", "rw"])
def test_random_callers_see_what_the_walk_saw(name: str, language: str) -> None:
    """Whoever stands for them: she sees the same page, and has the same keys."""
    book = open_book(name, "rw")
    walk, engine = walked(book, language), book.engine()
    for seed in range(SESSIONS):
        chance = random.Random(seed)  # noqa: S311 - chance, not a secret
        state, keys = engine.begin(language), list[str]()
        while True:
            stands_for_her = walk.at(state)
            assert engine.page(state) == stands_for_her.page, "*".join(keys)
            if not stands_for_her.leads or len(keys) == 30:
                break
            keys.append(chance.choice(sorted(stands_for_her.leads)))
            turn = engine.turn(state, keys[-1])
            luck = found_out(turn.intent, language) if turn.intent else [{}]
            state = turn.state.learn(chance.choice(luck)) if turn.intent else turn.state
            if state.language != language:
                break
