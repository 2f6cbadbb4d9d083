"""The dialogue on paper: drawn, as Mermaid, and as a script to read aloud."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from gateway.runtime.errors import OperatorError
from menus import checks
from menus.intents import Send
from menus.ports import Name
from menus.script import Ask, Caller, Choose, End, Screen, ask, choose, end, option
from menutools.books import open_book
from menutools.dialogues import ASKER, Dialogue, Lead, dialogues
from menutools.drawing import draw
from menutools.graph import graph, mermaid
from menutools.layout import Size, downward, lay_out
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


def test_the_picture_has_a_card_for_each_screen_and_an_arrow_for_each_way(first: Screen) -> None:
    """The way back up is words, not an arrow."""
    picture = ElementTree.fromstring(draw(drawn(first)))  # noqa: S314 - we wrote it
    words = [" ".join("".join(text.itertext()).split()) for text in picture.iter(_svg("text"))]
    assert [word for word in words if "made_up." in word] == [
        "made_up.first",
        "made_up.sure",
        "made_up.code",
        "end: made_up.last",
    ]
    assert {"(what is typed) ↑ sure", "None ↑ sure"} <= set(words)
    arrows = [path for path in picture.iter(_svg("path")) if "arrow" in path.get("class", "")]
    assert len(arrows) == 4
    dashed = [path for path in arrows if "some" in path.get("class", "")]
    assert len(dashed) == 1


@pytest.mark.system
def test_the_real_dialogues_are_all_drawn() -> None:
    files = graph("rw")
    for name in ("welcome", "emergency", "report", "child", "place", "call_me", "staff"):
        ElementTree.fromstring(files[f"dialogue-{name}.svg"])  # noqa: S314 - we wrote it
        assert f"(dialogue-{name}.svg)" in files["dialogue.md"]


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


def test_boxes_keep_apart_and_arrows_go_down() -> None:
    edges = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "d"), ("c", "d"), ("a", "e"), ("d", "e")]
    sizes = {name: Size(100, 40) for name in "abcde"}
    layout = lay_out(sizes, downward("abcde", [*edges, ("e", "a"), ("c", "c")]), Size(20, 30))
    for source, target in edges:
        assert layout.tops[target][1] >= layout.tops[source][1] + 40 + 30
    rows: dict[float, list[float]] = {}
    for x, y in layout.tops.values():
        rows.setdefault(y, []).append(x)
    for row in rows.values():
        assert all(right - left >= 120 for left, right in pairwise(sorted(row)))
    assert all(50 <= x <= layout.size.width - 50 for x, _ in layout.tops.values())
    assert len(layout.bends["a", "e"]) == 2


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
    script = show("staff", "en", "rw")
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


def _svg(name: str) -> str:
    return f"{{http://www.w3.org/2000/svg}}{name}"
