"""Worried about a child: a neighbour, a teacher, a relative, or the child itself."""

from __future__ import annotations

import pytest

from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.lines import CALLER, Line
from tests.phone import Phone


def until_where(line: Line) -> Phone:
    """A child who is beaten, not in danger right now; asked where it lives."""
    phone = line.phone().dial().choose("Worried about a child", "No", "6-11", "Beating, injury")
    return phone.choose("Longer ago").sees("Type the first 3 letters of the")


def alerted(line: Line, how: str) -> Phone:
    """A child in danger now: the alert has left, the questions begin."""
    phone = line.phone().dial().choose("Worried about a child", "Yes, now")
    phone.sees("Call {child} or {police} now, free.", "116", "112").choose(how)
    return phone.sees("The centre is alerted. It, its lead, {investigator} and the", "RIB")


@in_every_language
def test_from_the_first_key_to_the_code(line: Line, kept: Kept) -> None:
    nurse, police = line.staff("kabutare"), line.staff("kabutare", "investigator")
    phone = line.phone().dial().choose("Worried about a child")
    phone.sees("Thank you for caring for a child.").choose("No")
    phone.sees("The centre, its lead, {investigator} and the national desk may read this.", "RIB")
    phone.choose("6-11").sees("What worries you?").choose("Beating, injury")
    phone.sees("When?").choose("Longer ago")
    phone.sees("Type the first 3 letters of the").press("ngo")
    phone.sees("Which one?").choose("Ngoma, Huye")
    phone.sees("A worker must find the child. May they call you?").choose("Yes")
    phone.sees("Send to {centre}? The law may require staff to act.", "Kabutare")
    phone.choose("Yes, send").sees("Report sent. Code {ref}. Do not question the child")
    phone.sees(kept.report().code, "116", "112").hangs_up()

    assert kept.answers() == {
        "age": "6_11",
        "worry": "physical",
        "when": "older",
        "area": "south/huye/ngoma",
    }
    reachable = kept.contact()
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.by) == (CALLER, "call")
    assert {sms.to for sms in line.deliver()} == {nurse, police}
    assert kept.sms_to_callers() == 0


@in_every_language
def test_a_child_in_danger_alerts_at_the_yes(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = alerted(line, "Alert centre, it may call me")
    assert ["P1 new" in sms.text for sms in line.deliver() if sms.to == duty] == [True]
    assert kept.report().about == "child_danger"
    phone.press(0).hangs_up()
    assert kept.rows()["reports"] == 1, "an alert that left stays"


@in_every_language
def test_the_alert_is_then_filled_in(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    nurse = line.staff("kabutare")
    phone = alerted(line, "Alert centre, it may call me")
    line.deliver()
    ref = kept.report().code
    phone.choose("0-5", "Sexual abuse", "Last 3 days")
    phone.sees("Go to a centre today if you can").choose("Continue").press("ngo")
    phone.choose("Ngoma, Huye").sees("Send to {centre}? The law may require staff to act.")
    phone.choose("Yes, send").sees("Report sent. Code").sees(ref).hangs_up()

    assert (kept.report().code, kept.report().centre_id) == (ref, "kabutare")
    assert kept.answers() == {
        "danger": "now",
        "age": "0_5",
        "worry": "sexual",
        "when": "within_72h",
        "area": "south/huye/ngoma",
    }
    reachable = kept.contact()
    assert reachable is not None
    assert (reachable.by, reachable.window) == ("call", "now")
    assert nurse in {sms.to for sms in line.deliver()}


@in_every_language
def test_whoever_stays_unknown_names_the_cell(line: Line, kept: Kept) -> None:
    phone = alerted(line, "Alert centre, I stay unknown")
    assert kept.contact() is None
    phone.choose("12-15", "Left alone, no food", "Not sure").press("ngo").choose("Ngoma, Huye")
    phone.sees("Then choose the", "Butare", "Matyazo").choose("Matyazo")
    phone.choose("Yes, send").sees("Report sent. Code").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma/matyazo"
    assert kept.contact() is None
    assert "contacts" not in kept.rows()


@in_every_language
def test_without_danger_too_one_may_stay_unknown(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "No, stay unknown")
    phone.sees("Then choose the").choose("I don't know").choose("Yes, send").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma"
    assert kept.contact() is None


@in_every_language
def test_the_sector_may_be_misspelt_or_chosen_from_a_list(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("kigarma").choose("Kigarama, Kicukiro")
    phone.sees("A worker must find the child.").press(9, 9)
    phone.sees("Type the first 3 letters of the").choose("Choose from a list")
    phone.sees("Which province?").choose("South", "Huye", "Ngoma")
    phone.sees("A worker must find the child.").choose("Yes").sees("Kabutare")
    phone.choose("Yes, send").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma"


@in_every_language
def test_whoever_does_not_know_where_reports_to_the_national_desk(line: Line, kept: Kept) -> None:
    phone = until_where(line).choose("I don't know").sees("A worker must find the child.")
    phone.choose("No, stay unknown").sees("the national desk").choose("Yes, send").hangs_up()
    assert kept.report().centre_id == "national"
    assert "area" not in kept.answers()


@in_every_language
def test_i_am_that_child_leads_to_the_childs_own_report(line: Line) -> None:
    phone = line.phone().dial().choose("Worried about a child", "I am that child")
    phone.sees("Is it safe to use this phone now?").choose("Yes, continue", "Continue", "12-15")
    phone.sees("Because you are under 18")


@in_every_language
def test_a_centre_that_was_passed_over_hears_nothing(line: Line, kept: Kept) -> None:
    line.staff("kabutare")
    chosen = line.staff("nyanza")
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Yes", "Another centre")
    phone.does_not_see("Kabutare").choose("Nyanza").sees("Nyanza").choose("Yes, send").hangs_up()
    assert (kept.report().centre_id, kept.report().avoid) == ("nyanza", ["kabutare"])
    assert [sms.to for sms in line.deliver()] == [chosen]


def test_nor_does_any_other_that_was_refused(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Yes")
    phone.sees("Send to Kabutare").choose("Another centre", "Nyanza")
    phone.sees("Send to Nyanza").choose("Another centre", "Kigeme")
    phone.sees("Send to Kigeme").choose("Yes, send").hangs_up()
    assert (kept.report().centre_id, kept.report().avoid) == ("kigeme", ["kabutare", "nyanza"])


@in_every_language
def test_no_delete_all_leaves_nothing_in_any_table(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Yes", "No, delete all")
    phone.sees("Nothing was kept. Have a good day.").hangs_up()
    assert kept.rows() == {}


@pytest.mark.parametrize("worry", ["Beating, injury", "Left alone, no food", "Other"])
def test_only_sexual_abuse_is_a_matter_of_hours(line: Line, worry: str) -> None:
    phone = line.phone().dial().press(3).choose("No", "6-11", worry)
    phone.choose("Last 3 days").sees("Type the first 3 letters of the sector").press(9, 9)
    phone.choose("Sexual abuse", "It is still going on").sees("Go to a centre today if you can")


def test_the_alert_is_sent_once_however_often_the_step_comes(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = alerted(line, "Alert centre, it may call me")
    first = phone.screen
    line.web.redis.flushall()
    assert phone.repeat().screen == first
    assert kept.rows()["reports"] == 1
    assert len(line.deliver()) == 1


@pytest.mark.parametrize(
    ("first", "then", "numbers"), [("call", "unknown", 0), ("unknown", "call", 1)]
)
def test_whether_she_may_be_called_is_her_last_word(
    line: Line, kept: Kept, first: str, then: str, numbers: int
) -> None:
    keys = {"call": "1", "unknown": "2"}
    phone = line.phone().dial().press(3, 1, keys[first]).press(9).press(keys[then]).press(0)
    phone.hangs_up()
    assert kept.rows()["reports"] == 1
    assert kept.rows().get("contacts", 0) == numbers
