"""I need help: a report of one's own, from the first key to the code."""

from __future__ import annotations

import re

import pytest

from gateway.cases.my_code import secret_of
from tests.conversations.calls import TO_HUYE, until_confirm, until_contact, until_need
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line, code, digits
from tests.phone import Phone
from tests.samples import CALLER


def test_an_adult_reports_and_a_nurse_accepts(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare", "counsellor")
    phone = line.phone().dial().sees("Health & Family Info").press(2)
    phone.sees("Is it safe to use this phone now?").choose("Yes, continue")
    phone.sees("We do not ask your name").choose("Continue")
    phone.sees("Your age?").choose("18 or more")
    phone.sees("What happened?").choose("Sexual violence")
    phone.sees("When did it last happen?").choose("Last 3 days")
    phone.sees("Go to a centre today if you can", "Later is still OK").choose("Continue")
    phone.sees("Which province?").choose("South", "Huye")
    phone.sees("Which centre may help you?").choose("Kabutare (sample)")
    phone.sees("May the centre contact you").choose("Yes, by SMS")
    phone.sees("SMS stays on the phone").choose("Yes")
    phone.sees("When is it safe?").choose("Now")
    phone.sees("If the line cuts, may we send").choose("No")
    phone.sees("Choose 4 numbers only you know").press("2580")
    phone.sees("Send to Kabutare (sample)?", "Who may see it?")
    phone.choose("Send: health team, national desk")
    phone.sees("Sent. Code: ", "Danger: call 112").hangs_up()

    sent = line.deliver()

    alerts = {sms.to: sms for sms in sent if "P1 new" in sms.text}
    assert set(alerts) == {nurse, other}
    assert [sms.text for sms in sent if sms.to == phone.number] == [
        "Hello. Your appointment is confirmed. Thank you."
    ]
    told = line.text(nurse, f"1 {phone.code} {digits(alerts[nurse])}")
    assert {sms.to: code(sms) for sms in told} == {nurse: phone.code, other: phone.code}


@in_every_language
def test_from_the_first_key_to_the_code(line: Line, kept: Kept) -> None:
    line.staff("kabutare")
    phone = line.phone().dial().choose("I need help")
    phone.sees("Is it safe to use this phone now? You can stop at any time.")
    phone.choose("Yes, continue").sees("We do not ask your name.").choose("Continue")
    phone.sees("Your age?").choose("18 or more").sees("What happened?").choose("Beaten or hurt")
    phone.sees("When did it last happen?").choose("4-5 days ago")
    phone.sees("Which province?").choose("South").sees("District?").choose("Huye")
    phone.sees("Which centre may help you?", "{centre} (sample)").choose("Kabutare")
    phone.sees("May the centre contact you on this number?").choose("Yes, by call")
    phone.sees("When is it safe?").choose("Evening")
    phone.sees("If the line cuts, may we send").choose("No")
    phone.sees("Choose 4 numbers only you know.").press("2580")
    phone.sees("Send to {centre}? Who may see it?", "Kabutare").choose("Send: health")
    phone.sees("Sent. Code: {ref}. Remember it").sees(kept.report().code).hangs_up()

    report, reachable = kept.report(), kept.contact()
    assert (report.about, report.centre_id, report.investigator) == ("myself", "kabutare", False)
    assert kept.answers() == {
        "age": "adult",
        "need": "physical",
        "when": "within_120h",
        "area": "south/huye",
    }
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.by, reachable.window) == (
        *(CALLER, "call", "evening"),
    )
    assert line.web.vault.check_secret(report.secret_hash, "2580", secret_of(report.id))
    assert kept.sms_to_callers() == 0


@in_every_language
def test_with_contact_by_call_it_takes_fourteen_keys_from_the_safety_screen(line: Line) -> None:
    line.staff("kabutare")
    phone = line.phone().dial().choose("I need help").sees("Is it safe to use this phone now?")
    before = len(phone.text.split("*"))
    phone.choose("Yes, continue", "Continue", "18 or more", "Sexual violence", "Last 3 days")
    phone.choose("Continue", *TO_HUYE, "Kabutare", "Yes, by call", "Now", "No")
    phone.press("2580").choose("Send: health").sees("Sent. Code: ").hangs_up()
    assert len(phone.text.split("*")) - before <= 14


@in_every_language
def test_no_contact_keeps_no_number(line: Line, kept: Kept) -> None:
    line.staff("kabutare")
    until_confirm(line).choose("Send: health").sees("Sent. Code: ").hangs_up()
    assert kept.contact() is None
    assert "contacts" not in kept.rows()
    assert {purpose for purpose, _ in kept.data_keys()} == {"answers"}
    assert kept.sms_to_callers() == 0


@in_every_language
def test_with_nobody_on_duty_her_last_screen_says_so(line: Line, kept: Kept) -> None:
    phone = until_confirm(line).choose("Send: health")
    phone.sees("We have it, but nobody is on duty now.", kept.report().code).hangs_up()
    assert line.deliver() == []


@in_every_language
def test_an_sms_is_warned_of_and_tells_nothing(line: Line) -> None:
    phone = until_contact(line).choose("Yes, by SMS")
    phone.sees("SMS stays on the phone and others may read it.").choose("Yes", "Now", "No", "Skip")
    phone.choose("Send: health").hangs_up()
    (sent,) = (sms for sms in line.deliver() if sms.to == CALLER)
    line.clock.tick()
    assert line.deliver() == []
    said = line.reads("Hello. Your appointment is confirmed. Thank you.")
    assert re.fullmatch(said, sent.text)


@pytest.mark.parametrize(
    ("choices", "channel"),
    [
        (("Yes, by SMS", "Call only", "Now"), "call"),
        (("Yes, by SMS", "No contact"), None),
        (("Yes, by SMS", "Yes", "Now"), "sms"),
        (("Yes, by call", "Now"), "call"),
        (("No, I will come or call",), None),
    ],
)
def test_she_is_contacted_as_she_said(
    line: Line, kept: Kept, choices: tuple[str, ...], channel: str | None
) -> None:
    phone = until_contact(line).choose(*choices, "No", "Skip", "Send: health").hangs_up()
    reachable = kept.contact()
    assert (reachable.by if reachable else None) == channel
    assert {sms.to for sms in line.deliver()} <= ({phone.number} if channel == "sms" else set())


@in_every_language
def test_the_investigator_is_a_consent_of_its_own(line: Line, kept: Kept) -> None:
    nurse, police = line.staff("kabutare"), line.staff("kabutare", "investigator")
    until_confirm(line).choose("Send: health").hangs_up()
    assert [sms.to for sms in line.deliver()] == [nurse]

    until_confirm(line).choose("Send: also investigator").hangs_up()
    assert {sms.to for sms in line.deliver()} == {nurse, police}


SOON = ("Last 3 days", "It is happening often", "Prefer not to say")
LATER = ("4-5 days ago", "More than 5 days")


@pytest.mark.parametrize("need", ["Sexual violence", "Prefer not to say"])
def test_whoever_may_need_medicine_is_told_to_go_today(line: Line, need: str) -> None:
    phone = until_need(line).choose(need)
    for when in SOON:
        phone.choose(when).sees("Go to a centre today if you can: medicine to prevent HIV").press(9)
    for when in LATER:
        phone.choose(when).sees("Care still helps. Go to a centre as soon as you can.").press(9)


@pytest.mark.parametrize(
    "need",
    ["Beaten or hurt", "Forced marriage", "Money, food or home denied", "Threats, insults"],
)
def test_others_are_not(line: Line, need: str) -> None:
    phone = until_need(line).choose(need)
    for when in (*SOON, *LATER):
        phone.choose(when).sees("Which province?").press(9)


@in_every_language
def test_nobody_is_told_that_she_is_too_late(line: Line) -> None:
    phone = until_need(line).choose("Sexual violence")
    for when in SOON:
        phone.choose(when).sees("Go to a centre today if you can: medicine to prevent HIV").press(9)
    for when in LATER:
        phone.choose(when).sees("Care still helps. Go to a centre as soon as you can.").press(9)
    phone.choose("4-5 days ago", "Continue").sees("Which province?")


def test_a_time_that_she_does_not_tell_is_as_urgent_as_72_hours(line: Line, kept: Kept) -> None:
    nurse = line.staff("kabutare")
    phone = until_need(line).choose("Sexual violence", "Prefer not to say", "Continue", *TO_HUYE)
    phone.choose("Kabutare", "No, I will come or call", "No", "Skip", "Send: health").hangs_up()
    assert [("P1 new" in sms.text, sms.to) for sms in line.deliver()] == [(True, nurse)]
    assert kept.report().priority == "P1"


@in_every_language
def test_a_sector_that_was_typed_finds_the_centre_and_is_not_kept(line: Line, kept: Kept) -> None:
    """The less a stolen report says the better; the nearest centre is all the sector is for."""
    phone = until_need(line).choose("Beaten or hurt", "4-5 days ago", "Type the name of the")
    phone.press("ngo").choose("Ngoma, Huye").sees("Which centre may help you?", "1 Kabutare")
    phone.choose("Kabutare", "No, I will come or call", "No", "Skip", "Send: health").hangs_up()
    assert kept.answers()["area"] == "south/huye"


@in_every_language
@pytest.mark.parametrize(
    ("choices", "centre", "avoid"),
    [
        (("Kabutare",), "kabutare", ["kibilizi"]),
        (("Kibilizi",), "kibilizi", ["kabutare"]),
        (("Another centre", "Kigeme"), "kigeme", ["kabutare", "kibilizi"]),
        (("Let me choose later",), "national", ["kabutare", "kibilizi"]),
    ],
)
def test_a_centre_that_she_was_offered_and_did_not_choose_hears_nothing(
    line: Line, kept: Kept, choices: tuple[str, ...], centre: str, avoid: list[str]
) -> None:
    """The nearest hospital may employ the suspect, whichever way she went on."""
    duty = line.staff("national", "national")
    for passed in avoid:
        line.staff(passed)
        line.staff(passed, "lead")
    phone = until_confirm(line, *TO_HUYE, *choices)
    phone.choose("Send: national desk" if centre == "national" else "Send: health").hangs_up()
    assert (kept.report().centre_id, kept.report().avoid) == (centre, avoid)
    assert [sms.to for sms in line.deliver()] == [duty]


def test_nor_does_one_that_she_was_offered_after_typing_where(line: Line, kept: Kept) -> None:
    phone = until_need(line).choose("Beaten or hurt", "4-5 days ago", "Type the name of the")
    phone.press("ngo").choose("Ngoma, Huye").sees("1 Kabutare", "2 Kibilizi").choose("Kibilizi")
    phone.choose("No, I will come or call", "No", "Skip", "Send: health").hangs_up()
    assert kept.report().avoid == ["kabutare"]


@in_every_language
def test_she_is_told_who_may_read_it(line: Line) -> None:
    phone = line.phone().dial().choose("I need help", "Yes, continue")
    phone.sees("We do not ask your name. Only the centre you choose, its lead and the national")
    phone.choose("Continue", "18 or more", "Beaten or hurt", "4-5 days ago", *TO_HUYE, "Kabutare")
    phone.choose("No, I will come or call", "No", "Skip")
    phone.sees("Send to {centre}? Who may see it?", "Send: health team, national desk")
    phone.sees("Send: also investigator")


@in_every_language
def test_let_me_choose_later_goes_to_the_national_desk(line: Line, kept: Kept) -> None:
    duty = line.staff("national", "national")
    line.staff("kabutare")
    phone = until_confirm(line, *TO_HUYE, "Let me choose later")
    phone.sees("the national desk").choose("Send: national desk").hangs_up()
    assert [sms.to for sms in line.deliver()] == [duty]
    assert kept.report().centre_id == "national"


def without_a_place(line: Line, *contact: str) -> Phone:
    """An adult who was beaten, said neither where she is nor who may help, and was asked this."""
    phone = until_need(line).choose("Beaten or hurt", "4-5 days ago", "Prefer not to say")
    phone.sees("Which centre may help you?").choose("Let me choose later", *contact)
    return phone.sees("Nobody can help without a place, centre or number. Call {centre}", "3029")


@in_every_language
def test_everything_may_be_skipped_and_then_nobody_is_woken(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().choose("I need help", "Yes, continue", "Continue")
    phone.choose("Prefer not to say", "Continue", "Prefer not to say", "Prefer not to say")
    phone.sees("Go to a centre today if you can").choose("Continue")
    phone.sees("Which province?").choose("Prefer not to say")
    phone.sees("Which centre may help you?").choose("Let me choose later", "No")
    phone.sees("Nobody can help without a place, centre or number. Call {centre}", "3029")
    phone.choose("Keep it, tell nobody", "Skip").sees("Keep it? Nobody is told.")
    phone.choose("Yes, keep it").sees("Kept, but nobody is told: there is no place and no number.")
    phone.does_not_see("Sent. Code: ").sees("3029", "112", kept.report().code).hangs_up()
    assert kept.answers() == {}
    assert kept.contact() is None
    assert kept.report().secret_hash is None
    line.clock.tick()
    assert line.deliver() == []


@pytest.mark.parametrize(
    "contact", [("No, I will come or call",), ("Yes, by SMS", "No contact")], ids=["no", "no SMS"]
)
def test_whoever_answers_but_says_neither_where_nor_how_hears_the_truth(
    line: Line, kept: Kept, contact: tuple[str, ...]
) -> None:
    line.staff("national", "national")
    phone = without_a_place(line, *contact).choose("Keep it, tell nobody").press("2580")
    phone.choose("Yes, keep it").sees("Kept, but nobody is told").hangs_up()
    assert line.deliver() == []
    phone.dial().choose("My code").press(kept.report().code, "2580").sees("Stop all contact")


@in_every_language
def test_she_is_led_to_say_where_or_how(line: Line) -> None:
    duty, nurse = line.staff("national", "national"), line.staff("kabutare")
    phone = without_a_place(line, "No, I will come or call").choose("You may contact me")
    phone.choose("Yes, by call", "Evening", "No", "Skip", "Send: national desk").hangs_up()
    assert [sms.to for sms in line.deliver()] == [duty]

    phone = without_a_place(line, "No, I will come or call").choose("Give a place", *TO_HUYE)
    phone.choose("Kabutare", "No, I will come or call", "No", "Skip", "Send: health").hangs_up()
    assert [sms.to for sms in line.deliver()] == [nurse]


@in_every_language
def test_she_may_still_delete_it(line: Line, kept: Kept) -> None:
    phone = without_a_place(line, "No, I will come or call").choose("No, delete all")
    phone.sees("Nothing was kept. Have a good day.").hangs_up()
    assert kept.rows() == {}


def test_a_centre_that_may_expect_her_is_told_without_a_place(line: Line) -> None:
    nurse = line.staff("kabutare")
    phone = until_need(line).choose("Beaten or hurt", "4-5 days ago", "Prefer not to say")
    phone.choose("Another centre", "Kabutare", "No, I will come or call", "No", "Skip")
    phone.choose("Send: health").sees("Sent. Code: ").hangs_up()
    assert [sms.to for sms in line.deliver()] == [nurse]


def test_what_was_kept_for_nobody_carries_no_later_report(line: Line) -> None:
    """Two reports of one number within minutes: the second must not wait for the first."""
    duty = line.staff("national", "national")
    phone = line.phone().dial().choose("I need help", "Yes, continue", "Continue")
    phone.choose("Prefer not to say", "Continue", "Prefer not to say", "Prefer not to say")
    phone.sees("Go to a centre today if you can").choose("Continue")
    phone.choose("Prefer not to say", "Let me choose later", "No", "Keep it, tell nobody", "Skip")
    phone.choose("Yes, keep it").hangs_up()
    phone.dial().choose("Call me", "This number", "OK, choose time", "Now").hangs_up()
    assert [sms.to for sms in line.deliver()] == [duty]


@in_every_language
def test_delete_at_the_end_leaves_nothing_in_any_table(line: Line, kept: Kept) -> None:
    phone = until_contact(line).choose("Yes, by call", "Now", "No").press("2580")
    phone.choose("Nobody - delete all").sees("Nothing was kept. Have a good day.").hangs_up()
    assert kept.rows() == {}
    assert line.deliver() == []


@in_every_language
def test_not_now_ends_as_any_call_ends(line: Line, kept: Kept) -> None:
    phone = line.phone().dial().choose("I need help", "Not now")
    phone.sees("Thank you. Have a good day.").hangs_up()
    assert kept.rows() == {}


@in_every_language
def test_the_short_ways_out_stand_on_the_first_safety_screen(line: Line) -> None:
    phone = line.phone().dial().choose("I need help", "I am in danger now").sees("In danger now?")
    phone.press(9).choose("Only call me back").sees("A counsellor can call you.")


@in_every_language
def test_a_secret_that_everybody_tries_first_is_asked_for_again(line: Line) -> None:
    phone = until_contact(line).choose("No, I will come or call", "No")
    phone.sees("Choose 4 numbers only you know.").press("1234").sees("Too easy to guess.")
    phone.press("12").sees("Please type 4 digits.").press("2 5 8 0").sees("Send to {centre}? Who")


def test_sent_twice_by_the_network_is_one_report(line: Line, kept: Kept) -> None:
    nurse = line.staff("kabutare")
    phone = until_confirm(line).choose("Send: health")
    first = phone.screen
    assert phone.repeat().screen == first
    line.web.redis.flushall()
    assert phone.repeat().screen == first
    assert kept.rows()["reports"] == 1
    assert [sms.to for sms in line.deliver()] == [nurse]
