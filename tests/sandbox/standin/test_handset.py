"""Handsets on the application's USSD callback: what is sent, what is seen, and how calls end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.standin.client import Refused, StandIn
from tests.patience import PATIENCE, wait_until
from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Heard, Receiver

ONE, CODE, STAFF = "+254700000001", "*384*123#", "*384*124#"


def menu(heard: Heard) -> tuple[int, str]:
    """Goes on until somebody types 0, and shows the text it was sent."""
    text = heard["text"] if heard.path in ("/ussd", "/staff") else ""
    return 200, f"{'END' if text.endswith('0') else 'CON'} <{text}>"


@pytest.fixture(autouse=True)
def _menu(app: Receiver) -> None:
    app.speak = menu


def test_a_step_to_the_byte(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE)
    (step,) = app.heard("/ussd")
    assert step.headers["User-Agent"] == "at-ussd-api/1.0"
    assert step.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert step.body == (
        "phoneNumber=%2B254700000001&serviceCode=%2A384%2A123%23&text="
        f"&sessionId={call.id}&networkCode=99999"
    )


def test_a_whole_call(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE, network_code="63510")
    assert (call.text, call.ended) == ("<>", False)
    call.press("1").press("2")
    assert call.text == "<1*2>"
    call.press("0")
    assert (call.text, call.state, call.ended) == ("<1*2*0>", "ended", True)

    (event,) = app.wait("/events")
    assert event.headers["User-Agent"] == "at-ussd-api/1.0"
    assert (event["status"], event["hopsCount"], event["input"]) == ("Success", "4", "1*2*0")
    assert (event["lastAppResponse"], event["sessionId"]) == ("END <1*2*0>", call.id)
    assert event["networkCode"] == "63510"


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (["1", ""], "1*"),
        (["1", "", "2"], "1**2"),
        (["", "2"], "*2"),
        (["1*2", "3"], "1*2*3"),
        (["*", "*"], "***"),
        ([" é \u0661 "], " é \u0661 "),
        (["a&b=c+d%"], "a&b=c+d%"),
    ],
)
def test_whatever_is_typed_joins_the_history(
    stand_in: StandIn, app: Receiver, typed: list[str], text: str
) -> None:
    call = stand_in.dial(ONE, CODE)
    for each in typed:
        call.press(each)
    assert app.heard("/ussd")[-1]["text"] == text


def test_dialled_through(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE, text="1*2")
    assert app.heard("/ussd")[0]["text"] == "1*2"
    assert call.press("3").text == "<1*2*3>"


def test_a_repeat_is_the_same_request(stand_in: StandIn, app: Receiver) -> None:
    stand_in.dial(ONE, CODE).press("1").repeat()
    first, second, third = app.heard("/ussd")
    assert second.body == third.body != first.body


def test_two_copies_of_a_step_are_in_flight_at_once(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE)
    both = threading.Barrier(2, timeout=PATIENCE)

    def meet(heard: Heard) -> tuple[int, str]:
        both.wait()
        return 200, "CON met"

    app.speak = meet
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: call.repeat(), range(2)))
    assert call.text == "met"


def test_hanging_up(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE).press("1").hang_up()
    assert call.state == "hung_up"
    (event,) = app.wait("/events")
    assert (event["status"], event["lastAppResponse"]) == ("Incomplete", "CON <1>")
    with pytest.raises(Refused, match="the call is over"):
        call.press("2")
    call.hang_up()
    assert len(app.heard("/ussd")) == 2
    wait_until(lambda: stand_in.posts("events"), "the answer is noted")
    assert [each["taken"] for each in stand_in.posts("events")] == [True]


def test_hanging_up_while_the_application_thinks(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE)
    asked, release = threading.Event(), threading.Event()

    def think(heard: Heard) -> tuple[int, str]:
        if heard.path == "/ussd":
            asked.set()
            release.wait(PATIENCE)
        return 200, "END too late"

    app.speak = think
    with ThreadPoolExecutor(1) as threads:
        pressing = threads.submit(stand_in.ask, "POST", f"/control/calls/{call.id}/repeat")
        assert asked.wait(PATIENCE)
        call.hang_up()
        release.set()
        assert pressing.result()["state"] == "hung_up"
    assert [each["status"] for each in app.wait("/events")] == ["Incomplete"]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, "CON x", "HTTP 500"),
        (404, "", "HTTP 404"),
        (302, "CON x", "HTTP 302"),
        (201, "CON x", "HTTP 201"),
        (200, "", "neither CON nor END"),
        (200, "CONtinue", "neither CON nor END"),
        (200, "<html>", "neither CON nor END"),
        (200, " CON x", "neither CON nor END"),
    ],
)
def test_an_answer_that_is_none_cuts_the_call(
    stand_in: StandIn, app: Receiver, status: int, body: str, error: str
) -> None:
    app.speak = lambda heard: (status, body) if heard.path == "/ussd" else (200, "")
    call = stand_in.dial(ONE, CODE)
    assert (call.state, call.text) == ("cut", "")
    (event,) = app.wait("/events")
    assert (event["status"], event["errorMessage"]) == ("Failed", error)


def test_an_answer_too_late_cuts_the_call(start: Start, app: Receiver) -> None:
    stand_in = start(answer_limit=0.1)
    late = threading.Event()

    def dawdle(heard: Heard) -> tuple[int, str]:
        if heard.path == "/ussd":
            late.wait(PATIENCE)
        return 200, "CON x"

    app.speak = dawdle
    call = stand_in.dial(ONE, CODE)
    late.set()
    assert call.state == "cut"
    assert app.wait("/events")[0]["errorMessage"] == "timeout"


def test_an_application_that_is_not_there_cuts_the_call(stand_in: StandIn, app: Receiver) -> None:
    stand_in.call_back(ussd="http://127.0.0.1:1/")
    assert stand_in.dial(ONE, CODE).state == "cut"
    assert app.wait("/events")[0]["errorMessage"] == "no-connection"


def test_a_session_has_its_time(start: Start, app: Receiver) -> None:
    stand_in = start(session_life=0.1)
    call = stand_in.dial(ONE, CODE)
    (event,) = app.wait("/events")
    assert event["status"] == "Incomplete"
    assert int(event["durationInMillis"]) >= 100
    assert call.look().state == "expired"


def test_a_finished_call_does_not_expire(start: Start, app: Receiver) -> None:
    stand_in = start(session_life=0.1)
    call = stand_in.dial(ONE, CODE, text="0")
    app.wait("/events")
    later = stand_in.dial("+254700000002", CODE)
    assert [each["status"] for each in app.wait("/events", 2)] == ["Success", "Incomplete"]
    assert (call.look().state, later.look().state) == ("ended", "expired")


def test_a_phone_holds_one_session(stand_in: StandIn, app: Receiver) -> None:
    first = stand_in.dial(ONE, CODE)
    second = stand_in.dial(ONE, CODE)
    other = stand_in.dial("+254700000002", CODE)
    assert app.wait("/events")[0]["sessionId"] == first.id
    assert [each.look().state for each in (first, second, other)] == ["hung_up", "open", "open"]


def test_the_staff_code_has_its_own_url(start: Start, app: Receiver) -> None:
    stand_in = start(staff_service_code=STAFF)
    assert stand_in.dial(ONE, STAFF).text == "<>"
    assert app.heard("/ussd") == []
    assert app.heard("/staff")[0]["serviceCode"] == STAFF


def test_the_wire_can_be_looked_at(stand_in: StandIn, app: Receiver) -> None:
    call = stand_in.dial(ONE, CODE).press("1")
    assert call.view["request"] == app.heard("/ussd")[-1].body
    assert call.view["answer"]["body"] == "CON <1>"
    assert call.view["hops"] == 2
