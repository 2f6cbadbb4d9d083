"""Worried about a child: a neighbour, a teacher, a relative, or the child itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.store import database
from gateway.store.models import Report
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import CALLER


def until_where(line: Line) -> Phone:
    """A child who is beaten, not in danger right now; asked where it lives."""
    phone = line.phone().dial().choose("Worried about a child", "No", "6-11", "Beating, injury")
    return phone.choose("Longer ago").sees("Type the first 3 letters of the")


UNKNOWN = "Alert centre, I stay unknown"

NUMBER_NOW = "You may call me now"


def in_danger(line: Line) -> Phone:
    """A child in danger now: what is to be done?"""
    phone = line.phone().dial().choose("Worried about a child", "Yes, now")
    return phone.sees("Call {child} or {police} now, free.", "116", "112")


def alerted(line: Line) -> Phone:
    """The same; the alert has left, with a number to call now, and the questions begin."""
    phone = in_danger(line).choose("Alert centre, it may call me now")
    return warned(phone.sees("The centre is alerted. {how}"))


def warned(phone: Phone) -> Phone:
    """Told how she will be called, and what to say if it is not safe."""
    return phone.sees("When they call they say: '{greeting}'").choose("Continue")


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
    phone.sees("A worker must find the child. When may they call you?").choose("Evening")
    warned(phone).sees("Send to {centre}? The law may require staff to act.", "Kabutare")
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
    assert reachable.window == "evening", "whoever harms the child may stand beside the phone"
    assert {sms.to for sms in line.deliver()} == {nurse, police}
    assert kept.sms_to_callers() == 0


@in_every_language
def test_a_child_in_danger_alerts_at_the_yes(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = alerted(line)
    assert ["P1 new" in sms.text for sms in line.deliver() if sms.to == duty] == [True]
    assert kept.report().about == "child_danger"
    phone.press(0).hangs_up()
    assert kept.rows()["reports"] == 1, "an alert that left stays"


@in_every_language
def test_the_alert_is_then_filled_in(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    nurse = line.staff("kabutare")
    phone = alerted(line).sees("The centre is alerted. It, its lead, {investigator} and the", "RIB")
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
def test_whoever_stays_unknown_says_where_before_the_alert_leaves(line: Line, kept: Kept) -> None:
    duty, nurse = line.staff("national", "national"), line.staff("kabutare")
    phone = in_danger(line).choose(UNKNOWN)
    phone.sees("We alert when we know where. Type the first 3 letters of the").press("ngo")
    phone.choose("Ngoma, Huye").sees("Then choose the", "Butare", "Matyazo")
    assert line.deliver() == []
    phone.choose("Matyazo").sees("The centre is alerted. It, its lead, {investigator} and the")
    assert ["P1 new" in sms.text for sms in line.deliver() if sms.to == duty] == [True]
    assert kept.answers() == {"danger": "now", "area": "south/huye/ngoma/matyazo"}

    phone.choose("12-15", "Left alone, no food", "Not sure").sees("Send to {centre}? The law")
    phone.choose("Yes, send").sees("Report sent. Code").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma/matyazo"
    assert kept.contact() is None
    assert "contacts" not in kept.rows()
    assert kept.rows()["reports"] == 1
    assert {sms.to for sms in line.deliver()} == {nurse}


def unable_to_say(phone: Phone, *way: str) -> Phone:
    """Asked where, and that is not known or not told."""
    return phone.choose(*way).sees("Nobody can look without a place. Call {child} or {police} now")


ways_not_to_say = pytest.mark.parametrize(
    "way", [("I don't know",), ("Choose from a list", "Prefer not to say")]
)


@in_every_language
@ways_not_to_say
def test_without_place_and_number_nobody_is_told_that_help_is_on_its_way(
    line: Line, kept: Kept, way: tuple[str, ...]
) -> None:
    line.staff("national", "national")
    phone = unable_to_say(in_danger(line).choose(UNKNOWN), *way).sees("116", "112")
    phone.choose("I will call").sees("Call {police} (police, free).").hangs_up()
    assert line.deliver() == []
    line.clock.tick()
    assert line.deliver() == []
    assert (kept.report().about, kept.report().due_at) == ("child_danger", None), "it is kept"


@in_every_language
@ways_not_to_say
def test_a_number_will_do_instead_of_a_place(line: Line, kept: Kept, way: tuple[str, ...]) -> None:
    duty = line.staff("national", "national")
    phone = unable_to_say(in_danger(line).choose(UNKNOWN), *way).choose(NUMBER_NOW)
    assert [sms.to for sms in line.deliver()] == [duty]
    warned(phone.sees("The centre is alerted. {how}")).choose("6-11", "Other", "Not sure")
    phone.sees("Type the first 3 letters of the").choose("I don't know")
    phone.sees("Send to {centre}? The law", "the national desk").choose("Yes, send").hangs_up()
    reachable = kept.contact()
    assert reachable is not None
    assert reachable.window == "now"


@in_every_language
def test_and_a_place_will_do_in_the_end(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = unable_to_say(in_danger(line).choose(UNKNOWN), "I don't know").choose("Give a place")
    phone.press("ngo").choose("Ngoma, Huye", "I don't know")
    assert [sms.to for sms in line.deliver()] == [duty]
    phone.sees("The centre is alerted. It, its lead, {investigator} and the")
    assert kept.answers() == {"danger": "now", "area": "south/huye/ngoma"}


def its_time_is_up(line: Line) -> None:
    """Nobody has accepted it in time, and the clock ticks."""
    with database.writing(line.web.database, "test") as session:
        session.execute(
            update(Report)
            .where(Report.escalate_at.is_not(None))
            .values(escalate_at=database.now(session) - timedelta(seconds=1))
        )
    line.clock.tick()


def takes_her_number_back(phone: Phone) -> Phone:
    """She said that the centre may call her, and thinks better of it before the questions."""
    return phone.press(9, 9).sees("Call {child} or {police} now, free.").choose(UNKNOWN)


@in_every_language
@ways_not_to_say
def test_an_alert_that_nobody_can_act_on_any_more_goes_no_further(
    line: Line, kept: Kept, way: tuple[str, ...]
) -> None:
    duty, lead = line.staff("national", "national"), line.staff("national", "lead")
    phone = alerted(line)
    assert {sms.to for sms in line.deliver()} == {duty, lead}
    phone = takes_her_number_back(phone).sees("We alert when we know where.")
    unable_to_say(phone, *way).choose("I will call").hangs_up()
    assert kept.contact() is None
    for _ in range(3):
        its_time_is_up(line)
        assert not {duty, lead} & {sms.to for sms in line.deliver()}


@in_every_language
def test_and_goes_on_when_she_names_the_place_after_all(line: Line, kept: Kept) -> None:
    duty, nurse = line.staff("national", "national"), line.staff("kabutare")
    phone = alerted(line)
    assert [sms.to for sms in line.deliver()] == [duty]
    phone = takes_her_number_back(phone).press("ngo").choose("Ngoma, Huye", "Matyazo")
    phone.sees("The centre is alerted. It, its lead, {investigator} and the")
    assert [sms.to for sms in line.deliver()] == [duty], "asked again: there is a place to look at"
    phone.choose("12-15", "Left alone, no food", "Not sure", "Yes, send").hangs_up()
    assert [sms.to for sms in line.deliver()] == [nurse]
    assert kept.rows()["reports"] == 1
    assert kept.contact() is None


@in_every_language
def test_who_deletes_all_is_told_what_the_centre_keeps(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = alerted(line).press(9, 9, 9).choose("No", "6-11", "Other", "Not sure")
    phone.choose("I don't know", "No, stay unknown")
    phone.choose("No, delete all").sees("No more was sent. The centre keeps the alert of this")
    phone.sees(kept.report().code, "116", "112").hangs_up()
    assert kept.contact() is not None


@in_every_language
def test_and_is_believed_when_nobody_was_told(line: Line, kept: Kept) -> None:
    phone = unable_to_say(in_danger(line).choose(UNKNOWN), "I don't know")
    phone = phone.press(9, 9, 9).choose("No", "6-11", "Other", "Not sure", "I don't know")
    phone.choose("No, stay unknown", "No, delete all").sees("Nothing was kept.").hangs_up()
    assert (kept.report().state, kept.report().answers) == ("deleted", None)


def test_where_no_smaller_area_is_known_the_alert_leaves_with_this_one(line: Line) -> None:
    """Every sector of Rwanda has cells; here she skips them, and says no more than the sector."""
    duty = line.staff("national", "national")
    phone = in_danger(line).choose(UNKNOWN, "Choose from a list", "South", "Huye", "Ngoma")
    phone.choose("I don't know").press(0).hangs_up()
    assert [sms.to for sms in line.deliver()] == [duty]


@in_every_language
def test_without_danger_too_one_may_stay_unknown(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "No, stay unknown")
    phone.sees("Then choose the").choose("I don't know").choose("Yes, send").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma"
    assert kept.contact() is None


@in_every_language
def test_the_sector_may_be_misspelt_or_chosen_from_a_list(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("kigarma").choose("Kigarama, Kicukiro")
    phone.sees("A worker must find the child. When").press(9, 9)
    phone.sees("Type the first 3 letters of the").choose("Choose from a list")
    phone.sees("Which province?").choose("South", "Huye", "Ngoma")
    phone.sees("A worker must find the child. When").choose("Now")
    warned(phone).sees("Kabutare").choose("Yes, send").hangs_up()
    assert kept.answers()["area"] == "south/huye/ngoma"


@in_every_language
def test_whoever_does_not_know_where_reports_to_the_national_desk(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    phone = until_where(line).choose("I don't know").sees("A worker must find the child. When")
    warned(phone.choose("Now")).sees("the national desk").choose("Yes, send").hangs_up()
    assert kept.report().centre_id == "national"
    assert "area" not in kept.answers()
    assert [sms.to for sms in line.deliver()] == [duty]


@in_every_language
def test_with_neither_place_nor_number_the_report_is_kept_and_nobody_is_woken(
    line: Line, kept: Kept
) -> None:
    line.staff("national", "national")
    phone = until_where(line).choose("I don't know", "No, stay unknown")
    phone.sees("Nobody can look without a place. Call {child}, free", "116")
    phone.choose("Keep it, tell nobody").sees("Kept, but nobody can look for the child.")
    phone.does_not_see("Report sent.").sees("116", "112").hangs_up()
    line.clock.tick()
    assert line.deliver() == []
    assert kept.answers() == {"age": "6_11", "worry": "physical", "when": "older"}


@in_every_language
def test_she_is_led_to_give_a_place_or_a_number(line: Line, kept: Kept) -> None:
    nurse = line.staff("kabutare")
    phone = until_where(line).choose("I don't know", "No, stay unknown", "You may call me")
    phone.sees("A worker must find the child. When").choose("No, stay unknown", "Give a place")
    phone.sees("Type the first 3 letters of the").press("ngo").choose("Ngoma, Huye")
    phone.sees("Then choose the").choose("Matyazo", "Yes, send").sees("Report sent. Code")
    assert kept.answers()["area"] == "south/huye/ngoma/matyazo"
    assert [sms.to for sms in line.deliver()] == [nurse]


@in_every_language
def test_i_am_that_child_leads_to_the_childs_own_report(line: Line) -> None:
    phone = line.phone().dial().choose("Worried about a child", "I am that child")
    phone.sees("Is it safe to use this phone now?").choose("Yes, continue", "Continue", "12-15")
    phone.sees("Because you are under 18")


@in_every_language
def test_a_centre_that_was_passed_over_hears_nothing(line: Line, kept: Kept) -> None:
    line.staff("kabutare")
    chosen = line.staff("nyanza")
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Now", "Continue")
    phone.choose("Another centre")
    phone.does_not_see("Kabutare").choose("Nyanza").sees("Nyanza").choose("Yes, send").hangs_up()
    assert (kept.report().centre_id, kept.report().avoid) == ("nyanza", ["kabutare"])
    assert [sms.to for sms in line.deliver()] == [chosen]


def test_nor_does_any_other_that_was_refused(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Now", "Continue")
    phone.sees("Send to Kabutare").choose("Another centre", "Nyanza")
    phone.sees("Send to Nyanza").choose("Another centre", "Kigeme")
    phone.sees("Send to Kigeme").choose("Yes, send").hangs_up()
    assert (kept.report().centre_id, kept.report().avoid) == ("kigeme", ["kabutare", "nyanza"])


@in_every_language
def test_no_delete_all_leaves_nothing_in_any_table(line: Line, kept: Kept) -> None:
    phone = until_where(line).press("ngo").choose("Ngoma, Huye", "Now", "Continue")
    phone.choose("No, delete all")
    phone.sees("Nothing was kept. Have a good day.").hangs_up()
    assert kept.rows() == {}


@pytest.mark.parametrize("worry", ["Beating, injury", "Left alone, no food", "Other"])
def test_only_sexual_abuse_is_a_matter_of_hours(line: Line, worry: str) -> None:
    phone = line.phone().dial().press(3).choose("No", "6-11", worry)
    phone.choose("Last 3 days").sees("Type the first 3 letters of the sector").press(9, 9)
    phone.choose("Sexual abuse", "It is still going on").sees("Go to a centre today if you can")


@in_every_language
def test_care_helps_whenever_it_was(line: Line) -> None:
    phone = line.phone().dial().choose("Worried about a child", "No", "16-17", "Sexual abuse")
    for when in ("Last 3 days", "It is still going on", "Not sure"):
        phone.choose(when).sees("Go to a centre today if you can: medicine").press(9)
    for when in ("Last 5 days", "Longer ago"):
        phone.choose(when).sees("Care at a centre still helps the child.").press(9)
    phone.choose("Last 5 days", "Continue").sees("Type the first 3 letters of the")


def test_a_time_that_nobody_knows_is_as_urgent_as_72_hours(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("Worried about a child", "No", "16-17", "Sexual abuse")
    phone.choose("Not sure", "Continue").press("ngo").choose("Ngoma, Huye", "Now", "Continue")
    phone.choose("Yes, send").hangs_up()
    assert kept.report().priority == "P1"


def test_the_alert_is_sent_once_however_often_the_step_comes(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = in_danger(line).choose("Alert centre, it may call me now")
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


@in_every_language
def test_with_nobody_on_duty_she_is_told_so(line: Line, kept: Kept) -> None:
    phone = in_danger(line).choose("Alert centre, it may call me now")
    phone.sees("Nobody is on duty: call {child}. {how}", "116").choose("Continue")
    phone.sees("The centre, its lead, {investigator} and the national desk may read this.")
    assert line.deliver() == []
    assert kept.rows()["reports"] == 1
