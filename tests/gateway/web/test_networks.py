"""Each network's wire: a table of what it sends, what that means, and what it is answered."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.networks.africastalking import AfricasTalking
from gateway.web.networks.contract import Network, NetworkStep, SessionOver, Unusable
from gateway.web.networks.hubtel import Hubtel

AT = AfricasTalking("RW")
HUBTEL = Hubtel("RW")


@dataclass(frozen=True)
class Case:
    """A request's body and the step it is."""

    body: bytes
    text: str | None
    number: str = "+250788123456"
    network: str | None = None
    session: str = "s1"


def hubtel(**fields: object) -> bytes:
    given = {"SessionId": "s1", "Mobile": "250788123456", "Type": "Response", **fields}
    return json.dumps({name: value for name, value in given.items() if value is not None}).encode()


CALLER = b"phoneNumber=%2B250788123456&sessionId=s1"

AT_CASES = {
    "captured": Case(
        b"phoneNumber=%2B254711000001&serviceCode=%2A384%2A70421%23&text=1%2A1%2A0"
        b"&sessionId=ATUid_e9d0662dea3f3db658e79d9b62f7900c&networkCode=99999",
        "1*1*0",
        "+254711000001",
        "99999",
        "ATUid_e9d0662dea3f3db658e79d9b62f7900c",
    ),
    "first step": Case(
        b"phoneNumber=%2B250788123456&sessionId=s1&text=&networkCode=63510", "", network="63510"
    ),
    "no text at all": Case(CALLER, ""),
    "a plus that was not escaped": Case(b"phoneNumber=+250788123456&sessionId=s1&text=1", "1"),
    "national number": Case(b"phoneNumber=0788123456&sessionId=s1&text=1", "1"),
    "an odd network code": Case(
        b"phoneNumber=%2B250788123456&sessionId=s1&networkCode=%3Cx%3E", ""
    ),
}

HUBTEL_CASES = {
    "opens": Case(hubtel(Type="Initiation", Message="*713#", Operator="mtn"), None, network="mtn"),
    "answers": Case(hubtel(Message="1", Sequence=2), "1"),
    "empty answer": Case(hubtel(Message=""), ""),
    "number as a number": Case(hubtel(Message=1), "1"),
    "other capitals": Case(
        b'{"sessionid":"s1","MOBILE":"250788123456","type":"RESPONSE","message":"7"}', "7"
    ),
    "with a plus": Case(hubtel(Mobile="+250788123456", Message="1"), "1"),
    "national number": Case(hubtel(Mobile="0788123456", Message="1"), "1"),
    "unknown type": Case(hubtel(Type="Something", Message="1"), "1"),
    "no type": Case(hubtel(Type=None, Message="1"), "1"),
    "no message": Case(hubtel(), ""),
    "a message that is none": Case(hubtel(Message={"a": 1}), ""),
    "the longest session id": Case(
        hubtel(SessionId="s" * 120, Message="1"), "1", session="s" * 120
    ),
}


@pytest.mark.parametrize("name", AT_CASES)
def test_africas_talking(name: str) -> None:
    check(AT, AT_CASES[name])


@pytest.mark.parametrize("name", HUBTEL_CASES)
def test_hubtel(name: str) -> None:
    check(HUBTEL, HUBTEL_CASES[name])


def check(network: Network, case: Case) -> None:
    step = network.parse(case.body)
    assert (step.text, step.msisdn.reveal(), step.network, step.session_id) == (
        case.text,
        case.number,
        case.network,
        case.session,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"{}",
        hubtel(SessionId=None),
        hubtel(SessionId="s" * 121),
        hubtel(Mobile=None),
        hubtel(Mobile="nobody"),
        hubtel(Mobile={"a": 1}),
        b"[" * 4000,
    ],
)
def test_what_hubtel_cannot_mean_is_unusable(body: bytes) -> None:
    with pytest.raises(Unusable):
        HUBTEL.parse(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"sessionId=s1", b"phoneNumber=%2B250788123456", b"sessionId=s1&phoneNumber=nobody"],
)
def test_what_africas_talking_cannot_mean_is_unusable(body: bytes) -> None:
    with pytest.raises(Unusable):
        AT.parse(body)


@pytest.mark.parametrize(("kind", "by_us"), [("Release", True), ("Timeout", False)])
def test_hubtel_tells_that_a_session_is_over(kind: str, by_us: bool) -> None:
    with pytest.raises(SessionOver) as over:
        HUBTEL.parse(hubtel(Type=kind))
    assert (over.value.session_id, over.value.by_us) == ("s1", by_us)


def test_a_repeat_is_told_by_the_sequence_where_there_is_one() -> None:
    assert HUBTEL.parse(hubtel(Message="1", Sequence=2)).id == "2*1"
    assert HUBTEL.parse(hubtel(Sequence=2)).id == "2*"
    assert HUBTEL.parse(hubtel(Message="1")).id is None


@pytest.mark.parametrize(("ends", "word"), [(False, "CON"), (True, "END")])
def test_africas_talking_is_answered(ends: bool, word: str) -> None:
    rendered = AT.render("1 Yes\n0 Exit", ends=ends, body=b"")
    assert rendered.body == f"{word} 1 Yes\n0 Exit"
    assert rendered.content_type.startswith("text/plain")


@pytest.mark.parametrize(("ends", "word"), [(False, "Response"), (True, "Release")])
def test_hubtel_is_answered(ends: bool, word: str) -> None:
    rendered = HUBTEL.render('Say "yes"\n0 Exit', ends=ends, body=hubtel())
    assert rendered.content_type == "application/json"
    assert json.loads(rendered.body) == {
        "Type": word,
        "Message": 'Say "yes"\n0 Exit',
        "SessionId": "s1",
    }


@given(st.binary(max_size=300))
def test_no_body_whatever_breaks_a_network(body: bytes) -> None:
    for network in (AT, HUBTEL):
        network.render("", ends=True, body=body)
        try:
            step = network.parse(body)
        except (Unusable, SessionOver):
            continue
        assert isinstance(step, NetworkStep)
