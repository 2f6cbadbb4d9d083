"""Call me: the shortest way to a person, with no reason asked."""

from __future__ import annotations

import pytest

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.samples import CALLER

WINDOWS = {"Now": "now", "Morning": "morning", "Afternoon": "afternoon", "Evening": "evening"}


@in_every_language
def test_a_counsellor_rings_this_number(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = line.phone().dial().choose("Call me")
    phone.sees("A counsellor can call you. No need to say why.").choose("This number")
    phone.sees("When they call they say").choose("OK, choose time")
    phone.sees("When is it safe?", *WINDOWS).choose("Evening")
    phone.sees("A counsellor will call you. Code").sees("112", phone.code).hangs_up()

    assert [sms.to for sms in line.deliver()] == [duty]
    reachable = kept.contact()
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.other_number) == (CALLER, None)
    assert kept.answers() == {}, "no reason was asked"


@in_every_language
def test_with_nobody_on_duty_nobody_is_promised(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Call me", "This number", "OK, choose time", "Evening")
    phone.sees("We have it, but nobody is on duty now. We keep looking for somebody.")
    phone.sees("112", phone.code).hangs_up()
    assert kept.report().about == "call_me"


@pytest.mark.parametrize(("label", "window"), WINDOWS.items())
def test_she_is_rung_when_it_is_safe(line: Line, kept: Kept, label: str, window: str) -> None:
    line.phone().dial().press(7, 1, 1).choose(label).hangs_up()
    reachable = kept.contact()
    assert reachable is not None
    assert reachable.window == window


@in_every_language
def test_another_number_is_rung_and_never_written_to(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Call me", "Another number")
    phone.sees("Type the number to call:").press("0788 999 111")
    phone.sees("When they call they say").choose("OK, choose time", "Now").hangs_up()

    reachable = kept.contact()
    assert reachable is not None
    assert reachable.other_number == "0788999111"
    assert (reachable.by, reachable.number.reveal()) == ("call", CALLER)
    line.deliver()
    line.clock.tick()
    assert kept.sms_to_callers() == 0
    assert not any(sms.to.endswith("788999111") for sms in line.sms_provider.taken)


def test_a_number_that_is_also_a_nurses_changes_nothing(line: Line, kept: Kept) -> None:
    """Whatever is typed, SMS go to numbers we know by other ways."""
    nurse = line.staff("national", "national")
    line.phone().dial().press(7, 2, nurse, 1, 1).hangs_up()
    assert [sms.to for sms in line.deliver()] == [nurse]
    assert kept.sms_to_callers() == 0


@in_every_language
def test_half_a_number_is_asked_for_again(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Call me", "Another number").press("0788")
    phone.sees("Type the whole phone number.", "Type the number to call:")
    phone.press("0788999111").sees("When they call they say")
    assert kept.rows() == {}


@in_every_language
def test_from_the_first_safety_screen_it_takes_four_keys(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().choose("I need help").sees("Is it safe to use this phone now?")
    before = len(phone.text.split("*"))
    phone.choose("Only call me back", "This number", "OK, choose time", "Now")
    phone.sees("A counsellor will call you.").hangs_up()
    assert len(phone.text.split("*")) - before <= 4
    assert kept.report().about == "call_me"
