"""My code: for who knows the code and the four numbers, and for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.store import database
from gateway.store.models import Audit, CodeTry, Report
from menus.checks import check_digit
from tests.conversations.calls import reported
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line, digits
from tests.phone import Phone
from tests.samples import CALLER, HER_SECRET, PIN

OTHER = "+250788000777"
NO_MATCH = "No match. Check the numbers or call the centre."


def asked(line: Line, code: str, secret: str, number: str = CALLER) -> Phone:
    phone = line.phone(number).dial().choose("My code").sees("Type your code:").press(code)
    return phone.sees("Type your 4 numbers:").press(secret)


def unknown_code(known: str) -> str:
    """Another code that could be one."""
    bare = str((int(known[:-1]) + 1) % 10 ** (len(known) - 1)).zfill(len(known) - 1)
    return bare + check_digit(bare)


@in_every_language
def test_it_says_where_her_report_stands_and_no_more(line: Line) -> None:
    nurse = line.staff("kabutare")
    code = reported(line)
    phone = asked(line, code, HER_SECRET).sees("Received by the centre.")
    phone.does_not_see("Kabutare", "Huye", "Beaten or hurt", CALLER[-9:], code)

    (alert,) = line.deliver()
    line.text(nurse, f"1 {code} {digits(alert)}")
    asked(line, code, HER_SECRET).sees("The centre is working on it.")

    close, yes = 4, 1
    line.staff_phone(nurse).dial().press(PIN).choose(code).press(close, yes)
    phone = asked(line, code, HER_SECRET).sees("This is closed. You can come again at any time.")
    phone.sees("Delete my report", "Stop all contact").does_not_see("Change how you contact me")


@in_every_language
def test_a_wrong_secret_and_an_unknown_code_look_the_same(line: Line) -> None:
    code = reported(line)
    wrong_secret = asked(line, code, "2581").sees(NO_MATCH).screen
    assert asked(line, unknown_code(code), HER_SECRET).screen == wrong_secret
    assert asked(line, unknown_code(code), "2581", OTHER).screen == wrong_secret
    assert code not in wrong_secret


def test_they_leave_the_same_traces(line: Line, kept: Kept) -> None:
    code = reported(line)
    for tried in (code, unknown_code(code)):
        before = kept.rows()
        asked(line, tried, "2581")
        after = kept.rows()
        grown = {table for table in after if after[table] != before.get(table, 0)}
        assert grown == {"audit", "code_tries"}


@in_every_language
def test_try_again_asks_for_both_again(line: Line) -> None:
    code = reported(line)
    phone = asked(line, code, "2581").choose("Try again").sees("Type your code:").press(code)
    phone.sees("Type your 4 numbers:").press(HER_SECRET).sees("Received by the centre.")


@in_every_language
def test_a_slip_of_the_finger_costs_no_try(line: Line, kept: Kept) -> None:
    code = reported(line)
    slip = code[:-1] + str((int(code[-1]) + 1) % 10)
    phone = line.phone().dial().choose("My code").press(slip)
    phone.sees("One digit of the code is wrong.", "Type your code:").press("12")
    phone.sees("The code has at least 6 digits.").press(code).press("25")
    phone.sees("Please type 4 digits.", "Type your 4 numbers:")
    assert "code_tries" not in kept.rows()


def test_a_code_has_five_tries_a_day_from_all_phones_together(line: Line) -> None:
    code = reported(line)
    for caller in range(5):
        asked(line, code, "2581", f"+25078811111{caller}").sees(NO_MATCH)
    refused = asked(line, code, HER_SECRET).sees(NO_MATCH).screen
    assert asked(line, unknown_code(code), HER_SECRET, OTHER).screen == refused


def test_four_failures_leave_her_the_fifth_try(line: Line) -> None:
    code = reported(line)
    for _ in range(4):
        asked(line, code, "2581")
    asked(line, code, HER_SECRET).sees("Received by the centre.")


def test_looking_at_her_own_report_is_no_failure(line: Line) -> None:
    code = reported(line)
    for _ in range(7):
        asked(line, code, HER_SECRET).sees("Received by the centre.")


def test_a_number_has_five_tries_a_day_for_all_codes_together(line: Line) -> None:
    code = tried = reported(line)
    for _ in range(5):
        tried = unknown_code(tried)
        asked(line, tried, "2581", OTHER)
    asked(line, code, HER_SECRET, OTHER).sees(NO_MATCH)
    asked(line, code, HER_SECRET).sees("Received by the centre.")


def test_the_next_day_she_may_try_again(line: Line) -> None:
    code = reported(line)
    for _ in range(5):
        asked(line, code, "2581")
    asked(line, code, HER_SECRET).sees(NO_MATCH)
    with database.writing(line.web.database, "test") as session:
        yesterday = database.now(session) - timedelta(days=1, seconds=1)
        session.execute(update(CodeTry).values(tried_at=yesterday))
    asked(line, code, HER_SECRET).sees("Received by the centre.")


def test_the_same_step_again_is_one_try(line: Line, kept: Kept) -> None:
    phone = asked(line, reported(line), "2581")
    for _ in range(3):
        line.web.redis.flushall()
        phone.repeat().sees(NO_MATCH)
    assert kept.rows()["code_tries"] == 1


def test_a_report_without_a_secret_opens_to_nobody(line: Line) -> None:
    phone = line.phone().dial().press(1, 1, 1)
    for secret in ("0000", "1234", HER_SECRET):
        asked(line, phone.code, secret).sees(NO_MATCH)


def test_the_number_alone_shows_nothing(line: Line) -> None:
    code = reported(line)
    asked(line, unknown_code(code), HER_SECRET).sees(NO_MATCH)


def test_she_may_look_from_any_phone(line: Line) -> None:
    asked(line, reported(line), HER_SECRET, OTHER).sees("Received by the centre.")


@in_every_language
def test_stop_all_contact_destroys_the_number_alone(line: Line, kept: Kept) -> None:
    phone = asked(line, reported(line), HER_SECRET).choose("Stop all contact")
    phone.sees("Stop all contact? The centre will not call").choose("Yes, stop")
    phone.sees("Done. Nobody will contact you. Have a good day.").hangs_up()
    assert kept.contact() is None
    assert {purpose for purpose, _ in kept.data_keys()} == {"answers"}
    assert kept.answers()["need"] == "physical"
    assert kept.report().state == "received"


def test_stop_all_contact_takes_back_an_sms_that_has_not_left(line: Line, kept: Kept) -> None:
    code = reported(line, "Yes, by SMS", "Yes", "Now")
    assert kept.waiting() == 1
    asked(line, code, HER_SECRET).choose("Stop all contact", "Yes, stop")
    assert kept.waiting() == 0
    assert line.deliver() == []


@in_every_language
def test_she_changes_when_she_may_be_rung(line: Line, kept: Kept) -> None:
    phone = asked(line, reported(line), HER_SECRET, OTHER).choose("Change how you contact me")
    phone.sees("May the centre contact you on this number?").choose("Yes, by call")
    phone.sees("When is it safe?").choose("Morning")
    phone.sees("Done. It is noted. Have a good day.").hangs_up()
    reachable = kept.contact()
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.by, reachable.window) == (OTHER, "call", "morning")
    assert kept.rows()["contacts"] == 1


@in_every_language
def test_she_changes_her_mind_about_being_rung_at_all(line: Line, kept: Kept) -> None:
    phone = asked(line, reported(line), HER_SECRET).choose(
        "Change how you contact me", "No contact"
    )
    phone.sees("Done. Nobody will contact you. Have a good day.").hangs_up()
    assert kept.contact() is None


@in_every_language
def test_delete_destroys_all_but_the_count(line: Line, kept: Kept) -> None:
    nurse = line.staff("kabutare")
    code = reported(line)
    (alert,) = line.deliver()
    phone = asked(line, code, HER_SECRET).choose("Delete my report")
    phone.sees("Delete your report and your number? This cannot be undone.").choose("Yes, delete")
    phone.sees("Done. All is deleted. Have a good day.").hangs_up()

    report = kept.report()
    assert (report.state, report.answers, report.secret_hash) == ("deleted", None, None)
    assert (report.avoid, report.due_at) == ([], None)
    assert (report.about, report.priority) == ("myself", "P2"), "the row is still counted"
    assert kept.rows().keys().isdisjoint({"contacts", "data_keys"})
    asked(line, code, HER_SECRET).sees(NO_MATCH)
    line.clock.tick()
    told = line.text(nurse, f"1 {code} {digits(alert)}")
    assert ["is closed" in sms.text for sms in told] == [True]


def test_delete_takes_back_what_has_not_left(line: Line, kept: Kept) -> None:
    line.staff("kabutare")
    code = reported(line, "Yes, by SMS", "Yes", "Now")
    assert kept.waiting() == 2
    asked(line, code, HER_SECRET).choose("Delete my report", "Yes, delete")
    assert kept.waiting() == 0
    line.clock.tick()
    assert line.deliver() == []


@in_every_language
@pytest.mark.parametrize("option", ["Stop all contact", "Delete my report"])
def test_no_changes_nothing(line: Line, kept: Kept, option: str) -> None:
    phone = asked(line, reported(line), HER_SECRET)
    before = kept.rows()
    phone.choose(option, "No").sees("Nothing was changed. Have a good day.").hangs_up()
    assert kept.rows() == before
    assert kept.contact() is not None


@pytest.mark.parametrize("pressed", [(), (1,), (1, 1), (2,), (3,)])
def test_exit_on_the_way_changes_nothing(line: Line, kept: Kept, pressed: tuple[int, ...]) -> None:
    phone = asked(line, reported(line), HER_SECRET)
    before = kept.rows()
    phone.press(*pressed).press(0).sees("Thank you. Have a good day.").hangs_up()
    assert kept.rows() == before


def test_every_look_and_every_change_is_in_the_audit(line: Line) -> None:
    code = reported(line)
    asked(line, code, "2581")
    asked(line, code, HER_SECRET).choose("Change how you contact me", "Yes, by call", "Now")
    asked(line, code, HER_SECRET).choose("Delete my report", "Yes, delete")
    with database.reading(line.web.database) as session:
        acts = [row.act for row in session.query(Audit).order_by(Audit.id)]
        report = session.query(Report).one().id
        known = [row.act for row in session.query(Audit) if row.report_id == report]
    assert acts[-5:] == ["no match", "looked", "contact changed", "looked", "deleted"]
    assert "no match" not in known, "a failed try is linked to no report"
