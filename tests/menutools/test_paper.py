"""The dialogue on paper: as Mermaid, and as a script to read aloud."""

from __future__ import annotations

import re

import pytest

from gateway.runtime.errors import OperatorError
from menus import checks
from menus.intents import Send
from menus.ports import Name
from menus.script import Ask, Caller, Choose, End, Screen, ask, choose, end, option
from menutools.books import open_book
from menutools.dialogues import ASKER, Dialogue, Lead, dialogues
from menutools.graph import graph, mermaid
from menutools.show import show
from tests.menutools.made_up_dialogues import Write, a_book, write

__all__ = ["write"]


@pytest.fixture
def first(write: Write) -> Screen:
    @write
    def first(caller: Caller) -> Choose:
        """Why it is there."""
        old = option("I am old", keep="old", goto=sure) if caller.language == "en" else None
        return choose("How old are you?", old, option("I am young", keep="young", goto=code))

    @write
    def code(caller: Caller) -> Ask:
        return ask("Your code:", option("None", goto=sure), check=checks.four_digits, goto=sure)

    @write
    def sure(caller: Caller) -> Choose:
        again = option("Once more", goto=code) if caller.answer(first) == "young" else None
        return choose("Sure?", option("Yes", intent=Send("call_me"), goto=last), again)

    @write
    def last(caller: Caller) -> End:
        return end("Code {ref}.", ref=Name(caller.fact("ref") or ""))

    return first


def drawn(first: Screen) -> Dialogue:
    book = a_book(first)
    [dialogue] = dialogues(book.walk("en"))
    return dialogue


def test_a_dialogue_knows_where_each_option_leads(first: Screen) -> None:
    boxes = {box.screen: box for box in drawn(first).boxes}
    assert list(boxes) == ["made_up.first", "made_up.sure", "made_up.code", "made_up.last"]
    assert boxes["made_up.first"].leads == [
        Lead("I am old", "made_up.sure"),
        Lead("I am young", "made_up.code"),
    ]
    assert boxes["made_up.code"].leads == [
        Lead("(what is typed)", "made_up.sure"),
        Lead("None", "made_up.sure"),
    ]
    assert boxes["made_up.sure"].leads == [
        Lead("Yes", "made_up.last"),
        Lead("Once more", "made_up.code", always=False),
    ]
    assert boxes["made_up.last"].texts == ["Code {ref}."]
    assert boxes["made_up.last"].ends


def test_mermaid_has_every_arrow(first: Screen) -> None:
    assert mermaid(drawn(first)).split("\n") == [
        "flowchart TD",
        '    made_up_first["made_up.first: How old are you?"]',
        '    made_up_sure["made_up.sure: Sure?"]',
        '    made_up_code["made_up.code: Your code:"]',
        '    made_up_last(["made_up.last: Code {ref}."])',
        '    made_up_first -->|"I am old"| made_up_sure',
        '    made_up_first -->|"I am young"| made_up_code',
        '    made_up_sure -->|"Yes"| made_up_last',
        '    made_up_sure -.->|"Once more"| made_up_code',
        '    made_up_code -->|"(what is typed) / None"| made_up_sure',
    ]


@pytest.mark.system
def test_the_real_dialogues_are_all_drawn() -> None:
    page = graph("rw")["dialogue.md"]
    for name in ("welcome", "emergency", "report", "child", "place", "call_me", "desk"):
        assert re.search(rf"## {name}\n\n.+\n\n```mermaid\nflowchart TD\n", page)


@pytest.mark.system
def test_a_dialogue_that_others_borrow_leads_back_to_them() -> None:
    book = open_book("callers", "rw")
    place = next(one for one in dialogues(book.walk("en")) if one.name == "place")
    assert {box.screen for box in place.boxes for lead in box.leads if lead.target == ASKER} == {
        "place.exactly",
        "place.roughly",
        "place.area",
        "place.matches",
    }


@pytest.mark.system
def test_a_script_has_every_screen_with_its_why_its_pages_and_its_ways() -> None:
    script = show("report", "rw", "rw")
    book = open_book("callers", "rw")
    walk = book.walk("rw")
    for visit in walk.visits.values():
        if visit.screen.startswith("report."):
            assert f"\n{visit.screen}\n" in script
    assert "Under 18 other rules protect her" in script
    assert re.search(r"\n    1 Munsi ya 12 +-> report\.law_may_act\n", script)
    assert "English: Your age? / Under 12 / 12-15" in script
    assert "-> next page" in show("place", "rw", "rw")
    assert re.search(r"\d+ of 160 septets", script)


@pytest.mark.system
def test_a_script_of_the_staffs_line_in_english_repeats_nothing() -> None:
    script = show("desk", "en", "rw")
    assert "PIN:" in script
    assert "English:" not in script


@pytest.mark.parametrize(
    ("dialogue", "language", "country", "advice"),
    [
        ("sing", "en", "rw", "sing is no dialogue: choose one of by_sms"),
        ("report", "de", "rw", "de is not spoken here: choose one of rw, en, fr, sw"),
        ("report", "en", "atlantis", "is no country we have: choose one of"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    dialogue: str, language: str, country: str, advice: str
) -> None:
    with pytest.raises(OperatorError, match=advice):
        show(dialogue, language, country)
