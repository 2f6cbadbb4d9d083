"""The five words a screen is written in, and what a screen may know of its caller."""

from __future__ import annotations

import pytest

from menus.ports import Name
from menus.script import (
    SCREENS,
    Caller,
    Choose,
    End,
    Phrase,
    Visited,
    ask,
    choose,
    end,
    is_name,
    option,
    phrase,
    screen,
)
from tests.menus.fakes import few


@screen
def tea(caller: Caller) -> Choose:
    """Tea or coffee."""
    return choose("Tea?", option("Yes", keep="tea", goto=sugar), option("No", goto=sugar))


@screen
def sugar(caller: Caller) -> End:
    """The bill."""
    return end("Sugar is free.")


def caller(*trail: Visited) -> Caller:
    return Caller(few(), "en", trail)


def test_a_screen_is_named_after_its_module_and_function() -> None:
    assert tea.name == "test_script.tea"
    assert SCREENS["test_script.tea"] is tea
    assert tea.why == "Tea or coffee."


def test_two_screens_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two screens are called test_script\.tea"):
        screen(tea.show)


def test_an_option_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        choose("Tea?", option("Yes", keep="tea"))


def test_an_option_leads_where_its_question_leads_unless_it_says_otherwise() -> None:
    view = choose("Tea?", option("Yes"), option("Again", goto=tea), goto=sugar)
    assert [one.goto for one in view.options] == [sugar, tea]


def test_an_option_that_is_none_is_left_out() -> None:
    view = choose("Tea?", option("Yes", goto=sugar), None, option("No", goto=sugar))
    assert [one.label for one in view.options] == ["Yes", "No"]


def test_a_language_leads_to_the_beginning_by_itself() -> None:
    view = choose("Language?", option(Name("English"), language="en"))
    assert view.options[0].goto is None


def test_values_fill_the_places_of_a_text() -> None:
    view = choose("{who} drinks", option("Yes", goto=sugar), who=Name("Ada"))
    assert view.text == Phrase("{who} drinks", {"who": Name("Ada")})
    assert choose(view.text, option("Yes", goto=sugar)).text is view.text
    assert end("Bye {who}", who="Ada").text == phrase("Bye {who}", who="Ada")


def test_a_typed_answer_leads_on_as_an_option_does() -> None:
    view = ask("Name a tea", option("Skip", goto=sugar), check=str.lower, goto=tea, then=sugar)
    assert (view.goto, view.then, view.check("ASSAM")) == (tea, sugar, "assam")


def test_a_name_is_no_text_to_translate() -> None:
    assert is_name(Name("Huye"))
    assert not is_name("Huye")
    assert not is_name(phrase("Huye"))


def test_a_screen_knows_what_was_answered_before_it() -> None:
    here = caller(Visited("test_script.tea", answer="tea"), Visited("test_script.sugar"))
    assert here.answer(tea) == "tea"
    assert here.answer_before == "tea"


def test_a_screen_does_not_know_its_own_answer() -> None:
    assert caller(Visited("test_script.tea", answer="tea")).answer(tea) is None
    assert caller(Visited("test_script.tea", answer="tea")).answer_before is None


def test_what_was_answered_last_counts() -> None:
    trail = (
        Visited("test_script.tea", answer="tea"),
        Visited("test_script.sugar", answer="one"),
        Visited("test_script.tea", answer=None),
        Visited("test_script.sugar"),
    )
    assert caller(*trail).answer(tea) is None, "she skipped it the second time"
    assert caller(*trail[:2], Visited("x.y")).answer(tea, sugar) == "one"
    assert caller(*trail).last_of(tea) is tea
    assert caller(*trail[:1]).last_of(sugar) is None


def test_all_that_was_answered_on_a_screen_is_known_but_what_was_skipped() -> None:
    answers = ("tea", None, "more tea")
    trail = [Visited("test_script.tea", answer=answer) for answer in answers]
    assert caller(*trail, Visited("test_script.sugar")).answers(tea) == ("tea", "more tea")
    assert caller(*trail).answers(tea) == ("tea",), "not what she is about to answer"


def test_what_the_service_found_out_last_counts() -> None:
    trail = (
        Visited("test_script.tea", facts={"ref": "1", "status": "received"}),
        Visited("test_script.tea", facts={"ref": "2"}),
        Visited("test_script.sugar"),
    )
    assert caller(*trail).fact("ref") == "2"
    assert caller(*trail).fact("status") == "received"
    assert caller(*trail).fact("case") is None


@pytest.mark.parametrize("value", [Visited("a.b", answer="sexual", facts={"ref": "123456"})])
def test_a_step_that_is_printed_shows_no_answer(value: Visited) -> None:
    assert "sexual" not in repr(value)
    assert "123456" not in repr(value)
