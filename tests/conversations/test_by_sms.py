"""The line by SMS: the same dialogue, and people who simply write."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from gateway.store import database
from gateway.store.models import IncomingSms, Outbox, Report
from tests.conversations.interpreter import in_every_language
from tests.one_process_line import Line
from tests.samples import CALLER


def screens(line: Line, words: str) -> list[str]:
    """What comes back to the caller's phone."""
    return [sms.text for sms in line.text(CALLER, words) if sms.to == CALLER]


def reports(line: Line) -> list[str]:
    with database.reading(line.web.database) as session:
        return list(session.scalars(select(Report.about)))


@in_every_language
def test_the_keyword_warns_first_and_opens_the_same_dialogue(line: Line) -> None:
    for words, shown in (
        (" info ", "SMS stays on this phone"),
        ("1", "Health & Family Info"),
        ("1", "Ask centre to call me"),
        ("7", "Please type 1-{last}."),
        ("0", "Thank you. Have a good day."),
    ):
        assert re.search(line.reads(shown), screens(line, words)[0])


def test_a_call_is_asked_for_by_sms(line: Line) -> None:
    duty = line.staff("national", "national")
    for words in ("INFO", "1", "7", "1", "1"):
        screens(line, words)

    sent = line.text(CALLER, "2")

    assert [sms.to for sms in sent if "new" in sms.text] == [duty]
    assert any("A counsellor will call you" in sms.text for sms in sent if sms.to == CALLER)
    assert reports(line) == ["call_me"]


@pytest.mark.parametrize("words", ["please call me", "he beats me", "Mumpamagare!", "?"])
def test_what_is_simply_written_becomes_a_task_to_call(line: Line, words: str) -> None:
    duty = line.staff("national", "national")

    sent = line.text(CALLER, words)

    assert [sms.to for sms in sent if "new" in sms.text] == [duty]
    assert [sms.text for sms in sent if sms.to == CALLER] == ["Hello. Thank you for your message."]
    assert reports(line) == ["message"]


def test_the_duty_reads_what_was_written_and_may_call(line: Line) -> None:
    duty = line.staff("national", "national")
    line.text(CALLER, "he beats me")

    phone = line.staff_phone(duty).dial().press("4711").choose(line.code_of_only_report())
    phone.choose("Accept", "What was answered").sees("he beats me").press(9)
    phone.choose("Call her", "Number to call", "First call").sees(CALLER)


NEUTRAL = ["Hello. Thank you for your message."]

CLEAN = "+250788000999"
"""A phone from which nobody ever wrote to the line."""


def test_many_messages_are_all_kept_and_each_is_thanked(line: Line) -> None:
    line.staff("national", "national")
    thanked = [screens(line, words) for words in ("call me", "please", "are you there")]
    assert thanked == [NEUTRAL] * 3
    assert reports(line) == ["message"] * 3


def pass_minutes(line: Line, minutes: float) -> None:
    """What Redis keeps for less than this is gone."""
    redis = line.web.redis
    for name in redis.keys("session:*"):
        left = redis.pttl(name) - round(minutes * 60_000)
        redis.pexpire(name, left) if left > 0 else redis.delete(name)


def is_answered(line: Line, words: str, number: str = CALLER) -> list[str]:
    """What comes back to this phone."""
    return [sms.text for sms in line.text(number, words) if sms.to == number]


BEFORE: dict[str, tuple[str, ...]] = {
    "she wrote": ("please call me",),
    "she wrote twice": ("please call me", "he beats me"),
    "she asked what there is": ("INFO",),
    "she is in a dialogue": ("INFO", "1", "7", "1"),
    "she is asked for letters": ("INFO", "1", "3"),
    "she ended it": ("INFO", "1", "0"),
    "she asked to be called": ("INFO", "1", "7", "1", "1", "2"),
    "she wants nothing more": ("please call me", "STOP"),
    "she stopped within a dialogue": ("INFO", "1", "STOP"),
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("words", ["hello", "Stop it", "??", "INFO", "0", "1", "9", "12"])
def test_her_phone_tells_nobody_that_she_wrote(line: Line, before: str, words: str) -> None:
    """Who holds it writes, and sees what a clean phone gets, whatever she wrote before.

    A number is the exception, within minutes of a screen that asks for one.
    """
    for one in BEFORE[before]:
        is_answered(line, one)
    if words.isdecimal():
        pass_minutes(line, 5)
    assert is_answered(line, words) == is_answered(line, words, CLEAN)


@pytest.mark.parametrize("words", ["hello", "STOP"])
def test_what_is_no_number_closes_the_dialogue(line: Line, words: str) -> None:
    for one in ("INFO", "1", "7", words):
        is_answered(line, one)
    assert is_answered(line, "1") == NEUTRAL


def test_a_dialogue_waits_for_less_than_five_minutes(line: Line) -> None:
    is_answered(line, "INFO")
    pass_minutes(line, 4.5)
    assert "Health & Family Info" in is_answered(line, "1")[0]
    pass_minutes(line, 5)
    assert is_answered(line, "1") == NEUTRAL


@pytest.mark.parametrize(
    "words", ["1", "1.", "(1)", "1\n", "\u201c1\u201d", "1\ufe0f\u20e3", "\uff11"]
)
def test_a_number_is_read_whatever_stands_around_it(line: Line, words: str) -> None:
    is_answered(line, "INFO")
    assert "Health & Family Info" in is_answered(line, words)[0]


def test_letters_go_on_where_letters_are_asked_for(line: Line) -> None:
    for one in ("INFO", "1", "1", "2", "6"):
        shown = is_answered(line, one)[0]
    assert "letters" in shown
    assert "Huye" in is_answered(line, "huy")[0]


def test_a_number_that_comes_too_late_is_kept_for_somebody_to_see(line: Line) -> None:
    """She may have meant it: "thank you" must not be the end of it."""
    duty = line.staff("national", "national")
    sent = line.text(CALLER, "2")
    assert [sms.text for sms in sent if sms.to == CALLER] == NEUTRAL
    assert [sms.to for sms in sent if "new" in sms.text] == [duty]
    assert reports(line) == ["message"]


def test_two_machines_do_not_talk_for_ever_and_nobody_can_count_what_is_left(line: Line) -> None:
    """Screens and thanks count alike, up to a figure that differs with the number and the hour."""
    is_answered(line, "INFO")
    answered = [len(is_answered(line, "hello")) for _ in range(75)]
    answered_clean = [len(is_answered(line, "hello", CLEAN)) for _ in range(75)]
    assert all(49 <= sum(one) <= 70 for one in (answered, answered_clean))
    assert answered == sorted(answered, reverse=True)


def test_a_message_that_arrives_twice_is_one(line: Line) -> None:
    line.staff("national", "national")
    line.text(CALLER, "please call me", message_id="same")
    assert line.text(CALLER, "please call me", message_id="same") == []
    assert reports(line) == ["message"]


STOPS = ["STOP", "stop.", "Hagarika", "ARRET", "acha", "STOP\n", '"stop"', "(STOP)", "STOP?"]
STOPS += [
    "Stop. Thank you",
    "ARR\u00caT",
    "arre\u0302t",
    "\uff33\uff34\uff2f\uff30",
    "S.T.O.P",
    "stop \U0001f64f",
]


@pytest.mark.parametrize("word", STOPS)
def test_stop_in_any_language_is_obeyed_without_an_answer(line: Line, word: str) -> None:
    assert line.text(CALLER, word) == []
    assert reports(line) == []


@pytest.mark.parametrize(
    "words", ["please make him stop", "stop him he beats me every night", "stopped"]
)
def test_a_sentence_that_has_stop_in_it_is_no_stop(line: Line, words: str) -> None:
    assert is_answered(line, words) == NEUTRAL
    assert reports(line) == ["message"]


@pytest.mark.parametrize(
    "words", ["INFO\n", '"info"', "Info!", "\u00ccnfo", "IN\u200bFO", "(info)"]
)
def test_the_keyword_is_read_by_its_letters(line: Line, words: str) -> None:
    assert "SMS stays on this phone" in is_answered(line, words)[0]


def test_a_networks_own_message_is_left_alone(line: Line) -> None:
    assert line.text("MTN", "You have won 1000 minutes!") == []
    assert line.text("8080", "Your balance is low") == []
    assert reports(line) == []


def test_nothing_written_lies_anywhere_in_plain_text(line: Line) -> None:
    line.staff("national", "national")
    line.text(CALLER, "he beats me at night")
    with database.reading(line.web.database) as session:
        rows = [*session.scalars(select(Outbox)), *session.scalars(select(IncomingSms))]
        stored = repr([vars(row) for row in rows]) + repr(
            vars(session.scalars(select(Report)).one())
        )
    assert "beats" not in stored
    assert "788123456" not in stored


def test_a_message_sent_again_after_the_next_one_moves_nothing(line: Line) -> None:
    line.text(CALLER, "INFO", message_id="a")
    line.text(CALLER, "1", message_id="b")
    line.text(CALLER, "1", message_id="c")
    assert line.text(CALLER, "1", message_id="b") == []
    assert "Is it safe for us to call THIS number now?" in screens(line, "1")[0]


def test_another_conversation_is_another_report(line: Line) -> None:
    """The number is the same, and so is what she asks for: it is a new call for help."""
    asked = ("INFO", "1", "7", "1", "1", "2")
    first = [screens(line, words) for words in asked][-1]
    second = [screens(line, words) for words in asked][-1]
    assert first != second, "the code of the first report was told for the second"
    assert len(reports(line)) == 2
