"""The staff's own line: sign in, see what is open, accept, and learn how to help."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.store import database
from gateway.store.models import Audit, Report
from tests.conversations.interpreter import in_every_language
from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import PIN


def report(line: Line) -> str:
    """A report for Kabutare; its code."""
    phone = line.phone().dial().choose("I need help", "Yes, continue", "Continue", "18 or more")
    phone.choose("Beaten or hurt", "Last 3 days", "South", "Huye", "Kabutare", "Yes, by call")
    phone.choose("Evening", "No").press("2580").choose("Send: health")
    line.deliver()
    return phone.code


def signed_in(line: Line, number: str) -> Phone:
    return line.staff_phone(number).dial().sees("PIN:").press(PIN)


def acts(line: Line) -> list[str]:
    with database.reading(line.web.database) as session:
        return list(session.scalars(select(Audit.act).order_by(Audit.id)))


def state(line: Line) -> str:
    with database.reading(line.web.database) as session:
        return session.scalars(select(Report.state)).one()


@in_every_language
def test_a_nurse_accepts_reads_and_calls(line: Line, language: str) -> None:
    nurse = line.staff("kabutare", language=language)
    code = report(line)

    phone = signed_in(line, nurse).sees("You are on duty.", f"{code} P2")
    phone.choose(code).sees(f"{code} P2: ", "new").choose("Accept").sees("yours")
    phone.choose("What was answered")
    phone.sees("Age", "18 or more", "Beaten or hurt", "Last 3 days", "Place", "Huye")
    phone.press(9).choose("Call her").sees("Not called yet.")
    phone.choose("Number to call").sees("Why do you need the number?").choose("First call")
    phone.sees("Call {number}. Safe: {window}.", "+250788123456", "17:00-20:00")
    phone.press(9, 9).choose("Check her 4 numbers").press("2580").sees("Right: it is the same")
    phone.press(9, 9).choose("Check her 4 numbers").press("2581").sees("Wrong. Do not speak")
    phone.press(9, 9).choose("What came of the call?", "I reached her").sees("Noted. If you agreed")
    phone.choose("Back to the report").choose("Close", "Yes, close").sees("closed")
    assert state(line) == "closed"
    assert acts(line)[-10:] == [
        "signed in",
        "opened",
        "accepted",
        "read answers",
        "revealed",
        "secret right",
        "secret wrong",
        "called",
        "opened",
        "closed",
    ]


@pytest.mark.parametrize("who", ["a stranger", "a wrong PIN", "a locked PIN"])
def test_whoever_is_not_recognised_gets_the_same_words(line: Line, who: str) -> None:
    nurse = line.staff("kabutare")
    if who == "a locked PIN":
        for _ in range(5):
            line.staff_phone(nurse).dial().press("0001").hangs_up()
    number = "+250788999999" if who == "a stranger" else nurse
    phone = line.staff_phone(number).dial().press("0001" if who == "a wrong PIN" else PIN)
    phone.hangs_up()
    assert phone.screen == "Not recognised. Check your PIN and dial again."


def test_the_callers_code_knows_nothing_of_staff(line: Line) -> None:
    nurse = line.staff("kabutare")
    line.phone(nurse).dial().sees("Health & Family Info").does_not_see("PIN", "duty")


def test_a_colleague_sees_that_it_is_taken_and_reads_nothing(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    code = report(line)
    signed_in(line, nurse).choose(code, "Accept")

    phone = signed_in(line, other).sees(f"{code} P2 taken by a colleague").choose(code)
    phone.does_not_see("What was answered", "Call her", "Accept")


def test_staff_of_another_centre_see_nothing(line: Line) -> None:
    line.staff("kabutare")
    stranger = line.staff("gihundwe")
    code = report(line)
    signed_in(line, stranger).does_not_see(code)


def test_off_duty_and_on_again(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = signed_in(line, nurse).choose("Go off duty").sees("You are off duty.")
    lead = line.staff("kabutare", "lead")
    report(line)
    assert {sms.to for sms in line.sms_provider.taken} == {lead}
    phone.choose("Go on duty").sees("You are on duty.")


def test_handed_over_the_colleague_is_alerted_again_and_accepts(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare")
    code = report(line)
    phone = signed_in(line, nurse).choose(code, "Accept")
    line.deliver()

    phone.choose("Hand over", "Yes, hand over").sees("passed on")

    assert [(sms.to, "new" in sms.text) for sms in line.deliver()] == [(other, True)]
    signed_in(line, other).choose(code, "Accept").sees("yours")


def test_who_thinks_better_of_it_accepts_what_nobody_has(line: Line) -> None:
    nurse = line.staff("kabutare")
    code = report(line)
    phone = signed_in(line, nurse).choose(code, "I cannot").sees("passed on")
    phone.choose("Accept").sees("yours")


def test_i_cannot_calls_the_lead(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    code = report(line)
    signed_in(line, nurse).choose(code, "I cannot").sees("passed on")
    line.clock.tick()
    assert [sms.to for sms in line.deliver()] == [lead]


def test_numbers_are_shown_only_so_often(line: Line) -> None:
    nurse = line.staff("kabutare")
    code = report(line)
    phone = signed_in(line, nurse).choose(code, "Accept", "Call her", "Number to call")
    for _ in range(10):
        phone.choose("Follow up").sees("Call +250788123456").press(9)
    phone.choose("Follow up").sees("Too many numbers this hour")


def test_a_dial_through_never_answers_the_pin(line: Line) -> None:
    nurse = line.staff("kabutare")
    line.staff_phone(nurse).dial(through=PIN).sees("PIN:")


def test_a_session_lost_on_the_way_goes_on(line: Line) -> None:
    nurse = line.staff("kabutare")
    code = report(line)
    phone = signed_in(line, nurse).choose(code)
    line.web.redis.flushall()
    phone.choose("Accept").sees("yours")


def test_staff_cannot_find_her_numbers_by_trying(line: Line) -> None:
    nurse = line.staff("kabutare")
    code = report(line)
    phone = signed_in(line, nurse).choose(code, "Accept", "Call her")
    for _ in range(5):
        phone.choose("Check her 4 numbers").press("0001").sees("Wrong. Do not speak").press(9, 9)
    phone.choose("Check her 4 numbers").press("2580").sees("Wrong. Do not speak")
