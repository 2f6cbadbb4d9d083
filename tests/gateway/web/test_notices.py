"""The provider's notices over HTTP: what is taken in, asked for again, or left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select
from structlog.testing import capture_logs

from gateway.runtime import callbacks
from gateway.runtime.callbacks import Kind
from gateway.store import database
from gateway.store.models import DeliveryReport, IncomingSms
from tests.gateway.web.ussd_wire import UssdWire, rows
from tests.samples import CALLER, SECRET
from tests.shared_parts import SharedParts

EVENT = {
    "date": "2026-11-24 08:00:00.123",
    "sessionId": "ATUid_e9d0662dea3f3db658e79d9b62f7900c",
    "serviceCode": "*384*3029#",
    "networkCode": "63510",
    "phoneNumber": CALLER,
    "status": "Incomplete",
    "cost": "RWF 12.0000",
    "durationInMillis": "27000",
    "hopsCount": "3",
    "hopsMetadata": '[{"hop":1},{"hop":2}]',
    "input": "2*1*1*4*2580",
    "lastAppResponse": "CON Your age?",
    "errorMessage": "",
}
DELIVERY = {
    "id": "ATXid_1",
    "status": "Success",
    "phoneNumber": CALLER,
    "networkCode": "63510",
    "retryCount": "0",
}
SMS = {
    "date": "2026-11-24 08:00:00",
    "from": CALLER,
    "id": "in-1",
    "linkId": "link",
    "text": "Please call me",
    "to": "3029",
    "cost": "None",
    "networkCode": "63510",
}
OPT_OUT = {"senderId": "ISANGE", "phoneNumber": CALLER}

NOTICES: dict[Kind, dict[str, str]] = {
    "events": EVENT,
    "delivery": DELIVERY,
    "sms": SMS,
    "opt-out": OPT_OUT,
}

Post = Callable[..., int]


@pytest.fixture
def post(calls: UssdWire) -> Post:
    """Post a notice, with some fields otherwise (None: left out); the status."""

    def send(kind: Kind, body: bytes | None = None, /, **other: str | None) -> int:
        fields = {**NOTICES[kind], **{name.rstrip("_"): value for name, value in other.items()}}
        form = {name: value for name, value in fields.items() if value is not None}
        address = callbacks.url("", SECRET, kind)
        return calls.client.post(address, data=form if body is None else body).status_code

    return send


@pytest.mark.parametrize("kind", NOTICES)
def test_a_captured_notice_is_taken_in(post: Post, kind: Kind) -> None:
    assert [post(kind), post(kind)] == [200, 200]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("delivery", "id"),
        ("delivery", "status"),
        ("sms", "id"),
        ("sms", "from"),
        ("opt-out", "phoneNumber"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_notice_without_what_it_is_about_is_refused(
    parts: SharedParts, post: Post, kind: Kind, field: str, value: str | None
) -> None:
    before = rows(parts)
    assert post(kind, **{f"{field}_": value}) == 400
    assert rows(parts) == before


@pytest.mark.parametrize("field", ["networkCode", "retryCount", "phoneNumber", "failureReason"])
def test_the_rest_of_a_delivery_report_may_be_missing(post: Post, field: str) -> None:
    assert post("delivery", **{field: None}) == 200


@pytest.mark.parametrize("status", ["Unheard", "x" * 5000, "é", "\0", "0788123456"])
def test_an_unknown_word_for_a_delivery_is_kept(
    parts: SharedParts, post: Post, status: str
) -> None:
    assert post("delivery", status=status, failureReason=status) == 200
    with database.reading(parts.database) as session:
        assert session.scalar(select(func.count()).select_from(DeliveryReport)) == 1


def test_a_long_sms_in_any_letters_is_taken_in(parts: SharedParts, post: Post) -> None:
    """Ten parts of 67 letters, each of which may take 12 bytes on the wire; it must not be lost."""
    assert post("sms", text="ሰላም🙏" * 134) == 200
    assert post("sms", id="in-2", text="é" * 1530) == 200
    with database.reading(parts.database) as session:
        assert session.scalar(select(func.count()).select_from(IncomingSms)) == 2


@pytest.mark.parametrize("sender", ["MTN", "3029x", "+", "ISANGE"])
def test_an_sms_that_no_person_wrote_is_left_alone(
    parts: SharedParts, post: Post, sender: str
) -> None:
    before = rows(parts)
    assert post("sms", from_=sender) == 200
    assert rows(parts) == before


@pytest.mark.parametrize("kind", NOTICES)
def test_a_body_without_end_is_refused(post: Post, kind: Kind) -> None:
    assert post(kind, b"x=".ljust(40_000, b"x")) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"status=Incomplete",
        b"sessionId=a",
        b"&&&",
        b"phoneNumber=x&sessionId=a",
    ],
)
def test_an_event_of_any_shape_is_taken_in_and_does_nothing(
    parts: SharedParts, post: Post, body: bytes
) -> None:
    before = rows(parts)
    with capture_logs() as logged:
        assert post("events", body) == 200
    assert (rows(parts), logged) == (before, [])


@pytest.mark.parametrize("status", ["Incomplete", "Success", "Failed", "", "unheard", None])
def test_the_end_of_a_session_says_nothing_to_the_log(
    parts: SharedParts, calls: UssdWire, post: Post, status: str | None
) -> None:
    calls.walk("2*1*1*4")
    before = rows(parts)
    with capture_logs() as logged:
        assert post("events", status=status) == 200
    assert (rows(parts), logged) == (before, [])


@pytest.mark.parametrize("kind", NOTICES)
def test_without_a_database_a_notice_is_asked_for_again(
    parts: SharedParts, post: Post, kind: Kind
) -> None:
    path = Path(str(make_url(parts.settings.database_url).database))
    aside = path.with_suffix(".aside")
    parts.database.dispose()
    path.rename(aside)
    path.mkdir()
    with capture_logs() as logged:
        assert post(kind) == 503
    assert [one["event"] for one in logged] == ["notice_not_kept"]
    assert CALLER[1:] not in str(logged)
    path.rmdir()
    aside.rename(path)
    assert post(kind) == 200
