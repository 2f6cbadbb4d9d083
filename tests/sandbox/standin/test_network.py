"""What the network tells the application of: delivery reports, incoming SMS, opt-outs."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.standin.client import NotSent, StandIn
from tests.patience import PATIENCE, wait_until
from tests.sandbox.conftest import SmsAt, Start
from tests.sandbox.receiver import Heard, Receiver

ONE = "+254700000001"


def test_a_report_follows_an_accepted_message(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    sms.send("x", [ONE])
    (report,) = app.wait("/delivery")
    (kept,) = stand_in.sent()
    assert report.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert report.body == (
        f"id={kept.id}&status=Success&phoneNumber=%2B254700000001&networkCode=99999"
        "&failureReason=&retryCount=0"
    )


@pytest.mark.parametrize(
    "reports",
    [
        ["Sent", "Submitted", "Buffered", "Success"],
        ["Success", "Success", "Success"],
        ["Success", "Buffered", "Sent"],
        ["AbsentSubscriber"],
        ["SomeNewWord"],
    ],
)
def test_reports_come_in_the_order_asked_for(
    sms: SmsAt, stand_in: StandIn, app: Receiver, reports: list[str]
) -> None:
    stand_in.behave(ONE, reports=reports)
    sms.send("x", [ONE])
    assert [each["status"] for each in app.wait("/delivery", len(reports))] == reports


def test_no_report_at_all(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    stand_in.behave(ONE, reports=[], times=1)
    sms.send("first", [ONE])
    sms.send("second", [ONE])
    (report,) = app.wait("/delivery")
    assert report["id"] == stand_in.sent()[1].id


def test_a_failure_gives_its_reason(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    stand_in.behave(ONE, reports=["Sent", "Failed"], failure_reason="UserIsInactive")
    sms.send("x", [ONE])
    reasons = [each["failureReason"] for each in app.wait("/delivery", 2)]
    assert reasons == ["", "UserIsInactive"], "an interim report has none"


def test_reports_of_two_messages_cross(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    stand_in.behave(ONE, report_delay=0.3, times=1)
    sms.send("late", [ONE])
    sms.send("early", [ONE])
    late, early = stand_in.sent()
    assert [each["id"] for each in app.wait("/delivery", 2)] == [early.id, late.id]


def test_a_report_can_come_before_the_answer(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    stand_in.behave(ONE, delay=10, times=1)
    sending = threading.Thread(target=swallow, args=(sms,), daemon=True)
    sending.start()
    assert app.wait("/delivery")[0]["status"] == "Success"
    assert sending.is_alive()


def swallow(sms: SmsAt) -> None:
    """Send without caring for the answer: the test is over before it comes."""
    try:
        sms.send("x", [ONE])
    except OSError:
        return


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_report_that_is_not_taken_comes_again(
    sms: SmsAt, stand_in: StandIn, app: Receiver, status: int
) -> None:
    tries = iter([status, status, 204])
    app.speak = lambda heard: (next(tries), "")
    sms.send("x", [ONE])
    first, second, third = app.wait("/delivery", 3)
    assert first.body == second.body == third.body
    wait_until(lambda: len(stand_in.posts("delivery")) == 3, "the last answer is noted")
    assert [each["status"] for each in stand_in.posts("delivery")] == [status, status, 204]
    assert stand_in.posts("delivery")[-1]["taken"]


def test_a_callback_is_given_up_in_the_end(start: Start, app: Receiver) -> None:
    stand_in = start(patience=0.1, retry_every=0.04)
    app.speak = lambda heard: (503 if heard.path == "/sms" else 200, "")
    begun = time.monotonic()
    stand_in.incoming(ONE, "nobody reads this")
    app.wait("/sms", 2)
    wait_until(lambda: time.monotonic() > begun + 0.4, "its time is up four times over")
    assert 2 <= len(app.heard("/sms")) <= 4


def test_an_application_that_is_down_is_tried_again(start: Start, app: Receiver) -> None:
    stand_in = start()
    stand_in.call_back(sms="http://127.0.0.1:1/")
    message = stand_in.incoming(ONE, "hello")
    wait_until(lambda: stand_in.posts("sms"), "the callback was tried")
    assert stand_in.posts("sms")[0]["error"] == "no-connection"
    stand_in.call_back(sms=f"{app.url}/moved")
    assert app.wait("/moved")[0]["id"] == message


def test_an_incoming_sms_comes_until_it_gets_a_200(stand_in: StandIn, app: Receiver) -> None:
    tries = iter([500, 204, 200])
    app.speak = lambda heard: (next(tries), "")
    message = stand_in.incoming(ONE, "1 48 kwa", to="20880")
    heard = app.wait("/sms", 3)
    assert {each["id"] for each in heard} == {message}
    assert (heard[0]["from"], heard[0]["text"], heard[0]["to"]) == (ONE, "1 48 kwa", "20880")


def test_an_incoming_sms_goes_to_the_sender_by_default(stand_in: StandIn, app: Receiver) -> None:
    stand_in.incoming(ONE, "")
    (heard,) = app.wait("/sms")
    assert (heard["to"], heard["text"]) == ("AFRICASTKNG", "")


def test_who_opts_out_is_told_of_and_gets_no_more(
    sms: SmsAt, stand_in: StandIn, app: Receiver
) -> None:
    stand_in.opt_out(ONE, sender="20880")
    assert app.wait("/opt-out")[0].body == "senderId=20880&phoneNumber=%2B254700000001"
    refused = sms.send("x", [ONE])["SMSMessageData"]["Recipients"][0]
    assert (refused["statusCode"], refused["status"]) == (406, "UserInBlacklist")


def test_a_kind_without_a_url_is_not_called(sms: SmsAt, stand_in: StandIn, app: Receiver) -> None:
    stand_in.call_back(delivery=None)
    sms.send("x", [ONE])
    stand_in.incoming(ONE, "later than the report would be")
    app.wait("/sms")
    assert app.heard("/delivery") == []
    assert stand_in.posts("delivery") == []


def test_one_hanging_callback_holds_up_no_other(sms: SmsAt, app: Receiver) -> None:
    release = threading.Event()

    def speak(heard: Heard) -> tuple[int, str]:
        if len(app.heard("/delivery")) == 1:
            release.wait(PATIENCE)
        return 200, ""

    app.speak = speak
    sms.send("x", [ONE])
    app.wait("/delivery")
    sms.send("x", [ONE])
    app.wait("/delivery", 2)
    release.set()


@pytest.mark.parametrize(
    ("reports", "shown"),
    [
        (["Success"], True),
        ([], True),
        (["Sent", "Buffered"], True),
        (["Failed"], False),
        (["Sent", "Expired"], False),
        (["Failed", "Success"], True),
    ],
)
def test_the_inbox_shows_what_arrived(
    sms: SmsAt, stand_in: StandIn, reports: list[str], shown: bool
) -> None:
    stand_in.behave(ONE, reports=reports)
    sms.send("Come at 9", [ONE])
    assert [each.text for each in stand_in.inbox(ONE)] == ["Come at 9"] * shown


def test_the_inbox_waits_as_long_as_the_report(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, report_delay=0.5)
    sms.send("x", [ONE])
    assert stand_in.inbox(ONE) == []
    wait_until(lambda: len(stand_in.inbox(ONE)) == 1, "the handset shows it")


def test_the_record_is_asked_by_number_and_place(sms: SmsAt, stand_in: StandIn) -> None:
    for text, number in [("a", ONE), ("b", "+254700000002"), ("c", ONE)]:
        sms.send(text, [number])
    first = stand_in.sent()[0]
    assert [each.text for each in stand_in.sent()] == ["a", "b", "c"]
    assert [each.text for each in stand_in.sent(to=ONE)] == ["a", "c"]
    assert [each.text for each in stand_in.sent(after=first.id)] == ["b", "c"]
    assert [each.text for each in stand_in.sent(to=ONE, after=first.id)] == ["c"]


def test_waiting_for_sms(sms: SmsAt, stand_in: StandIn) -> None:
    with pytest.raises(NotSent, match=r"^0 of 1 messages after 0\.05 s$"):
        stand_in.wait_for_sms(ONE, timeout=0.05)
    threading.Thread(target=sms.send, args=("x", [ONE])).start()
    assert stand_in.wait_for_sms(ONE)[0].text == "x"
