"""Her hours and her channel bind people as they bind machines."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway.cases import contacts
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import Audit, Report
from menus.intents import Contact
from tests.clocks import at_hour
from tests.conversations.calls import TO_HUYE, reported, until_need
from tests.conversations.interpreter import LANGUAGES, Interpreter, in_every_language
from tests.conversations.test_follow_up import BY_SMS, accepted, pass_
from tests.conversations.test_staff_line import acts, signed_in
from tests.moments import as_of
from tests.one_process_line import Line, code, digits
from tests.phone import Phone
from tests.samples import CALLER, HER_SECRET

NO_CONTACT = ("No, I will come or call",)
BY_CALL = ("Yes, by call", "Evening")
NOW = ("Yes, by call", "Now")
TO_THE_NUMBER = ("Call her", "Number to call", "First call")


def asks(phone: Phone) -> Phone:
    """The number, for a reason."""
    return phone.choose(*TO_THE_NUMBER)


def my_code(line: Line, ref: str) -> Phone:
    return line.phone().dial().choose("My code").press(ref).press(HER_SECRET)


def an_hour_ago(line: Line) -> None:
    """She asked to be called "now" sixty-one minutes ago."""
    with database.writing(line.web.database, "test") as session:
        report, past = session.scalars(select(Report)).one(), timedelta(minutes=61)
        contact, since = Contact(by="call", window="now"), database.now(session) - past
        contacts.replace(as_of(session, since), line.web.vault, report.id, Msisdn(CALLER), contact)


def kept_back(line: Line) -> list[str | None]:
    with database.reading(line.web.database) as session:
        query = select(Audit.detail).where(Audit.act == "number kept back").order_by(Audit.id)
        return list(session.scalars(query))


@in_every_language
def test_who_allowed_sms_alone_is_not_called(line: Line, language: str) -> None:
    _, _, phone = accepted(line, *BY_SMS, language=language)
    phone.sees("SMS ONLY. Do not call.").does_not_see("Call her", CALLER)
    phone.choose("SMS").sees("No reminder is set.")


@in_every_language
def test_who_allowed_no_contact_is_not_called(line: Line, language: str) -> None:
    _, _, phone = accepted(line, *NO_CONTACT, language=language)
    phone.sees("NO CONTACT. Do not call.").does_not_see("Call her", CALLER)


@in_every_language
@pytest.mark.parametrize("contact", [BY_SMS, NO_CONTACT])
def test_who_comes_by_herself_is_still_known_by_her_numbers(
    line: Line, language: str, contact: tuple[str, ...]
) -> None:
    _, _, phone = accepted(line, *contact, language=language)
    phone.choose("Check her 4 numbers").press(HER_SECRET).sees("Right: it is the same")


def test_after_stop_nobody_writes_to_who_allowed_sms_alone(line: Line) -> None:
    _, ref, phone = accepted(line, *BY_SMS)
    line.text(CALLER, "STOP")
    phone.choose("My alerts", ref).sees("NO CONTACT. Do not call.").does_not_see("Call her")


def test_stop_leaves_calls_to_who_allowed_them(line: Line) -> None:
    _, ref, phone = accepted(line, *BY_CALL)
    line.text(CALLER, "STOP")
    asks(phone.choose("My alerts", ref)).sees(CALLER)


def test_she_stops_contact_while_the_nurse_has_the_report_open(line: Line) -> None:
    """The number that the nurse saw a minute ago is not shown once more."""
    _, ref, phone = accepted(line, *BY_CALL)
    asks(phone).sees(CALLER).choose("What came of the call?", "No answer", "Back to the report")
    my_code(line, ref).choose("Stop all contact", "Yes, stop")

    asks(phone).sees("NO CONTACT. Do not call.").does_not_see(CALLER)
    assert acts(line)[-1] == "number kept back"
    phone.press(9, 9, 9).choose("My alerts", ref).sees("NO CONTACT. Do not call.")
    phone.does_not_see("Call her")


def test_she_allows_calls_instead_of_sms(line: Line) -> None:
    _, ref, phone = accepted(line, *BY_SMS)
    my_code(line, ref).choose("Change how you contact me", "Yes, by call", "Evening")
    asks(phone.choose("My alerts", ref)).sees(CALLER)


@in_every_language
@at_hour(13)
def test_before_her_hours_the_number_is_not_shown(line: Line, language: str) -> None:
    _, _, phone = accepted(line, *BY_CALL, language=language)
    asks(phone).sees("NOT NOW: from {time} {day}.", "17:00", "today", "17:00-20:00")
    phone.does_not_see(CALLER)
    assert kept_back(line) == ["not now"]
    assert "revealed" not in acts(line)


@in_every_language
@at_hour(22)
def test_after_her_hours_it_is_tomorrow(line: Line, language: str) -> None:
    _, _, phone = accepted(line, *BY_CALL, language=language)
    asks(phone).sees("NOT NOW: from {time} {day}.", "17:00", "tomorrow").does_not_see(CALLER)


@at_hour(22)
def test_in_plain_words(line: Line) -> None:
    _, _, phone = accepted(line, *BY_CALL)
    asks(phone).sees("NOT NOW: from 17:00 tomorrow. Do not call before. Safe: 17:00-20:00.")


@at_hour(22)
def test_a_look_that_is_kept_back_is_no_reveal(line: Line) -> None:
    """However often somebody looks too early, in her hours the number is there."""
    _, ref, phone = accepted(line, *BY_CALL)
    asks(phone)
    for _ in range(11):
        phone.press(9).choose("First call").sees("NOT NOW: from")
    my_code(line, ref).choose("Change how you contact me", "Yes, by call", "Now")
    phone.press(9).choose("First call").sees(f"Call {CALLER}. Safe: now.")


@in_every_language
@at_hour(22)
def test_now_is_an_hour_and_then_it_is_over(line: Line, language: str) -> None:
    _, _, phone = accepted(line, *NOW, language=language)
    asks(phone).sees(CALLER, "now").press(9, 9)
    an_hour_ago(line)
    phone.choose("Number to call", "First call").does_not_see(CALLER)
    phone.sees("NOT NOW: the hour is over. Do not call.", "{over} Wait for her to come or call")
    assert kept_back(line) == ["the hour is over"]

    phone.choose("What came of the call?", "No answer")
    phone.sees("Noted. {forbidden}", "NOT NOW: the hour is over. Do not call.")


def test_who_writes_names_no_hours_and_is_called_at_once_or_by_day(line: Line) -> None:
    duty = line.staff("national", "national")
    line.text(CALLER, "please call me")
    asks(signed_in(line, duty).choose(line.code_of_only_report(), "Accept")).sees("08:00-20:00")


@at_hour(22)
def test_who_writes_at_night_is_called_at_once(line: Line) -> None:
    duty = line.staff("national", "national")
    line.text(CALLER, "please call me")
    phone = signed_in(line, duty).choose(line.code_of_only_report(), "Accept")
    asks(phone).sees(f"Call {CALLER}. Safe: now.")


# The sentence by which they know each other.


@in_every_language
@pytest.mark.parametrize("staffs", LANGUAGES)
def test_staff_say_what_she_was_told_that_they_say(line: Line, language: str, staffs: str) -> None:
    duty = line.staff("national", "national", staffs)
    caller = line.phone().dial().choose("Call me", "This number")
    told = re.search(r": '(.+?)'", caller.sees("When they call they say").screen)
    assert told
    ref = caller.choose("OK, choose time", "Now").code

    line.reads = Interpreter.of(staffs, line.web.pack, line.web.speech)
    phone = asks(signed_in(line, duty).choose(ref, "Accept"))
    phone.sees("Call {number}. Safe: {window}. Say only", f"'{told[1]}'")


# Whoever keeps her hours is not punished.


@at_hour(22)
def test_nobody_is_reminded_before_her_hours(line: Line) -> None:
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    caller = until_need(line).choose("Sexual violence", "Last 3 days", "Continue", *TO_HUYE)
    caller.choose("Kabutare", *BY_CALL, "No").press(HER_SECRET).choose("Send: health")
    (alert,) = line.deliver()
    line.text(nurse, f"1 {code(alert)} {digits(alert)}")

    for _ in range(6):
        pass_(line, 60)
    assert [sms.to for sms in line.deliver() if sms.to in {nurse, lead}] == []
    signed_in(line, nurse).choose(code(alert)).sees("yours")


@pytest.mark.parametrize("contact", [BY_SMS, NO_CONTACT])
def test_nobody_is_told_to_note_a_call_that_she_did_not_allow(
    line: Line, contact: tuple[str, ...]
) -> None:
    nurse, _, _ = accepted(line, *contact)
    line.deliver()
    pass_(line, 120)
    (reminder,) = [sms.text for sms in line.deliver() if sms.to == nurse]
    assert "is yours and still open. Read it, hand over or close" in reminder


def test_a_reminder_that_waits_is_true_when_it_leaves(line: Line) -> None:
    nurse, ref, _ = accepted(line, *BY_CALL)
    pass_(line, 120)
    my_code(line, ref).choose("Stop all contact", "Yes, stop")
    assert "still open" not in " ".join(sms.text for sms in line.deliver())
    line.clock.tick()
    reminders = [sms.text for sms in line.deliver() if sms.to == nurse and "open" in sms.text]
    assert ["Read it, hand over or close" in text for text in reminders] == [True]


@in_every_language
def test_my_code_promises_no_contact_that_was_not_allowed(line: Line, language: str) -> None:
    _, ref, _ = accepted(line, *NO_CONTACT, language=language)
    my_code(line, ref).sees("The centre is working on it.")
    my_code(line, ref).does_not_see("The centre is working on it. They will contact you as agreed.")


@in_every_language
def test_my_code_promises_no_contact_that_was_stopped(line: Line) -> None:
    ref = reported(line)
    my_code(line, ref).sees("Received by the centre. They will contact you as agreed.").choose(
        "Stop all contact", "Yes, stop"
    )
    phone = my_code(line, ref).sees("Received by the centre.")
    phone.does_not_see("Received by the centre. They will contact you as agreed.")
