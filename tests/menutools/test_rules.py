"""Every rule of the book bites: a dialogue that breaks it, and what the check says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.country import translations
from gateway.country.po_files import where
from menus import checks
from menus.engine import Engine, Page, State, Turn
from menus.ports import Area, Name
from menus.script import (
    SCREENS,
    Ask,
    Caller,
    Choose,
    End,
    Phrase,
    Refused,
    Screen,
    ask,
    choose,
    end,
    option,
    phrase,
)
from menus.speech import Speech
from menutools import dialogue_rules
from menutools.check import check
from menutools.sample_callers import Cast
from tests.menus.fakes import AREAS, FewPlaces, few
from tests.menutools.made_up_dialogues import OURS, Write, a_book, problems, read_by, write

__all__ = ["write"]

LONG = "A sentence that fills a page. " * 6


@pytest.fixture
def sound(write: Write) -> Screen:
    """The first screen of a dialogue that breaks no rule."""

    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("Ask me", goto=question), option("Leave", goto=last))

    @write
    def question(caller: Caller) -> Ask:
        return ask("Type 4 digits:", check=checks.four_digits, goto=sure)

    @write
    def sure(caller: Caller) -> Choose:
        return choose("Sure?", option("Leave", goto=last))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    return first


SOUND = {
    "Hello.": "Muraho.",
    "Ask me": "Mbaza",
    "Leave": "Genda",
    "Type 4 digits:": "Andika imibare 4:",
    "Please type 4 digits.": "Andika imibare 4.",
    "Sure?": "Urabyemeza?",
    "Good bye.": "Murabeho.",
}


def test_a_sound_dialogue_has_no_problem(sound: Screen) -> None:
    found = check(a_book(sound, SOUND))
    assert list(found.problems) == []
    assert str(found) == "4 screens x 2 languages, 8 states, 8 pages: 0 problems"


class Talkative(Engine):
    """Says more than a page holds."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        return Page(f"{LONG}\n{page.text}", page.ends)


class Foreign(Engine):
    """Speaks with a letter that no basic phone has."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        return Page(f"\N{CYRILLIC SMALL LETTER YA}{page.text}", page.ends)


class Endless(Engine):
    """Forgets the way out."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        return Page(page.text.replace("\n0 Exit", ""), page.ends)


class OneWay(Engine):
    """Forgets the line for the way back."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        return Page(page.text.replace("\n9 Back", ""), page.ends)


class Lavish(Engine):
    """Offers what is not there."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        more = "".join(f"\n{number} One more" for number in range(3, 11))
        return Page(page.text.replace("\n0 Exit", f"{more}\n0 Exit"), page.ends)


class Silent(Engine):
    """Shows the page again and does not say what was wrong."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        return super().page(state)


class Shouting(Engine):
    """Says at such length what was wrong that nothing else fits."""

    def page(self, state: State, note: Phrase | None = None) -> Page:
        page = super().page(state, note)
        return page if note is None else Page(f"{LONG}\n{page.text}", page.ends)


class Forgetful(Engine):
    """Goes back to the beginning instead of one page."""

    def turn(self, state: State, typed: str) -> Turn:
        return Turn(self.begin(state.language)) if typed == "9" else super().turn(state, typed)


class Clinging(Engine):
    """Does not let go."""

    def turn(self, state: State, typed: str) -> Turn:
        return Turn(self.begin(state.language)) if typed == "0" else super().turn(state, typed)


@pytest.mark.parametrize(
    ("machine", "problem"),
    [
        (Talkative, "en first: made_up.first: 211 septets"),
        (Foreign, "en first: made_up.first: has a letter that a basic phone cannot show"),
        (Endless, "en first: made_up.first: has no Exit in its last line"),
        (OneWay, "en 1: made_up.question: has no Back above Exit"),
        (Lavish, "en first: made_up.first: 10 options on one page"),
        (Lavish, "en first: made_up.first: 3 has a line and leads nowhere"),
        (Silent, "en first: made_up.first: no room to say 'You typed nothing.'"),
        (Shouting, "en first: made_up.first: 230 septets with 'You typed nothing.'"),
        (Forgetful, "en 1*5839: made_up.sure: 9 does not lead to the page before"),
        (Clinging, "en first: made_up.first: 0 does not end with the farewell"),
    ],
)
def test_an_engine_that_forgets_something_is_found_out(
    sound: Screen, machine: type[Engine], problem: str
) -> None:
    found = read_by(machine, sound).problems
    assert problem in found


def test_a_value_that_looks_like_a_placeholder_is_none(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Your code is {ref}.", ref=Name("{ref}"))

    assert problems(a_book(first)) == ["en first: made_up.first: shows {ref}"]


def test_a_hole_in_a_sentence_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Your code is {ref}.", ref=caller.fact("ref") or "")

    assert problems(a_book(first)) == ["en first: made_up.first: nothing to fill {ref} with"]


def test_a_text_that_nobody_translated_is_found(sound: Screen) -> None:
    book = a_book(sound, {english: rw for english, rw in SOUND.items() if english != "Ask me"})
    assert problems(book) == [
        "rw first: made_up.first: no translation, or a fuzzy one, of 'Ask me'"
    ]


def test_a_fuzzy_translation_is_none(sound: Screen, tmp_path: Path) -> None:
    path = where(tmp_path, "rw")
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        '#, fuzzy\nmsgid "Sure?"\nmsgstr "Urabyemeza?"\n',
        "utf-8",
    )
    known = {english: rw for english, rw in SOUND.items() if english != "Sure?"}
    book = a_book(sound, {**known, **translations.load(tmp_path, ["rw"])["rw"]})
    assert problems(book) == ["rw 1*5839: made_up.sure: no translation, or a fuzzy one, of 'Sure?'"]


def test_what_the_engine_says_for_itself_is_translated_too(sound: Screen) -> None:
    book = a_book(sound, SOUND)
    silent = {english: rw for english, rw in OURS.items() if english != "More"}
    found = problems(replace(book, speech=Speech({"rw": {**silent, **SOUND}})))
    assert found == ["rw: no translation, or a fuzzy one, of 'More'"]


def test_a_translation_that_lost_a_value_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Call {police}.", police=caller.country.hotlines.police)

    found = problems(a_book(first, {"Call {police}.": "Hamagara."}))
    assert found == [
        "rw first: made_up.first: {police} only in one of 'Call {police}.' and its translation"
    ]


def test_a_translation_that_asks_for_another_value_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Call {police}.", police=caller.country.hotlines.police)

    found = problems(a_book(first, {"Call {police}.": "Hamagara {polisi}."}))
    assert found == ["rw first: made_up.first: raises KeyError: 'polisi'"]


def test_a_letter_that_is_replaced_before_it_is_sent_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Pregnant?")

    found = problems(a_book(first, {"Pregnant?": "Inda\N{LATIN SMALL LETTER E WITH CIRCUMFLEX}?"}))
    assert found == ["rw first: made_up.first: ê is in no basic phone's alphabet: 'Indaê?'"]


def test_a_screen_that_fails_for_some_callers_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Age?", option("Old", keep="old"), option("Young", keep="young"), goto=last)

    @write
    def last(caller: Caller) -> End:
        return end({"old": "Good bye."}[caller.answer(first) or ""])

    assert problems(a_book(first)) == ["en 2: made_up.last: raises KeyError: 'young'"]


def test_a_question_that_takes_no_answer_is_found(write: Write) -> None:
    def nothing(typed: str) -> str:
        raise Refused("Not this.")

    @write
    def first(caller: Caller) -> Ask:
        return ask("Who?", option("Leave", goto=last), check=nothing, goto=last)

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    assert problems(a_book(first)) == [
        "en first: made_up.first: takes none of the answers in menutools.sample_callers.TYPED"
    ]


def test_an_end_that_would_be_cut_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("A sentence that fills a page. " * 6)

    assert problems(a_book(first)) == [
        "en first: made_up.first: 180 septets, of which the last are cut"
    ]


def test_a_question_that_needs_a_second_page_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose(LONG, option("Yes", goto=last), option("No", goto=last))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    assert problems(a_book(first)) == ["en 1: made_up.first: does not fit one page"]
    assert problems(replace(a_book(first), lists={"made_up.first"})) == []


def test_a_screen_that_says_something_else_each_time_is_found(write: Write) -> None:
    asked: list[Caller] = []

    @write
    def first(caller: Caller) -> End:
        asked.append(caller)
        return end("Asked {times} times.", times=str(len(asked)))

    assert problems(a_book(first)) == [
        "en first: made_up.first: says something else when asked again"
    ]


def test_a_screen_that_looks_into_the_trail_by_itself_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("On", goto=last))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.") if len(caller.trail) > 1 else end("Already?")

    assert problems(a_book(first)) == ["en 1: made_up.last: says something else when asked again"]


def test_callers_who_go_round_for_ever_are_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("Round", goto=right), option("Leave", goto=last))

    @write
    def right(caller: Caller) -> Choose:
        return choose("Right.", option("On", goto=left))

    @write
    def left(caller: Caller) -> Choose:
        return choose("Left.", option("On", goto=right))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    assert problems(a_book(first)) == [
        "en 1: made_up.right: leads to no end",
        "en 1*1: made_up.left: leads to no end",
    ]


def test_callers_who_need_more_keys_than_a_session_takes_are_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("On", goto=deeper, then=last))

    @write
    def deeper(caller: Caller) -> Choose:
        return choose("And on.", option("On", goto=deeper, then=last), option("Out", goto=last))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    keys = "*".join("1" * 64)
    assert problems(a_book(first))[0] == (
        f"en {keys}: made_up.deeper: is 64 keys away, and no session takes more"
    )


def test_a_screen_that_nobody_comes_to_is_found(sound: Screen) -> None:
    walks = check(a_book(sound)).walks
    shown = ["made_up.first", "made_up.question", "made_up.sure", "made_up.last"]
    assert list(dialogue_rules.is_never_shown(walks, shown)) == []
    assert list(dialogue_rules.is_never_shown(walks, [*shown, "made_up.lost"])) == [
        "made_up.lost: nobody comes to this screen"
    ]


def test_a_dialogue_that_leads_elsewhere_in_another_language_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("On", goto=last if caller.language == "en" else other))

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    @write
    def other(caller: Caller) -> End:
        return end("Good bye.")

    rw = {"Hello.": "Muraho.", "On": "Komeza", "Good bye.": "Murabeho."}
    assert problems(a_book(first, rw)) == [
        "rw first: made_up.first: does not lead where it does in en",
        "rw 1: made_up.last: is met in en or rw, not in both",
        "rw 1: made_up.other: is met in en or rw, not in both",
    ]


def test_an_urgent_screen_that_is_two_keys_away_is_found(sound: Screen) -> None:
    book = a_book(sound)
    assert problems(replace(book, urgent=SCREENS["made_up.question"])) == []
    assert problems(replace(book, urgent=SCREENS["made_up.sure"])) == [
        "en first: made_up.first: made_up.sure is more than one key away"
    ]


def test_a_first_screen_that_tells_what_it_is_for_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> End:
        return end("Stop violence!")

    assert problems(replace(a_book(first), neutral=True)) == [
        "en first: made_up.first: says 'violen'"
    ]
    assert problems(a_book(first)) == []


def test_another_beginning_is_no_more_telling(sound: Screen, write: Write) -> None:
    @write
    def door(caller: Caller) -> Choose:
        return choose("Stop violence!", option("Go on", goto=sound))

    book = replace(a_book(sound), doors=[door])
    assert problems(book) == []
    assert problems(replace(book, neutral=True)) == ["en first: made_up.first: says 'violen'"]


def test_an_sms_that_tells_what_it_is_about_is_found(sound: Screen) -> None:
    sms = phrase("Your centre greets you.")
    assert problems(replace(a_book(sound), sms=[sms])) == [
        "en: an SMS to a caller says 'centre': 'Your centre greets you.'"
    ]


def test_what_is_said_without_a_screen_fits_as_well(sound: Screen) -> None:
    text = phrase(LONG.strip())
    assert problems(replace(a_book(sound), texts=[text])) == [f"en: 179 septets: {LONG.strip()!r}"]


@dataclass(frozen=True)
class Sing:
    """An intent of which nobody has said what comes of it."""


def test_an_intent_whose_outcome_nobody_knows_is_found(write: Write) -> None:
    @write
    def first(caller: Caller) -> Choose:
        return choose("Hello.", option("Sing", intent=Sing(), goto=last))  # type: ignore[arg-type]

    @write
    def last(caller: Caller) -> End:
        return end("Good bye.")

    assert problems(a_book(first)) == [
        "en first: made_up.first: raises NobodyKnows: Sing",
    ]


def test_a_name_that_fits_nowhere_is_found_wherever_it_is(write: Write) -> None:
    """Callers choose one area; all others are tried in its place."""

    @write
    def first(caller: Caller) -> Choose:
        areas = caller.country.places.children(None)
        return choose("Where?", *(option(one.name, keep=one.id) for one in areas), goto=last)

    @write
    def last(caller: Caller) -> End:
        area = caller.country.places.get(caller.answer(first) or "")
        return end("You live in {area}.", area=area.name if area else Name("?"))

    far = Area("far", Name("F" * 150), 0)
    country = few(FewPlaces((*AREAS, far)))
    wide = [area.id for area in (*AREAS, far) if area.level == 0]
    cast = Cast(country, country, chosen=frozenset({"south"}), kin={"south": wide})
    found = problems(replace(a_book(first), cast=cast, lists={"made_up.first"}))
    assert found == [
        "en 1: made_up.last: 163 septets, of which the last are cut at far",
    ]
