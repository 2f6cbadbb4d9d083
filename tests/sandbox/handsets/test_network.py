"""What the phone page needs of the pretend network: limits of one call, and late answers."""

from __future__ import annotations

import time

from sandbox.handsets.session import HandsetSession
from sandbox.standin.client import Call, StandIn
from tests.sandbox.conftest import Start
from tests.sandbox.receiver import Heard, Receiver
from tests.services import wait_until

ONE, CODE = "+254700000001", "*384*123#"


def goes_on(heard: Heard) -> tuple[int, str]:
    return 200, "CON more"


def test_a_caller_who_types_nothing_loses_the_session(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    call = stand_in.dial(ONE, CODE, idle_limit=0.05)

    (event,) = app.wait("/events")

    assert event["status"] == "Incomplete"
    assert call.look().state == "expired"


def test_a_key_in_time_begins_the_wait_anew(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    began = time.monotonic()
    call = stand_in.dial(ONE, CODE, idle_limit=0.4)
    wait_until(lambda: call.look().view["idle"] > 0.25, "she has thought for a while")
    call.press("1")

    app.wait("/events")

    assert time.monotonic() - began > 0.25 + 0.4
    assert call.look().view["request"].count("text=1&") == 1


def test_without_a_limit_a_caller_may_think(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    patient = stand_in.dial(ONE, CODE)
    stand_in.dial("+254700000002", CODE, idle_limit=0.05)

    app.wait("/events")

    assert patient.look().state == "open"


def test_a_session_of_its_own_length(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    call = stand_in.dial(ONE, CODE, session_life=0.05)

    (event,) = app.wait("/events")

    assert (event["status"], call.look().state) == ("Incomplete", "expired")


def test_an_answer_that_is_late_cuts_the_call(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    call = stand_in.dial(ONE, CODE, answer_limit=0.1).press("1", lag=0.5)

    (event,) = app.wait("/events")

    assert (call.state, call.view["error"], event["status"]) == ("cut", "timeout", "Failed")
    assert [step["text"] for step in app.heard("/ussd")] == ["", "1"]


def test_an_answer_that_is_slow_and_in_time_is_shown(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    call = stand_in.dial(ONE, CODE).press("1", lag=0.1)

    assert (call.text, call.state) == ("more", "open")
    assert call.view["answer"]["seconds"] >= 0.1


def test_posts_are_counted_and_asked_for_from_a_place_on(start: Start, app: Receiver) -> None:
    stand_in = start()
    stand_in.incoming(ONE, "first")
    app.wait("/sms")
    wait_until(lambda: len(stand_in.posts()) == 1, "the first is noted")
    stand_in.incoming(ONE, "second")
    wait_until(lambda: len(stand_in.posts()) == 2, "the second is noted")

    first, second = (post["place"] for post in stand_in.posts())

    assert second == first + 1
    assert ["second" in post["body"] for post in stand_in.posts(after=first)] == [True]
    assert stand_in.posts(after=second) == []


def test_who_has_seen_all_posts_sees_those_of_the_next_start(start: Start, app: Receiver) -> None:
    before = start()
    before.incoming(ONE, "first")
    wait_until(before.posts, "the first is noted")
    seen = before.posts()[-1]["place"]

    after = start()
    after.incoming(ONE, "second")

    wait_until(lambda: after.posts(after=seen), "the second is noted")
    assert "second" in after.posts(after=seen)[0]["body"]


def test_a_session_that_the_network_has_forgotten_is_over(stand_in: StandIn, app: Receiver) -> None:
    app.speak = goes_on
    call = stand_in.dial(ONE, CODE)
    forgotten = Call(stand_in, {**call.view, "id": "ATUid_of_another_life"})
    session = HandsetSession(stand_in, forgotten, {}, at_start=True)

    session.press("1", 0.0)

    assert (session.state, session.screen) == ("cut", "")
    session.hang_up()
    assert session.is_over


def test_an_old_view_does_not_replace_a_newer_one(stand_in: StandIn, app: Receiver) -> None:
    app.speak = lambda heard: (200, f"CON <{heard['text']}>")
    session = HandsetSession(stand_in, stand_in.dial(ONE, CODE), {}, at_start=True)
    session.press("1", 0.0)
    old = {**session.view(), "number": ONE, "age": 0.0, "screen": "<>"}

    session.take(old)

    assert session.screen == "<1>"
