"""Every way in which sending an SMS can go, seen through the provider's own Python package."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests
from africastalking.Service import AfricasTalkingException

from sandbox.standin.client import StandIn
from sandbox.standin.wire import STATUSES
from tests.patience import PATIENCE
from tests.sandbox.conftest import API_KEY, USERNAME, SmsAt, Start

ONE, TWO = "+254700000001", "+254700000002"
ENOUGH = (1.0, 0.3)
"""Connect and read timeouts of a client that does not wait long."""


def recipient(answer: Any) -> dict[str, Any]:
    (found,) = answer["SMSMessageData"]["Recipients"]
    return dict(found)


def raw(stand_in: StandIn, key: str = API_KEY, **fields: str) -> requests.Response:
    """The sending call without the package, to look at status, headers and bytes."""
    url = f"{stand_in.base_url}/version1/messaging"
    return requests.post(url, data=fields, headers={"apiKey": key}, timeout=PATIENCE)


def test_an_accepted_message(sms: SmsAt, stand_in: StandIn) -> None:
    answer = sms.send("Come at 9", [ONE], sender_id="20880")

    (kept,) = stand_in.sent()
    assert (kept.to, kept.sender, kept.text) == (ONE, "20880", "Come at 9")
    assert recipient(answer)["messageId"] == kept.id
    assert kept.id.startswith("ATXid_")


def test_the_answer_to_the_byte(start: Start) -> None:
    stand_in = start(currency="RWF", price=Decimal(10))
    answer = raw(stand_in, username=USERNAME, to=ONE, message="hé", bulkSMSMode="1", enqueue="1")

    (kept,) = stand_in.sent()
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: RWF 10.0000","Recipients":'
        f'[{{"statusCode":101,"number":"{ONE}","status":"Success","cost":"RWF 10.0000",'
        f'"messageId":"{kept.id}"}}]}}}}'
    )


def test_a_message_without_a_sender_comes_from_the_account(sms: SmsAt, stand_in: StandIn) -> None:
    sms.send("x", [ONE])
    assert stand_in.sent()[0].sender == "AFRICASTKNG"


@pytest.mark.parametrize("code", [code for code in STATUSES if code > 102] + [333])
def test_a_refused_recipient(sms: SmsAt, stand_in: StandIn, code: int) -> None:
    stand_in.behave(ONE, status_code=code)
    answer = sms.send("x", [ONE])

    assert answer["SMSMessageData"]["Message"] == "Sent to 0/1 Total Cost: 0"
    assert recipient(answer) == {
        "statusCode": code,
        "number": ONE,
        "status": STATUSES.get(code, "Unknown"),
        "cost": "0",
        "messageId": "None",
    }
    assert stand_in.sent() == []


@pytest.mark.parametrize("code", [100, 101, 102])
def test_the_three_accepting_codes(sms: SmsAt, stand_in: StandIn, code: int) -> None:
    stand_in.behave(status_code=code)
    answer = recipient(sms.send("x", [ONE]))
    assert (answer["statusCode"], answer["status"]) == (code, "Success")
    assert len(stand_in.sent()) == 1


def test_one_call_with_several_ends(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(TWO, status_code=406)
    answer = sms.send("x", [ONE, TWO, "+1234"])

    codes = [each["statusCode"] for each in answer["SMSMessageData"]["Recipients"]]
    assert codes == [101, 406, 403], "a number that is no number is refused as such"
    assert answer["SMSMessageData"]["Message"] == "Sent to 1/3 Total Cost: KES 0.8000"
    assert [each.to for each in stand_in.sent()] == [ONE]


@pytest.mark.parametrize("status", [400, 429, 500, 502, 503])
def test_an_http_error_reaches_the_package_as_text(
    sms: SmsAt, stand_in: StandIn, status: int
) -> None:
    stand_in.behave(ONE, http_status=status, body="not now")
    with pytest.raises(AfricasTalkingException, match=r"^not now$"):
        sms.send("x", [ONE])
    assert stand_in.sent() == []


def test_an_http_error_after_the_message_was_taken(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, http_status=502, accepted=True)
    with pytest.raises(AfricasTalkingException, match="Bad Gateway"):
        sms.send("x", [ONE])
    assert len(stand_in.sent()) == 1


def test_slow(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, delay=0.3)
    began = time.monotonic()
    answer = sms.send("x", [ONE])
    assert time.monotonic() - began >= 0.3
    assert recipient(answer)["statusCode"] == 101


def test_slower_than_the_client_waits(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, delay=5, times=1)
    with pytest.raises(requests.ReadTimeout):
        sms.send("x", [ONE], timeout=ENOUGH)
    assert len(stand_in.wait_for_sms(ONE)) == 1, (
        "a provider that is slow to answer has taken the message"
    )


@pytest.mark.parametrize(("accepted", "kept"), [(None, 1), (True, 1), (False, 0)])
def test_the_answer_never_comes(
    sms: SmsAt, stand_in: StandIn, accepted: bool | None, kept: int
) -> None:
    stand_in.behave(ONE, fault="timeout", hold=5, accepted=accepted)
    with pytest.raises(requests.ReadTimeout):
        sms.send("x", [ONE], timeout=ENOUGH)
    assert len(stand_in.wait_for_sms(ONE, count=kept)) == kept


def test_a_silent_connection_is_closed_in_the_end(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, fault="timeout", hold=0.05)
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        sms.send("x", [ONE])
    assert len(stand_in.sent()) == 1


@pytest.mark.parametrize(("accepted", "kept"), [(None, 0), (True, 1)])
def test_the_connection_breaks(
    sms: SmsAt, stand_in: StandIn, accepted: bool | None, kept: int
) -> None:
    stand_in.behave(ONE, fault="reset", accepted=accepted)
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        sms.send("x", [ONE])
    assert len(stand_in.sent()) == kept


def test_half_an_answer(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, fault="malformed_json")
    with pytest.raises(requests.JSONDecodeError):
        sms.send("x", [ONE])
    assert len(stand_in.sent()) == 1


@pytest.mark.parametrize(("message", "said"), [(None, "InvalidSenderId"), ("Oops", "Oops")])
def test_the_whole_call_fails(
    sms: SmsAt, stand_in: StandIn, message: str | None, said: str
) -> None:
    stand_in.behave(ONE, fault="empty_recipients", message=message)
    assert sms.send("x", [ONE]) == {"SMSMessageData": {"Message": said, "Recipients": []}}
    assert stand_in.sent() == []


def test_the_other_content_type_gives_the_package_a_string(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(content_type="application/json; charset=utf-8")
    answer = sms.send("x", [ONE])
    assert isinstance(answer, str)
    assert answer.startswith('{"SMSMessageData":')


def test_the_content_type_of_the_account(start: Start) -> None:
    stand_in = start(content_type="application/json; charset=utf-8")
    assert isinstance(SmsAt(stand_in.base_url).send("x", [ONE]), str)


@pytest.mark.parametrize(
    ("username", "key"), [(USERNAME, "wrong"), ("other", API_KEY), (USERNAME, "ключ")]
)
def test_wrong_credentials(stand_in: StandIn, username: str, key: str) -> None:
    answer = requests.post(
        f"{stand_in.base_url}/version1/messaging",
        data={"username": username, "to": ONE, "message": "x"},
        headers={"apiKey": key.encode()},
        timeout=PATIENCE,
    )
    assert (answer.status_code, answer.text) == (401, "The supplied authentication is invalid")
    assert stand_in.sent() == []


def test_wrong_credentials_through_the_package(stand_in: StandIn) -> None:
    with pytest.raises(AfricasTalkingException, match=r"^The supplied authentication is invalid$"):
        SmsAt(stand_in.base_url, api_key="wrong").send("x", [ONE])


@pytest.mark.parametrize("missing", ["username", "to", "message"])
def test_a_field_is_missing(stand_in: StandIn, missing: str) -> None:
    fields = {"username": USERNAME, "to": ONE, "message": "x"}
    del fields[missing]
    answer = raw(stand_in, **fields)
    assert answer.status_code == 400
    assert answer.text == f"Request is missing required form field '{missing}'"


def test_a_premium_message_is_taken_too(sms: SmsAt, stand_in: StandIn) -> None:
    sms.send_premium("x", "20880", [ONE], keyword="K", link_id="L")
    assert stand_in.sent()[0].sender == "20880"


def test_passing_behaviours_wear_off_in_their_order(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(ONE, status_code=406)
    stand_in.behave(status_code=407)
    stand_in.behave(ONE, status_code=500, times=2)
    stand_in.behave(ONE, status_code=501, times=1)

    codes = [recipient(sms.send("x", [ONE]))["statusCode"] for _ in range(5)]
    assert codes == [500, 500, 501, 406, 406]
    assert recipient(sms.send("x", [TWO]))["statusCode"] == 407


def test_a_lasting_behaviour_replaces_the_one_before(sms: SmsAt, stand_in: StandIn) -> None:
    stand_in.behave(status_code=405)
    stand_in.behave(status_code=409)
    assert recipient(sms.send("x", [ONE]))["statusCode"] == 409


def test_behaviours_are_cleared_by_number_or_altogether(sms: SmsAt, stand_in: StandIn) -> None:
    for number in (ONE, TWO, None):
        stand_in.behave(number, status_code=405)
        stand_in.behave(number, status_code=500, times=1)

    stand_in.clear(ONE)
    first = [recipient(sms.send("x", [ONE]))["statusCode"] for _ in range(2)]
    assert first == [500, 405], "those of everybody stay"
    stand_in.clear()
    assert [recipient(sms.send("x", [each]))["statusCode"] for each in (ONE, TWO)] == [101, 101]


def test_times_hold_among_many_threads(start: Start) -> None:
    stand_in = start(reports=())
    stand_in.behave(status_code=500, times=20)
    sms = SmsAt(stand_in.base_url)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: sms.send("x", [ONE]), range(60)))
    codes = [recipient(each)["statusCode"] for each in answers]
    assert sorted(codes) == [101] * 40 + [500] * 20
    assert len({each.id for each in stand_in.sent()}) == 40


def test_slow_answers_are_slow_side_by_side(start: Start) -> None:
    """All are taken while the answer to the first is still a long time off."""
    stand_in = start(latency=10 * PATIENCE, reports=())
    sms = SmsAt(stand_in.base_url)

    def send(_: int) -> None:
        with pytest.raises(requests.ReadTimeout):
            sms.send("x", [ONE], timeout=ENOUGH)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(send, range(16)))
    assert len(stand_in.wait_for_sms(ONE, 16)) == 16
