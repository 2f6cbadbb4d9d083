"""A number that calls very often: nobody is refused, nothing is said, and danger is never far."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from gateway.conversation import limits
from gateway.runtime import phones
from tests.conversations.calls import reported
from tests.conversations.interpreter import in_every_language
from tests.conversations.kept import Kept
from tests.one_process_line import Line
from tests.phone import Phone
from tests.samples import CALLER

A_PERSON = "Talking to a person helps most."


def most(line: Line, use: limits.Use = "call", number: str = CALLER) -> int:
    """How often a number calls or reports in an hour before its calls are short ones."""
    counters = line.web.limits.counters(phones.parse(number))
    (bound,) = [
        one for one in line.web.limits.bounds if (one.use, one.seconds) == (use, limits.HOUR)
    ]
    return counters.most(bound)


def often(line: Line, number: str = CALLER) -> Phone:
    """A phone whose number has called as often as is nothing special; dialled once more."""
    phone = line.phone(number)
    for _ in range(most(line, number=number)):
        phone.dial()
    return phone.dial()


def limited_calls() -> float:
    return REGISTRY.get_sample_value("isange_limited_calls_total") or 0.0


@in_every_language
def test_the_first_screen_is_byte_for_byte_the_same(line: Line) -> None:
    first = line.phone("+250788000999").dial().screen
    assert often(line).screen == first


@in_every_language
@pytest.mark.parametrize(
    "way",
    [
        ("I need help",),
        ("Worried about a child", "No"),
        ("Worried about a child", "I am that child"),
    ],
)
def test_a_long_dialogue_leads_to_a_person(line: Line, way: tuple[str, ...]) -> None:
    phone = often(line).choose(*way).sees(A_PERSON)
    phone.sees("Nearest centre", "I am in danger now", "Only call me back", "Not now")


def test_as_often_as_is_nothing_special_it_is_long(line: Line) -> None:
    phone = line.phone()
    for _ in range(most(line) - 1):
        phone.dial()
    phone.dial().choose("I need help").sees("Is it safe to use this phone")


def test_another_number_calls_as_ever(line: Line) -> None:
    often(line)
    line.phone("+250788000999").dial().choose("I need help").sees("Is it safe to use this phone")


def test_danger_alerts_and_once_more_within_minutes_shares_the_alert(
    line: Line, kept: Kept
) -> None:
    duty = line.staff("national", "national")
    phone = often(line)
    phone.choose("Urgent help now", "Ask centre to call me", "Yes, call now").hangs_up()
    assert [sms.to for sms in line.deliver()] == [duty]
    phone.dial().choose("I need help", "I am in danger now", "Ask centre to call me")
    phone.choose("Yes, call now").sees("Your request is sent.").hangs_up()
    assert line.deliver() == []
    assert kept.rows()["reports"] == 2


def test_a_child_in_danger_alerts_and_may_be_told_of_in_full(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = often(line).choose("Worried about a child", "Yes, now", "Alert centre, it may call me")
    assert len(line.deliver()) == 1
    phone.sees("The centre is alerted. {how}").choose("Continue", "6-11", "Sexual abuse")
    phone.sees("When?")


@in_every_language
def test_she_may_be_called_back_find_a_centre_and_leave(line: Line, kept: Kept) -> None:
    line.staff("national", "national")
    phone = often(line).choose("I need help", "Only call me back", "This number")
    phone.choose("OK, choose time", "Evening").sees("A counsellor will call you.").hangs_up()
    assert len(line.deliver()) == 1
    phone.dial().choose("I need help", "Nearest centre", "South", "Huye", "Ngoma")
    phone.sees("Nearest centres:", "Kabutare")
    phone.dial().choose("I need help", "Not now").hangs_up()
    phone.dial().choose("I need help").press(0).hangs_up()
    assert kept.rows()["reports"] == 1


def test_what_is_her_own_stays_in_her_hands(line: Line) -> None:
    """Who floods a shared phone must not keep its owner from withdrawing."""
    code = reported(line)
    phone = often(line).choose("My code").press(code, "2580").choose("Delete my report")
    phone.choose("Yes, delete").hangs_up()


def test_it_is_so_for_the_whole_call(line: Line) -> None:
    phone = often(line).choose("Language", "English", "I need help").sees(A_PERSON)
    phone.press(9).sees("Health & Family Info").choose("I need help").sees(A_PERSON)
    phone.repeat().sees(A_PERSON)


def test_a_call_whose_session_is_lost_goes_on_as_a_long_one(line: Line) -> None:
    phone = often(line).choose("I need help").sees(A_PERSON)
    line.web.redis.flushall()
    phone.choose("I am in danger now").sees("In danger now?", "Ask centre to call me")
    phone.dial().choose("I need help").sees("Is it safe to use this phone")


def test_a_call_that_dials_through_counts_as_well(line: Line) -> None:
    phone = line.phone()
    for _ in range(most(line)):
        phone.dial("1")
    phone.dial("2").sees(A_PERSON)


def test_many_reports_within_an_hour_do_the_same(line: Line, kept: Kept) -> None:
    reports = most(line, "report")
    for _ in range(reports):
        line.phone().dial().press(1, 1, 1).hangs_up()
    line.phone().dial().choose("I need help").sees(A_PERSON)
    line.phone().dial().press(1, 1, 1).hangs_up()
    assert kept.rows()["reports"] == reports + 1


def test_a_report_counts_once_however_it_was_sent(line: Line) -> None:
    """Kept in case the line cuts, filled in and sent: that is one report of one caller."""
    reported(line)
    name = f"uses:{_hash(line)}:report:{limits.HOUR}"
    assert int(line.web.redis.get(name) or 0) == 1


def test_what_is_counted_is_forgotten_after_its_time(line: Line) -> None:
    line.phone().dial().press(1, 1, 1).hangs_up()
    ttls = {
        use: line.web.redis.ttl(f"uses:{_hash(line)}:{use}")
        for use in (f"call:{limits.HOUR}", f"report:{limits.HOUR}", f"report:{limits.DAY}")
    }
    assert all(0 < ttl <= int(use.partition(":")[2]) for use, ttl in ttls.items())


def test_without_redis_there_is_no_limit(line: Line) -> None:
    phone = often(line)
    line.web.redis.flushall()
    phone.dial().choose("I need help").sees("Is it safe to use this phone")


def test_what_anybody_may_have_written_in_her_name_does_not_count(line: Line) -> None:
    """The sender of an SMS can be forged, the number of a call cannot."""
    for number in range(most(line)):
        line.post("sms", {"from": CALLER, "to": "3029", "text": "INFO", "id": f"in {number}"})
    line.phone().dial().choose("I need help").sees("Is it safe to use this phone")


def test_it_is_counted(line: Line) -> None:
    before = limited_calls()
    often(line).dial()
    assert limited_calls() - before == 2


def _hash(line: Line) -> str:
    return line.web.limits.hash_of(phones.parse(CALLER)).hex()
