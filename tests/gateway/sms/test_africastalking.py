"""Africa's Talking's own package against a stand-in: every answer has its outcome, and a number
is in none of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.runtime.phones import Msisdn
from gateway.sms.providers.africastalking import STATUSES, AfricasTalking
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    Refused,
    TryLater,
    Unknown,
)
from sandbox.standin import wire
from sandbox.standin.client import StandIn
from sandbox.standin.config import Config
from sandbox.standin.server import background
from tests.gateway.sms.peers import (
    everything_logged,
    hanging_up,
    not_answering,
    redirecting,
    refusing,
    strangers_tls,
    visited_by_nobody,
)
from tests.samples import CALLER
from tests.sandbox.receiver import Receiver, listening

TO = Msisdn(CALLER)
TEXT = "Hello. Your appointment is confirmed. Thank you."
QUICK = (0.5, 0.15)
"""Timeouts of a test that does not wait long."""

PARAMETERS = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Case:
    """What the stand-in is told to do, and what must come of it."""

    does: dict[str, object]
    outcome: Outcome
    accepted: int = 0


CASES = {
    "reset before accepting": Case({"fault": "reset"}, Unknown("connection lost")),
    "reset after accepting": Case(
        {"fault": "reset", "accepted": True}, Unknown("connection lost"), accepted=1
    ),
    "accept, then silence": Case({"fault": "timeout"}, Unknown("no answer"), accepted=1),
    "a late answer": Case({"delay": 0.5}, Unknown("no answer"), accepted=1),
    "half an answer": Case({"fault": "malformed_json"}, Unknown("broken answer"), accepted=1),
    "half an answer as text": Case(
        {"fault": "malformed_json", "content_type": PARAMETERS},
        Unknown("unreadable answer"),
        accepted=1,
    ),
    "no recipients": Case({"fault": "empty_recipients"}, OperatorFault("invalid sender id")),
    "no recipients as text": Case(
        {"fault": "empty_recipients", "content_type": PARAMETERS},
        OperatorFault("invalid sender id"),
    ),
    "no credit for the whole call": Case(
        {"fault": "empty_recipients", "message": "InsufficientBalance"},
        OperatorFault("insufficient balance"),
    ),
    "no recipients and no reason": Case(
        {"fault": "empty_recipients", "message": "Sent to 0/1 Total Cost: 0"},
        TryLater("nothing sent"),
    ),
    "HTTP 400": Case({"http_status": 400}, OperatorFault("request not understood")),
    "HTTP 401": Case({"http_status": 401}, OperatorFault("not authenticated")),
    "HTTP 403": Case({"http_status": 403}, OperatorFault("not allowed")),
    "HTTP 404": Case({"http_status": 404}, OperatorFault("wrong address")),
    "HTTP 429": Case({"http_status": 429}, TryLater("too many at once")),
    "HTTP 500": Case({"http_status": 500}, Unknown("provider error")),
    "HTTP 500 after accepting": Case(
        {"http_status": 500, "accepted": True}, Unknown("provider error"), accepted=1
    ),
    "HTTP 502": Case({"http_status": 502}, Unknown("provider error")),
    "HTTP 503": Case({"http_status": 503}, TryLater("not available")),
    "HTTP 503 of a proxy": Case(
        {"http_status": 503, "body": "<h1>503 Service Temporarily Unavailable</h1>"},
        TryLater("not available"),
    ),
    "HTTP 504": Case({"http_status": 504}, Unknown("provider error")),
    "HTTP 500 without a word": Case({"http_status": 500, "body": ""}, Unknown("provider error")),
}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    with background(Config(tmp_path, "clinic", "key")) as url:
        yield StandIn(url)


@pytest.fixture
def answering() -> Iterator[Receiver]:
    """A provider that answers whatever a test wants, as text."""
    with listening() as receiver:
        yield receiver


def provider(url: str, api_key: str = "key") -> AfricasTalking:
    return AfricasTalking("clinic", api_key, "INFO", url, QUICK)


def hasty(url: str) -> AfricasTalking:
    """One that waits for its pulse no longer than a test does."""
    return AfricasTalking("clinic", "key", "INFO", url, QUICK, QUICK)


def test_an_accepted_sms_carries_the_id_that_delivery_reports_will_quote(
    stand_in: StandIn,
) -> None:
    outcome = provider(stand_in.base_url).send(TO, TEXT)

    (sent,) = stand_in.sent()
    assert outcome == Accepted(sent.id)
    assert (sent.to, sent.sender, sent.text) == (CALLER, "INFO", TEXT)


@pytest.mark.parametrize("content_type", ["application/json", PARAMETERS])
@pytest.mark.parametrize("code", wire.STATUSES)
def test_every_status_of_a_recipient(stand_in: StandIn, code: int, content_type: str) -> None:
    stand_in.behave(CALLER, status_code=code, content_type=content_type)

    outcome = provider(stand_in.base_url).send(TO, TEXT)

    sent = stand_in.sent()
    if isinstance(STATUSES[code], Accepted):
        assert outcome == Accepted(sent[0].id)
    else:
        assert outcome == STATUSES[code]
        assert sent == []


def test_each_status_is_of_the_kind_that_the_wire_asks_for() -> None:
    kinds = {code: type(outcome) for code, outcome in STATUSES.items()}
    assert kinds == (
        dict.fromkeys((100, 101, 102), Accepted)
        | dict.fromkeys((401, 403, 404, 406, 407, 409), Refused)
        | dict.fromkeys((402, 405), OperatorFault)
        | dict.fromkeys((500, 501, 502), TryLater)
    )
    assert STATUSES[406] == Refused("user in blacklist", opted_out=True)
    assert STATUSES[502] == TryLater("rejected by gateway", most=2)


def test_a_status_that_nobody_knows(stand_in: StandIn) -> None:
    stand_in.behave(CALLER, status_code=408)
    assert provider(stand_in.base_url).send(TO, TEXT) == Unknown("unknown status")


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_every_way_in_which_a_call_fails(stand_in: StandIn, case: Case) -> None:
    stand_in.behave(CALLER, **case.does)

    outcome = provider(stand_in.base_url).send(TO, TEXT)

    assert outcome == case.outcome
    assert len(stand_in.sent()) == case.accepted


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_only_what_was_certainly_not_sent_may_be_tried_again_without_counting(case: Case) -> None:
    """The witness is the provider's own record."""
    if case.accepted:
        assert isinstance(case.outcome, Accepted | Unknown)


def test_the_wrong_key_is_the_operators_fault(stand_in: StandIn) -> None:
    outcome = provider(stand_in.base_url, api_key="old").send(TO, TEXT)
    assert outcome == OperatorFault("not authenticated")


def test_a_refused_connection_was_certainly_not_a_sent_sms() -> None:
    with refusing() as url:
        assert provider(url).send(TO, TEXT) == TryLater("no connection")


def test_a_connection_that_is_not_answered_was_certainly_not_a_sent_sms() -> None:
    with not_answering() as url:
        assert provider(url).send(TO, TEXT) == TryLater("no connection")


@pytest.mark.parametrize("heard", [0, 65_536])
def test_a_connection_that_is_cut_proves_nothing(heard: int) -> None:
    with hanging_up(after_bytes=heard) as url:
        assert provider(url).send(TO, TEXT) == Unknown("connection lost")


def test_a_stranger_in_the_providers_place_gets_nothing_to_read(tmp_path: Path) -> None:
    with strangers_tls(tmp_path) as url:
        assert provider(url).send(TO, TEXT) == TryLater("no connection")


REDIRECTS = [301, 302, 303, 307, 308]


@pytest.mark.parametrize("status", REDIRECTS)
def test_nothing_follows_a_redirect(status: int) -> None:
    """It would take number, text and API key wherever an answer says."""
    with visited_by_nobody() as elsewhere, redirecting(elsewhere, status) as url:
        assert provider(url).send(TO, TEXT) == Unknown("redirected")
    with visited_by_nobody() as elsewhere, redirecting(elsewhere, status) as url:
        assert hasty(url).probe() == Pulse(alive=False)


ODD_ANSWERS = {
    "": Unknown("unreadable answer"),
    "OK": Unknown("unreadable answer"),
    "[]": Unknown("unreadable answer"),
    "null": Unknown("unreadable answer"),
    "1" * 5_000: Unknown("unreadable answer"),
    "[" * 100_000: Unknown("unreadable answer"),
    "<SMSMessageData/>": Unknown("unreadable answer"),
    '{"SMSMessageData": []}': Unknown("unreadable answer"),
    '{"SMSMessageData": {}}': Unknown("unreadable answer"),
    '{"SMSMessageData": {"Recipients": {}}}': Unknown("unreadable answer"),
    '{"SMSMessageData": {"Recipients": [7]}}': Unknown("unreadable answer"),
    '{"SMSMessageData": {"Recipients": []}}': TryLater("nothing sent"),
    '{"SMSMessageData": {"Recipients": [{"statusCode": 101}]}}': Unknown("unreadable answer"),
    '{"SMSMessageData": {"Recipients": [{"statusCode": 101, "number": "+250788000000"}]}}': Unknown(
        "unreadable answer"
    ),
    f'{{"SMSMessageData": {{"Recipients": [{{"number": "{CALLER}"}}]}}}}': Unknown(
        "unknown status"
    ),
    f'{{"SMSMessageData": {{"Recipients": [{{"number": "{CALLER}", "statusCode": "{"9" * 5_000}"'
    "}]}}": Unknown("unknown status"),
    f'{{"SMSMessageData": {{"Recipients": [{{"number": "{CALLER}", "statusCode": "101",'
    ' "messageId": "ATXid_1"}]}}': Accepted("ATXid_1"),
    f'{{"SMSMessageData": {{"Recipients": [{{"number": "{CALLER[1:]}", "statusCode": 102}}]}}}}': (
        Accepted("")
    ),
    '{"SMSMessageData": {"Recipients": [{"number": "+250788000000", "statusCode": 403},'
    f'{{"number": "{CALLER}", "statusCode": 406}}]}}}}': STATUSES[406],
}


@pytest.mark.parametrize(("body", "outcome"), ODD_ANSWERS.items(), ids=range(len(ODD_ANSWERS)))
def test_odd_answers(answering: Receiver, body: str, outcome: Outcome) -> None:
    answering.speak = lambda heard: (201, body)
    assert provider(answering.url).send(TO, TEXT) == outcome


NO_NUMBERS = ["+1234", "+250788123456\n", "+٢٥٠٧٨٨١٢٣٤٥٦", "0788123456", "", "+", "INFO"]


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_what_is_no_number_never_leaves(answering: Receiver, number: str) -> None:
    assert provider(answering.url).send(Msisdn(number), TEXT) == Refused("invalid number")
    assert answering.heard("/version1/messaging") == []


def test_no_outcome_and_no_log_line_says_the_number_or_the_text(
    stand_in: StandIn, answering: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    """All loggers of all libraries are open here, down to the last detail."""
    answering.speak = lambda heard: (500, f"cannot send {TEXT!r} to {CALLER}")
    said: list[object] = [provider(answering.url).send(TO, TEXT)]
    with everything_logged() as lines:
        for case in CASES.values():
            stand_in.clear()
            stand_in.behave(CALLER, **case.does)
            said.append(provider(stand_in.base_url).send(TO, TEXT))
        said.append(provider("http://127.0.0.1:1").send(TO, TEXT))
        said.append(provider(stand_in.base_url).send(Msisdn("+123\n"), TEXT))

    assert lines.getvalue(), "nothing was logged, so nothing was proven"
    for heard in (repr(said), lines.getvalue(), *capfd.readouterr()):
        assert CALLER[1:] not in heard
        assert "appointment" not in heard


def test_the_balance_is_a_pulse(stand_in: StandIn) -> None:
    assert provider(stand_in.base_url).probe() == Pulse(alive=True, balance=Decimal("1000000.0000"))
    provider(stand_in.base_url).send(TO, TEXT)
    assert provider(stand_in.base_url).probe() == Pulse(alive=True, balance=Decimal("999999.2000"))
    stand_in.top_up("0")
    assert provider(stand_in.base_url).probe() == Pulse(alive=True, balance=Decimal("0.0000"))
    assert provider(stand_in.base_url).send(TO, TEXT) == OperatorFault("insufficient balance")


OUTAGES: list[dict[str, object]] = [
    {"http_status": 500},
    {"http_status": 503},
    {"fault": "reset"},
    {"fault": "timeout", "hold": 1},
    {"fault": "malformed_json"},
    {"fault": "malformed_json", "content_type": PARAMETERS},
]


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_balance_that_cannot_be_had_is_no_pulse(
    stand_in: StandIn, outage: dict[str, object]
) -> None:
    stand_in.behave(None, everywhere=True, **outage)
    assert hasty(stand_in.base_url).probe() == Pulse(alive=False)
    assert provider(stand_in.base_url, api_key="old").probe() == Pulse(alive=False)
    stand_in.clear()
    assert provider(stand_in.base_url).probe().alive


def test_nobody_there_is_no_pulse() -> None:
    with refusing() as url:
        assert provider(url).probe() == Pulse(alive=False)
