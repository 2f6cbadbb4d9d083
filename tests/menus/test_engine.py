"""One turn of the dialogue, on a small dialogue of our own."""

from __future__ import annotations

import pytest

from menus import checks, gsm7, navigation
from menus.engine import Engine, State, Turn
from menus.intents import OpenCase, StopContact
from menus.ports import Name
from menus.script import (
    Ask,
    Caller,
    Choose,
    End,
    Phrase,
    ask,
    choose,
    end,
    onward,
    option,
    phrase,
    screen,
)
from menus.speech import Speech
from tests.menus.fakes import few

RW = {
    "Hello": "Muraho",
    "Drinks": "Ibinyobwa",
    "Back": "Subira inyuma",
    "Exit": "Sohoka",
    "Please type 1-{last}.": "Andika 1-{last}.",
}


@screen
def start(caller: Caller) -> Choose:
    """Where every call begins."""
    return choose(
        "Hello",
        option("Drinks", goto=drink),
        option("Cups", goto=cup),
        option("Your order", goto=order),
        option("Pay", goto=table, then=paid),
        option("Kinyarwanda", language="rw"),
        option("Full", goto=full),
        option("Fuller", goto=fuller),
    )


@screen
def drink(caller: Caller) -> Choose:
    """A question whose answer a later screen shows."""
    return choose(
        "Tea or milk?",
        option("Tea", keep="tea"),
        option("Milk", keep="milk"),
        option("Whatever"),
        goto=sweet,
    )


@screen
def sweet(caller: Caller) -> Choose:
    """The only option, and one that begins anew."""
    return choose(
        "Sugar in {drink}?",
        option("From the beginning", goto=start),
        drink=Name(caller.answer(drink) or "it"),
    )


@screen
def cup(caller: Caller) -> Choose:
    """More than fit on a page."""
    return choose(
        "Which cup?",
        *(option(Name(f"cup {letter}"), keep=letter, goto=chosen_cup) for letter in "abcdefghij"),
    )


@screen
def chosen_cup(caller: Caller) -> Choose:
    """Nothing to choose: only Back and Exit."""
    return choose("You have cup {cup}.", cup=Name(caller.answer(cup) or "none"))


@screen
def order(caller: Caller) -> Ask:
    """Typed; 1 is the way not to."""
    return ask(
        "Type your 4 numbers:",
        option("Skip", goto=order_shown),
        check=checks.four_digits,
        intent=lambda typed: OpenCase("123455", typed),
        goto=order_shown,
    )


@screen
def order_shown(caller: Caller) -> Choose:
    """What the service found out."""
    return choose(
        "Order {status}",
        option("Cancel", goto=goodbye, intent=StopContact(caller.fact("case") or "")),
        option("Keep", goto=goodbye),
        status=caller.fact("status") or "unknown",
    )


@screen
def table(caller: Caller) -> Choose:
    """A shared dialogue: it leads on to wherever its asker said."""
    return choose(
        "Which table?",
        option("One", keep="one", goto=onward),
        option("Ask the waiter", goto=waiter, then=seat),
    )


@screen
def waiter(caller: Caller) -> Choose:
    """A shared dialogue that a shared dialogue borrows."""
    return choose("Waiter!", option("Here", goto=onward))


@screen
def seat(caller: Caller) -> Choose:
    """The way back from the inner one to the outer one."""
    return choose("Seat?", option("Left", keep="left", goto=onward))


@screen
def paid(caller: Caller) -> End:
    """Where the asker wanted to go."""
    return end("Paid at table {table}.", table=caller.answer(table, seat) or "")


@screen
def goodbye(caller: Caller) -> End:
    """The end, too long for a page."""
    return end("Goodbye. " * 40)


@screen
def full(caller: Caller) -> Choose:
    """A page without room for another word."""
    return choose(
        "What would you like to have on your table today?",
        *(option(Name(f"a dish called {letter}"), goto=goodbye) for letter in "abcde"),
    )


@screen
def fuller(caller: Caller) -> Choose:
    """Options that would fill the page but for the note that may have to stand above them."""
    return choose("Eat?", *(option(Name(f"{one} " * 12), goto=crumbs) for one in "abcde"))


@screen
def crumbs(caller: Caller) -> Choose:
    """Room for saying the numbers, but not for saying that nothing was typed."""
    return choose(
        "Crumbs?",
        option(Name("c" * 60), goto=goodbye),
        option(Name("d" * 63), goto=goodbye),
    )


@pytest.fixture
def engine() -> Engine:
    return Engine(start, few(), Speech({"rw": RW}))


def walk(engine: Engine, *typed: str) -> State:
    """Where this typing leads, from the beginning."""
    state = engine.begin("en")
    for one in typed:
        state = engine.turn(state, one).state
    return state


def shown(engine: Engine, turn: Turn) -> list[str]:
    return engine.page(turn.state, turn.note).text.split("\n")


def test_a_call_begins_at_the_first_screen_with_only_exit_to_leave(engine: Engine) -> None:
    page = engine.page(engine.begin("en"))
    assert page.text.split("\n") == [
        *(
            "Hello",
            "1 Drinks",
            "2 Cups",
            "3 Your order",
            "4 Pay",
            "5 Kinyarwanda",
            "6 Full",
            "7 Fuller",
        ),
        "0 Exit",
    ]
    assert not page.ends


def test_a_number_leads_on_and_from_there_back(engine: Engine) -> None:
    assert shown(engine, engine.turn(engine.begin("en"), "1")) == [
        *("Tea or milk?", "1 Tea", "2 Milk", "3 Whatever", "9 Back", "0 Exit"),
    ]


def test_an_answer_is_known_to_the_screens_after_it(engine: Engine) -> None:
    assert engine.page(walk(engine, "1", "2")).text.startswith("Sugar in milk?")
    assert engine.page(walk(engine, "1", "3")).text.startswith("Sugar in it?")


@pytest.mark.parametrize("typed", ["2", "２", "٢", "2.", "#2", " 2 ", "(2)", "02"])
def test_a_number_counts_however_it_is_typed(engine: Engine, typed: str) -> None:
    assert walk(engine, "1", typed) == walk(engine, "1", "2")


def test_exit_ends_and_remembers_nothing(engine: Engine) -> None:
    state = walk(engine, "1", "2", "0")
    assert engine.page(state).ends
    assert engine.page(state).text == "Thank you. Have a good day."
    assert [step.screen for step in state.trail] == [start.name]
    assert state.trail[0].answer is None


@pytest.mark.parametrize("typed", ["", "   ", "\t"])
def test_nothing_typed_is_said_above_the_same_screen(engine: Engine, typed: str) -> None:
    before = walk(engine, "1")
    turn = engine.turn(before, typed)
    assert turn.state == before
    assert shown(engine, turn) == ["You typed nothing.", *shown(engine, Turn(before))]


@pytest.mark.parametrize("typed", ["4", "8", "10", "77", "abc", "1 2", "1.5", "-1", "+1", "*", "½"])
def test_what_is_no_option_is_told_which_are(engine: Engine, typed: str) -> None:
    before = walk(engine, "1")
    turn = engine.turn(before, typed)
    assert turn.state == before
    assert turn.intent is None
    assert shown(engine, turn) == ["Please type 1-3.", *shown(engine, Turn(before))]


def test_a_single_option_is_named_alone(engine: Engine) -> None:
    assert shown(engine, engine.turn(walk(engine, "1", "1"), "2"))[0] == "Please type 1."


def test_without_any_option_a_number_means_nothing(engine: Engine) -> None:
    assert shown(engine, engine.turn(walk(engine, "2", "1"), "1"))[0] == "Not possible here."


def test_there_is_no_way_back_from_the_first_screen(engine: Engine) -> None:
    assert shown(engine, engine.turn(engine.begin("en"), "9"))[0] == "Please type 1-7."


def test_back_is_the_screen_before_with_its_answer_forgotten(engine: Engine) -> None:
    assert walk(engine, "1", "2", "9") == walk(engine, "1")
    assert walk(engine, "1", "2", "9", "9") == engine.begin("en")


def test_back_is_the_page_of_a_list_that_was_left(engine: Engine) -> None:
    left = walk(engine, "2", "8")
    assert walk(engine, "2", "8", "1", "9") == left
    assert walk(engine, "2", "8", "9") == walk(engine, "2")


def test_back_forgets_what_the_service_found_out(engine: Engine) -> None:
    asked = engine.turn(walk(engine, "3"), "2580")
    told = asked.state.learn({"status": "received", "case": "7"})
    assert engine.page(told).text.startswith("Order received")
    assert engine.turn(told, "9").state == walk(engine, "3")


def test_more_leads_to_the_rest_and_numbers_start_anew(engine: Engine) -> None:
    assert engine.page(walk(engine, "2")).text.split("\n")[-3:] == ["8 More", "9 Back", "0 Exit"]
    second = engine.page(walk(engine, "2", "8")).text.split("\n")
    assert second == ["Which cup?", "1 cup h", "2 cup i", "3 cup j", "9 Back", "0 Exit"]
    assert engine.page(walk(engine, "2", "8", "2")).text.startswith("You have cup i.")
    assert engine.page(walk(engine, "2", "2")).text.startswith("You have cup b.")


def test_another_language_begins_anew(engine: Engine) -> None:
    state = walk(engine, "5")
    assert state == engine.begin("rw")
    assert engine.page(state).text.split("\n")[:2] == ["Muraho", "1 Ibinyobwa"]
    assert shown(engine, engine.turn(state, "8"))[0] == "Andika 1-7."


def test_a_text_without_translation_is_said_in_english(engine: Engine) -> None:
    assert "2 Cups" in engine.page(walk(engine, "5")).text


def test_the_first_screen_is_always_a_beginning(engine: Engine) -> None:
    assert walk(engine, "1", "1", "1") == engine.begin("en")


def test_a_shared_dialogue_leads_on_to_where_its_asker_said(engine: Engine) -> None:
    assert engine.page(walk(engine, "4", "1")).text == "Paid at table one."


def test_shared_dialogues_may_borrow_each_other(engine: Engine) -> None:
    assert engine.page(walk(engine, "4", "2", "1")).text.startswith("Seat?")
    assert engine.page(walk(engine, "4", "2", "1", "1")).text == "Paid at table left."


def test_back_out_of_a_shared_dialogue_and_in_again(engine: Engine) -> None:
    assert walk(engine, "4", "2", "1", "9") == walk(engine, "4", "2")
    assert walk(engine, "4", "2", "1", "9", "9", "1") == walk(engine, "4", "1")


def test_what_is_typed_is_asked_of_the_service(engine: Engine) -> None:
    turn = engine.turn(walk(engine, "3"), "25 80")
    assert turn.intent == OpenCase("123455", "2580")
    assert engine.page(turn.state).text.startswith("Order unknown")


def test_what_cannot_be_used_is_refused_with_the_reason(engine: Engine) -> None:
    before = walk(engine, "3")
    turn = engine.turn(before, "258")
    assert turn == Turn(before, note=Phrase("Please type 4 digits."))
    assert shown(engine, turn)[:2] == ["Please type 4 digits.", "Type your 4 numbers:"]


def test_a_typed_question_has_options_too(engine: Engine) -> None:
    turn = engine.turn(walk(engine, "3"), "1")
    assert turn.intent is None
    assert engine.page(turn.state).text.startswith("Order unknown")


def test_an_option_may_ask_something_of_the_service(engine: Engine) -> None:
    told = engine.turn(walk(engine, "3"), "2580").state.learn({"case": "7"})
    assert engine.turn(told, "1").intent == StopContact("7")
    assert engine.turn(told, "2").intent is None


def test_a_draft_is_remembered_until_it_is_the_report_that_was_sent(engine: Engine) -> None:
    state = walk(engine, "1").learn({"draft": "123455"})
    assert state.draft == "123455"
    assert state.learn({}).draft == "123455"
    assert state.learn({"ref": "999999"}).draft == "123455", "another report was sent"
    assert state.learn({"ref": "123455"}).draft is None


@pytest.mark.parametrize("way", [("9", "5"), ("1", "1"), ("9",), ("0",)])
def test_a_draft_is_remembered_wherever_she_goes(engine: Engine, way: tuple[str, ...]) -> None:
    state = walk(engine, "1").learn({"draft": "123455"})
    for key in way:
        state = engine.turn(state, key).state
        assert state.draft == "123455"


def test_an_end_is_cut_to_the_page(engine: Engine) -> None:
    page = engine.page(walk(engine, "3", "1", "2"))
    assert page.ends
    assert gsm7.septets(page.text) <= gsm7.PAGE


@pytest.mark.parametrize("typed", ["", "0", "1", "9", "anything"])
def test_after_the_end_nothing_more_happens(engine: Engine, typed: str) -> None:
    for ended in (walk(engine, "0"), walk(engine, "4", "1")):
        assert engine.turn(ended, typed) == Turn(ended)


def test_a_note_takes_the_place_of_the_question_where_both_do_not_fit(engine: Engine) -> None:
    before = walk(engine, "6")
    calm, corrected = shown(engine, Turn(before)), shown(engine, engine.turn(before, "8"))
    assert gsm7.septets("\n".join(("Please type 1-5.", *calm))) > gsm7.PAGE
    assert corrected == ["Please type 1-5.", *calm[1:]]
    assert shown(engine, engine.turn(before, "")) == ["You typed nothing.", *calm[1:]]


def test_every_page_keeps_room_for_the_numbers_it_takes(engine: Engine) -> None:
    first = shown(engine, Turn(walk(engine, "7")))
    second = shown(engine, Turn(walk(engine, "7", "5")))
    on_one_page = [*first[:5], *second[1:]]
    assert gsm7.septets("\n".join(on_one_page)) <= gsm7.PAGE
    assert gsm7.septets("\n".join(["Please type 1-5.", *on_one_page[1:]])) > gsm7.PAGE


def test_where_a_note_does_not_fit_the_numbers_are_said(engine: Engine) -> None:
    before = walk(engine, "7", "1")
    corrected = shown(engine, engine.turn(before, ""))
    assert corrected == ["Please type 1-2.", *shown(engine, Turn(before))[1:]]
    assert gsm7.septets("\n".join(["You typed nothing.", *corrected[1:]])) > gsm7.PAGE


def test_dial_through_stops_before_typing_and_before_anything_is_done(engine: Engine) -> None:
    assert engine.runs_past(engine.begin("en"))
    assert engine.runs_past(walk(engine, "2"))
    assert not engine.runs_past(walk(engine, "3")), "a secret is typed here"
    assert not engine.runs_past(walk(engine, "3", "1")), "something is done from here"
    assert not engine.runs_past(walk(engine, "4", "1")), "the call is over"


def test_one_and_the_same_turn_is_always_the_same(engine: Engine) -> None:
    before = walk(engine, "2", "8")
    again = Engine(start, few(), Speech({"rw": RW}))
    assert engine.turn(before, "3") == again.turn(before, "3")
    assert engine.page(before) == again.page(before)


def test_words_are_spoken_in_the_alphabet_of_the_phone() -> None:
    speech = Speech({"fr": {"In {place}": "À {place}…", "river": "fleuve"}})
    assert speech.say(phrase("In {place}", place=Name("Ruhango’s")), "fr") == "A Ruhango's..."
    assert speech.say(phrase("In {place}", place=phrase("river")), "fr") == "A fleuve..."
    assert speech.say("river", "fr") == "fleuve"
    assert speech.say(Name("river"), "fr") == "river"
    assert speech.say("river", "rw") == "river"


@pytest.mark.parametrize(
    ("last", "said"), [(0, "Not possible here."), (1, "Please type 1."), (3, "Please type 1-3.")]
)
def test_the_numbers_of_the_page_are_named(last: int, said: str) -> None:
    assert Speech({}).say(navigation.not_an_option(last), "en") == said
