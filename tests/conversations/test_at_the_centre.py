"""What happens there: each fear has a screen, and the list is one key back."""

from __future__ import annotations

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line

ANSWERS = {
    "Doctor, medicine": "Doctor or nurse: treat injury, prevent HIV",
    "Counsellor": "A counsellor listens, alone with you.",
    "Investigator, law": "You can talk to an investigator at the centre.",
    "Safe room": "If home is not safe you can stay in a safe room",
    "Keep evidence": "If you can, do not wash or change clothes",
    "Who knows": "Staff must keep it private.",
}


@in_every_language
def test_each_question_is_answered_and_leads_back_to_the_list(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("What happens there")
    questions = phone.sees("At the centre (free):", *ANSWERS).screen
    for question, answer in ANSWERS.items():
        assert phone.choose(question).sees(answer).press(9).screen == questions
    phone.press(9).sees("Health & Family Info")
    assert kept.rows() == {}


def test_nobody_is_told_that_it_is_too_late(line: Line) -> None:
    phone = line.phone().dial().choose("What happens there", "Doctor, medicine")
    phone.sees("best within 72 hours", "Later is still OK", "You can refuse any exam")
    phone.press(9).choose("Keep evidence").sees("If you did wash, still come", "your choice")


def test_care_does_not_depend_on_a_complaint(line: Line) -> None:
    line.phone().dial().press(5, 3).sees("You can get care first.")


def test_the_limit_of_privacy_is_said_before(line: Line) -> None:
    line.phone().dial().press(5, 6).sees("If a child is in danger they may have to act.")
