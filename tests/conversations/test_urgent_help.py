"""Urgent help: one key to the numbers, three to a person who calls."""

from __future__ import annotations

import pytest

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.samples import CALLER


@in_every_language
def test_the_first_key_shows_whom_to_ring(line: Line) -> None:
    phone = line.phone().dial().choose("Urgent help now").sees("In danger now?")
    phone.sees("112", "116", "3029", "Ask centre to call me", "Nearest centre")


@in_every_language
def test_the_alert_leaves_at_the_first_yes(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = line.phone().dial().choose("Urgent help now", "Ask centre to call me")
    phone.sees("Is it safe for us to call THIS number now?")
    assert kept.rows() == {}

    phone.choose("Yes, call now").sees("Your request is sent. If nobody calls in").hangs_up()

    phone.sees("15", "112", phone.code)
    assert [sms.to for sms in line.deliver() if f"{phone.code} P1 new" in sms.text] == [duty]
    assert kept.report().about == "danger"


def test_she_is_rung_and_never_written_to(line: Line, kept: Kept) -> None:
    line.phone().dial().press(1, 1, 1).hangs_up()
    reachable = kept.contact()
    assert reachable is not None
    assert reachable.number.reveal() == CALLER
    assert (reachable.by, reachable.window) == ("call", "now")
    assert kept.sms_to_callers() == 0


@in_every_language
def test_whoever_cannot_be_rung_gets_the_numbers(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Urgent help now", "Ask centre to call me")
    phone.choose("No, I will call").sees("Call {police} (police, free).").hangs_up()
    phone.sees("112", "116", "3029")
    assert kept.rows() == {}


@in_every_language
def test_the_nearest_centre_is_one_key_further(line: Line) -> None:
    phone = line.phone().dial().choose("Urgent help now", "Nearest centre")
    phone.sees("Which province?").choose("South", "Huye", "Ngoma")
    phone.sees("Nearest centres:", "Kabutare")


@pytest.mark.parametrize("again", [1, 3])
def test_a_step_that_comes_again_alerts_once(line: Line, kept: Kept, again: int) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().press(1, 1, 1)
    first = phone.screen
    for _ in range(again):
        assert phone.repeat().screen == first
    assert len(line.deliver()) == 1
    assert kept.report().code in first


def test_a_second_call_for_help_is_a_second_report(line: Line, kept: Kept) -> None:
    codes = {line.phone().dial().press(1, 1, 1).code for _ in range(2)}
    assert len(codes) == 2
    assert kept.rows()["reports"] == 2


@in_every_language
def test_with_nobody_on_duty_she_is_not_told_to_wait(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().press(1, 1, 1)
    phone.sees("We have it, but nobody is on duty. Call {police} now.").hangs_up()
    phone.sees("112", phone.code)
    assert kept.rows()["reports"] == 1
    assert line.deliver() == []


def test_once_more_within_minutes_is_as_true_as_the_first_time(line: Line) -> None:
    """The second shares the alert of the first, which there is none of; then somebody comes."""
    line.phone().dial().press(1, 1, 1).sees("nobody is on duty")
    line.phone().dial().press(1, 1, 1).sees("nobody is on duty")
    line.staff("national", "national")
    line.clock.tick()
    line.phone().dial().press(1, 1, 1).sees("Your request is sent.")


def test_two_at_home_at_the_desk_are_woken(line: Line) -> None:
    """Whatever anybody switched off in their names."""
    duty = {line.staff("national", "national", on_duty=False) for _ in range(2)}
    line.phone().dial().press(1, 1, 1).sees("Your request is sent.").hangs_up()
    assert {sms.to for sms in line.deliver()} == duty
