"""Who has left is shown nothing from that moment on, and a PIN can be changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.cases import leaving
from gateway.conversation.contract import Occasion
from gateway.runtime.phones import Msisdn
from gateway.staff import staff_list
from gateway.store import database
from gateway.store.models import Staff
from menus.intents import SignIn
from tests.conversations.interpreter import in_every_language
from tests.conversations.test_staff_line import acts, report, signed_in
from tests.one_process_line import Line, code, digits
from tests.samples import PIN

NEW_PIN = "9076"


def typed_again(number: str) -> Occasion:
    """Her first step in a call that is rebuilt."""
    return Occasion(b"a call", b"a call, one step", Msisdn(number), "en", None, again=True)


def remove(line: Line, number: str) -> int:
    return leaving.take_out(line.staff_parts, number)


def test_who_has_left_is_not_recognised_any_more(line: Line) -> None:
    nurse = line.staff("kabutare")
    remove(line, nurse)
    line.staff_phone(nurse).dial().press(PIN).sees("Not recognised").hangs_up()


@pytest.mark.parametrize("key", ["1", "2", "9"])
def test_a_call_that_is_under_way_is_over_at_once(line: Line, key: str) -> None:
    """With a screen that only shows what was looked up before as well."""
    nurse = line.staff("kabutare")
    reported = report(line)
    phone = signed_in(line, nurse).choose(reported, "Accept", "What was answered")
    remove(line, nurse)
    phone.press(key).hangs_up().does_not_see("18 or more", "Beaten")


def test_a_call_whose_session_was_lost_does_not_come_back(line: Line) -> None:
    nurse = line.staff("kabutare")
    desk, step = line.staff_parts.staff_line, typed_again(nurse)
    desk.do(SignIn(PIN), replace(step, again=False))
    assert "staff" in desk.do(SignIn(PIN), step).facts
    remove(line, nurse)
    assert desk.do(SignIn(PIN), step).facts == {}


def test_her_case_goes_to_a_colleague_and_stays_with_the_centre(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    reported = report(line)
    signed_in(line, nurse).choose(reported, "Accept")
    line.deliver()

    assert remove(line, nurse) == 1

    assert [(sms.to, "new" in sms.text) for sms in line.deliver()] == [(other, True)]
    signed_in(line, other).choose(reported, "Accept").sees("yours")
    assert acts(line)[-5:] == ["removed", "handed over", "signed in", "opened", "accepted"]


def test_what_she_was_asked_goes_to_the_next_at_once(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    reported = report(line)
    assert remove(line, nurse) == 1
    line.clock.tick()
    assert any(sms.to == lead and reported in sms.text for sms in line.deliver())


def test_nobody_is_alerted_who_has_left(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    other_lead = line.staff("kabutare", "lead")
    remove(line, nurse)
    remove(line, lead)
    line.deliver()
    line.sms_provider.taken.clear()
    report(line)
    assert {sms.to for sms in line.sms_provider.taken} == {other_lead}


def test_her_leads_hear_that_nobody_is_left(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    remove(line, nurse)
    assert lead in {sms.to for sms in line.deliver()}


def test_an_sms_from_her_number_is_a_strangers(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    report(line)
    (alert,) = (sms for sms in line.sms_provider.taken if sms.to == nurse)
    remove(line, nurse)
    line.text(nurse, f"1 {code(alert)} {digits(alert)}")
    signed_in(line, other).sees(f"{code(alert)} P2 new")


def test_of_her_number_and_her_pin_nothing_is_left(line: Line) -> None:
    nurse = line.staff("kabutare")
    remove(line, nurse)
    with database.reading(line.web.database) as session:
        row = session.query(Staff).one()
        assert (row.number, row.number_hash, row.pin_hash) == (None, None, None)
        assert row.left_at is not None
        assert not row.on_duty


def test_the_number_can_be_somebody_elses_then(line: Line) -> None:
    nurse = line.staff("kabutare")
    remove(line, nurse)
    staff_list.add(
        line.staff_parts, staff_list.StaffEntry(nurse, "counsellor", "kabutare", "en", NEW_PIN)
    )
    line.staff_phone(nurse).dial().press(NEW_PIN).sees("You are on duty.")


@in_every_language
def test_she_changes_her_pin(line: Line, language: str) -> None:
    nurse = line.staff("kabutare", language=language)
    phone = signed_in(line, nurse).choose("Change my PIN").sees("Your PIN now:").press(PIN)
    phone.sees("New PIN, 4 digits:").press("1111").sees("Too easy to guess.")
    phone.press(NEW_PIN).sees("Your new PIN counts from now on. Dial again.").hangs_up()

    line.staff_phone(nurse).dial().press(PIN).hangs_up()
    line.staff_phone(nurse).dial().press(NEW_PIN).sees("You are on duty.")
    assert acts(line) == ["signed in", "PIN changed", "wrong PIN", "signed in"]


def test_only_who_knows_the_old_pin_changes_it(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = signed_in(line, nurse).choose("Change my PIN").press("0852", NEW_PIN)
    phone.sees("That is not your PIN.").choose("My alerts").sees("You are on duty.")
    signed_in(line, nurse).sees("You are on duty.")
    assert acts(line)[:2] == ["signed in", "wrong PIN"]


def test_the_old_pin_is_not_found_by_trying(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = signed_in(line, nurse)
    for wrong in range(5):
        phone.choose("Change my PIN").press(f"085{wrong}", NEW_PIN).choose("My alerts")
    phone.choose("Change my PIN").press(PIN, NEW_PIN).sees("That is not your PIN.")


def test_a_new_pin_ends_the_calls_of_the_old_one(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = signed_in(line, nurse)
    staff_list.change_pin(line.staff_parts, nurse, NEW_PIN)
    phone.press("1").hangs_up()
    line.staff_phone(nurse).dial().press(PIN).sees("Not recognised")
    line.staff_phone(nurse).dial().press(NEW_PIN).sees("You are on duty.")


def test_a_lost_session_of_the_old_pin_does_not_come_back_with_the_new_one(line: Line) -> None:
    nurse = line.staff("kabutare")
    desk, step = line.staff_parts.staff_line, typed_again(nurse)
    desk.do(SignIn(PIN), replace(step, again=False))
    staff_list.change_pin(line.staff_parts, nurse, NEW_PIN)
    assert desk.do(SignIn(PIN), step).facts == {}


def test_a_new_pin_opens_a_line_that_wrong_ones_had_locked(line: Line) -> None:
    nurse = line.staff("kabutare")
    for _ in range(5):
        line.staff_phone(nurse).dial().press("0852")
    staff_list.change_pin(line.staff_parts, nurse, NEW_PIN)
    line.staff_phone(nurse).dial().press(NEW_PIN).sees("You are on duty.")


def test_a_step_that_comes_twice_changes_her_pin_once(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = signed_in(line, nurse).choose("Change my PIN").press(PIN, NEW_PIN)
    changed = phone.screen
    assert phone.repeat().screen == changed
    assert acts(line).count("PIN changed") == 1
