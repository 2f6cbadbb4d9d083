"""The line by SMS: the same dialogue, and people who simply write."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from gateway import database
from gateway.models import IncomingSms, Outbox, Report
from tests.conversations.interpreter import in_every_language
from tests.lines import CALLER, Line


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


def test_many_messages_are_all_kept_and_thanked_once(line: Line) -> None:
    line.staff("national", "national")
    thanked = [screens(line, words) for words in ("call me", "please", "are you there")]
    assert [len(one) for one in thanked] == [1, 0, 0]
    assert reports(line) == ["message"] * 3


def test_a_message_that_arrives_twice_is_one(line: Line) -> None:
    line.staff("national", "national")
    line.text(CALLER, "please call me", message_id="same")
    assert line.text(CALLER, "please call me", message_id="same") == []
    assert reports(line) == ["message"]


@pytest.mark.parametrize("word", ["STOP", "stop.", "Hagarika", "ARRET", "acha"])
def test_stop_in_any_language_is_obeyed_without_an_answer(line: Line, word: str) -> None:
    assert line.text(CALLER, word) == []
    assert reports(line) == []


def test_a_lone_number_without_a_dialogue_opens_one(line: Line) -> None:
    assert "SMS stays on this phone" in screens(line, "2")[0]


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
