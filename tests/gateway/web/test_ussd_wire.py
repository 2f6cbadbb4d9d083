"""The history that the network repeats at every step, by each rule of the wire."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from gateway.store import database
from gateway.store.models import Report
from gateway.web import callers
from gateway.wiring import Parts
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import (
    DANGER,
    FIRST,
    SESSION,
    UssdWire,
    counted,
    form,
    handset,
    reports,
    rows,
    wire,
)
from tests.phone import Phone
from tests.shared_parts import SharedParts

CONFIRM = "Is it safe for us to call THIS number now?"
SENT = "END Your request is sent."


def test_a_captured_request_opens_the_first_screen(calls: UssdWire) -> None:
    captured = (
        b"phoneNumber=%2B254000000001&serviceCode=%2A384%2A70421%23&text="
        b"&sessionId=ATUid_e9d0662dea3f3db658e79d9b62f7900c&networkCode=99999"
    )
    assert calls.post(captured, "application/x-www-form-urlencoded").startswith(FIRST)
    deep = captured.replace(b"text=", b"text=1%2A1%2A0").replace(b"ATUid_e", b"ATUid_f")
    assert CONFIRM in calls.post(deep, "application/x-www-form-urlencoded")


@pytest.mark.parametrize("text", ["", "1", "1*1", "1*1*1", "2*1*1*4*2", "0"])
def test_a_repeat_is_answered_byte_for_byte(calls: UssdWire, text: str) -> None:
    first = calls.walk(text) if text else calls.step("")
    before = counted("repeat")
    assert [calls.step(text) for _ in range(3)] == [first] * 3
    assert counted("repeat") == before + 3


def test_a_repeat_after_the_end_does_nothing_twice(parts: SharedParts, calls: UssdWire) -> None:
    sent = calls.walk("1*1*1")
    assert sent.startswith(SENT)
    before = rows(parts)
    assert calls.step("1*1*1") == sent
    assert (reports(parts), rows(parts)) == (1, before)


def test_an_ended_session_stays_ended(parts: SharedParts, calls: UssdWire) -> None:
    calls.walk("1*1*1")
    assert calls.step("1*1*1*1").startswith("END Thank you")
    assert reports(parts) == 1


@pytest.mark.parametrize("text", ["1*1*1", "1*1", "1", ""])
def test_two_copies_at_once_say_the_same_and_do_it_once(
    parts: SharedParts, calls: UssdWire, text: str
) -> None:
    before = text.rpartition("*")[0]
    if before:
        calls.walk(before)
    elif text:
        calls.step("")
    assert len(set(_at_once([parts] * 4, text))) == 1
    assert reports(parts) == (text == "1*1*1")


def test_two_copies_at_once_at_two_processes(
    parts: SharedParts, other: SharedParts, calls: UssdWire
) -> None:
    calls.walk(DANGER)
    assert len(set(_at_once([parts, other] * 2, "1*1*1"))) == 1
    assert reports(parts) == 1


@pytest.fixture
def other(process: Process) -> SharedParts:
    """A second process behind the same network, on the same Redis and database."""
    return process(ISANGE_WEB_PROCESSES="2")


def _at_once(processes: Sequence[Parts], text: str) -> list[str]:
    """The same step to several processes (or to one, in several threads) at the same moment."""
    start = Barrier(len(processes))
    clients = [callers.create_app(parts).test_client() for parts in processes]

    def send(number: int) -> str:
        start.wait()
        return UssdWire(clients[number]).step(text)

    with ThreadPoolExecutor(len(processes)) as threads:
        return list(threads.map(send, range(len(processes))))


def test_a_call_goes_on_at_whichever_process_is_asked(other: SharedParts, calls: UssdWire) -> None:
    here, there = calls, wire(other)
    alone = [here.step(text, sessionId="alone") for text in ("", "2", "2*1", "2*1*1")]
    texts = ("", "2", "2*1", "2*1*1")
    shared = [(here, there)[turn % 2].step(text) for turn, text in enumerate(texts)]
    assert shared == alone
    assert here.step("2*1*1") == there.step("2*1*1") == alone[-1]


def test_a_star_she_types_at_a_menu_is_one_wrong_answer(calls: UssdWire) -> None:
    calls.walk("1")
    assert calls.step("1*1*1").startswith("CON Please type 1-2.")
    assert CONFIRM in calls.step("1*1*1*1")


@pytest.mark.parametrize("typed", ["*", "**", "1*", "*1", "1*1"])
def test_stars_at_the_first_screen_lead_nowhere(calls: UssdWire, typed: str) -> None:
    calls.step("")
    assert "Please type 1-8." in calls.step(typed)
    assert calls.step(f"{typed}*2").startswith("CON Is it safe to use this phone now?")


def test_a_star_she_types_into_a_name_or_a_code_is_part_of_it(calls: UssdWire) -> None:
    phone = handset(calls).dial().choose("My code").press("12*34")
    phone.sees("The code has at least 6 digits.")
    phone = handset(calls).dial().choose("Nearest centre", "Type the name").press("hu*ye")
    phone.sees("Which one?")


def test_an_empty_answer_is_an_answer(calls: UssdWire) -> None:
    calls.walk("1")
    assert calls.step("1*").startswith("CON You typed nothing.")
    assert calls.step("1**").startswith("CON You typed nothing.")
    assert CONFIRM in calls.step("1***1")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2", "CON Is it safe to use this phone now?"),
        ("2*1*1", "CON Your age?"),
        ("4*9", FIRST),
        ("2*7*1", "CON We do not ask your name."),
        ("*2", "CON Is it safe to use this phone now?"),
        ("2*0", "END Thank you."),
    ],
)
def test_dialling_through_runs_along(calls: UssdWire, text: str, shown: str) -> None:
    before = counted("dial_through")
    assert calls.step(text).startswith(shown)
    assert counted("dial_through") == before + 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1*1*1", CONFIRM),
        ("1*1*1*1*1", CONFIRM),
        ("7*1*1*1", "When is it safe?"),
        ("6*123456*2580", "Type your code:"),
        ("3*1*1", "Alert centre, it may call me"),
    ],
    ids=["confirm", "past the confirm", "a call", "a secret", "a child's alert"],
)
def test_dialling_through_stops_before_what_is_done_or_typed(
    parts: SharedParts, calls: UssdWire, text: str, shown: str
) -> None:
    before = rows(parts)
    assert shown in calls.step(text)
    assert rows(parts) == before


def test_after_dialling_through_she_goes_on_from_what_she_sees(
    parts: SharedParts, calls: UssdWire
) -> None:
    calls.step("1*1*1")
    assert calls.step("1*1*1*2").startswith("END Call 112 (police, free).")
    calls.step("1*1*1", sessionId="second")
    assert calls.step("1*1*1*1", sessionId="second").startswith(SENT)
    assert reports(parts) == 1


def test_a_late_copy_of_an_earlier_step_takes_nobody_back(calls: UssdWire) -> None:
    shown = calls.step("") and calls.step("2")
    calls.step("2*1")
    at = calls.step("2*1*1")
    before = counted("late")
    assert calls.step("2") == shown
    assert calls.step("").startswith(FIRST)
    assert counted("late") == before + 2
    assert calls.step("2*1*1") == at
    assert calls.step("2*1*1*4").startswith("CON What happened?")


def test_a_late_copy_at_another_process_takes_nobody_back(
    calls: UssdWire, other: SharedParts
) -> None:
    there = wire(other)
    calls.walk("2*1*1")
    assert there.step("2*1").startswith("CON We do not ask")
    assert there.step("2*1*1*4").startswith("CON What happened?")


def test_a_late_copy_of_what_she_sent_sends_nothing(parts: SharedParts, calls: UssdWire) -> None:
    """She typed `1*` at the confirmation, which is no answer, and then said no."""
    calls.walk(DANGER)
    calls.step("1*1*1*")
    calls.step("1*1*1**2")
    assert CONFIRM in calls.step("1*1*1*")
    assert reports(parts) == 0


def test_a_late_copy_brings_no_draft_back_that_she_left_behind(
    parts: SharedParts, calls: UssdWire
) -> None:
    phone = _halfway(calls).choose("Yes")
    late = phone.text
    assert reports(parts) == 1
    phone.press("0").hangs_up()
    assert reports(parts) == 0
    calls.step(late, sessionId=phone.session)
    assert reports(parts) == 0


def _halfway(calls: UssdWire) -> Phone:
    """A report as far as the question of what happens if the line cuts."""
    phone = handset(calls).dial().choose("I need help", "Yes, continue", "Continue", "18 or more")
    phone.choose("Beaten or hurt", "Last 3 days", "South", "Huye", "Kabutare", "Yes, by call")
    return phone.choose("Now").sees("If the line cuts, may we send")


def test_a_history_that_does_not_go_on_from_what_we_know_is_typed_again(calls: UssdWire) -> None:
    calls.walk("2*1")
    before = counted("rebuilt")
    assert calls.step("1*1") == calls.step("1*1", sessionId="dialled")
    assert counted("rebuilt") == before + 1
    assert calls.step("1*1*2").startswith("END Call 112 (police, free).")


def test_the_same_session_id_with_another_number_is_a_session_of_its_own(calls: UssdWire) -> None:
    hers = calls.walk("2*1")
    before = counted("other_number")
    stranger = {"phoneNumber": "+250788999999"}
    assert calls.step("", **stranger).startswith(FIRST)
    assert counted("other_number") == before + 1
    assert calls.step("1", **stranger).startswith("CON In danger now?")
    assert counted("other_number") == before + 1
    assert calls.step("2*1") == hers
    assert calls.step("2*1*1").startswith("CON Your age?")


def test_another_number_cannot_finish_what_she_began(parts: SharedParts, calls: UssdWire) -> None:
    calls.walk(DANGER)
    before = counted("other_number")
    assert CONFIRM in calls.step("1*1*1", phoneNumber="+250788999999")
    assert (reports(parts), counted("other_number")) == (0, before + 1)


def test_the_number_is_hers_however_it_is_spelt(calls: UssdWire) -> None:
    calls.step("")
    calls.step("2", phoneNumber="0788123456")
    assert calls.step("2*1", phoneNumber=" 250 788 123 456").startswith("CON We do not ask")


@pytest.mark.parametrize("network", ["99999", "63510", "12345", "abc"])
def test_an_unknown_network_is_kept(parts: SharedParts, calls: UssdWire, network: str) -> None:
    calls.walk("1*1*1", networkCode=network)
    with database.reading(parts.database) as session:
        assert session.scalars(select(Report.network)).all() == [network]


@pytest.mark.parametrize("code", ["", "*384*9999#", "*384*3030#", "no code", None])
def test_an_unknown_service_code_is_answered_all_the_same(
    calls: UssdWire, code: str | None
) -> None:
    assert calls.step("", serviceCode=code).startswith(FIRST)
    assert calls.step("2", serviceCode=code).startswith("CON Is it safe")


def test_two_callers_at_once_never_meet(calls: UssdWire) -> None:
    numbers = [f"+25078800000{last}" for last in range(8)]
    start = Barrier(len(numbers))

    def call(number: str) -> list[str]:
        start.wait()
        own = UssdWire(calls.client.application.test_client())
        session = f"{SESSION}{number}"
        return [own.step(text, phoneNumber=number, sessionId=session) for text in ("", "2", "2*1")]

    with ThreadPoolExecutor(len(numbers)) as threads:
        answers = list(threads.map(call, numbers))
    assert answers == [answers[0]] * len(numbers)


def test_a_field_given_twice_counts_once(calls: UssdWire) -> None:
    twice = b"text=9&sessionId=a&sessionId=b&phoneNumber=%2B250788123456&text="
    assert calls.post(twice).startswith(FIRST)
    assert calls.step("2", sessionId="b").startswith("CON Is it safe")


def test_the_form_is_read_whatever_it_says_it_is(calls: UssdWire) -> None:
    body = "&".join(f"{name}={value}" for name, value in form().items()).replace("+", "%2B")
    for kind in ("text/plain", "application/json", "application/octet-stream", ""):
        assert calls.post(body.encode(), kind).startswith(FIRST)
