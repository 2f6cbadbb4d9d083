"""The bodies to the byte. The first two are captured from the provider's sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from sandbox.standin import wire

NOON = datetime(2026, 10, 9, 12, 17, 37, tzinfo=UTC)


def test_a_ussd_step_as_captured() -> None:
    body = wire.ussd_step(
        number="+254000000001",
        service_code="*384*70421#",
        text="1*1*0",
        session_id="ATUid_e9d0662dea3f3db658e79d9b62f7900c",
        network_code="99999",
    )
    assert body == (
        b"phoneNumber=%2B254000000001&serviceCode=%2A384%2A70421%23&text=1%2A1%2A0"
        b"&sessionId=ATUid_e9d0662dea3f3db658e79d9b62f7900c&networkCode=99999"
    )


def test_an_event_as_captured() -> None:
    body = wire.ussd_event(
        number="+254000000001",
        service_code="*384*70421#",
        session_id="ATUid_f219bf23880979c479e835cb4d640287",
        network_code="99999",
        status="Incomplete",
        text="",
        last_answer="CON OpenUSSD Fediverse\n1. Public timeline\n2. About\n0. Quit",
        error="",
        hops=1,
        millis=192,
        ended=NOON,
    )
    assert body == (
        b"durationInMillis=192&phoneNumber=%2B254000000001&errorMessage="
        b"&serviceCode=%2A384%2A70421%23"
        b"&lastAppResponse=CON+OpenUSSD+Fediverse%0A1.+Public+timeline%0A2.+About%0A0.+Quit"
        b"&hopsMetadata=&hopsCount=1&status=Incomplete"
        b"&sessionId=ATUid_f219bf23880979c479e835cb4d640287&cost=0.00"
        b"&date=2026-10-09+12%3A17%3A37&networkCode=99999&input="
    )


def test_a_delivery_report() -> None:
    body = wire.delivery_report(
        message_id="ATXid_1",
        status="Failed",
        number="+254000000001",
        network_code="63510",
        failure_reason="UserIsInactive",
    )
    assert body == (
        b"id=ATXid_1&status=Failed&phoneNumber=%2B254000000001&networkCode=63510"
        b"&failureReason=UserIsInactive&retryCount=0"
    )


def test_an_incoming_sms() -> None:
    body = wire.incoming_sms(
        message_id="ATXid_2",
        sender="+254000000001",
        text="1 48 é*#",
        to="20880",
        network_code="99999",
        date=NOON.astimezone(timezone(timedelta(hours=2))),
    )
    assert body == (
        b"date=2026-10-09+12%3A17%3A37&from=%2B254000000001&id=ATXid_2&linkId="
        b"&text=1+48+%C3%A9%2A%23&to=20880&cost=0&networkCode=99999"
    )


def test_an_opt_out() -> None:
    body = wire.opt_out(sender="20880", number="+254000000001")
    assert body == b"senderId=20880&phoneNumber=%2B254000000001"


def test_identifiers_have_the_length_of_captured_ones() -> None:
    captured = "ATUid_e9d0662dea3f3db658e79d9b62f7900c"
    assert len(wire.new_id("ATUid_")) == len(captured)
    assert wire.new_id("ATUid_") != wire.new_id("ATUid_")
