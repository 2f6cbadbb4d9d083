"""What Kannel tells us over HTTP, and that it looks like an unknown URL to everybody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url, select

from gateway.runtime import callbacks
from gateway.runtime.callbacks import Kind
from gateway.store import database
from gateway.store.models import DeliveryReport, IncomingSms, Outbox
from gateway.web import callers
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import rows
from tests.samples import CALLER, SECRET
from tests.shared_parts import SharedParts, open_centres

DELIVERY = callbacks.url("", SECRET, "kannel-delivery")
SMS = callbacks.url("", SECRET, "kannel-sms")
IN_UTF8 = {"Content-Type": 'text/plain; charset="UTF-8"', "X-Kannel-From": CALLER}
IN_UTF16 = {**IN_UTF8, "Content-Type": 'text/plain; charset="UTF-16BE"'}


@pytest.fixture
def parts(process: Process) -> SharedParts:
    made = process(ISANGE_PROVIDERS="africastalking:10, kannel:5")
    open_centres(made.database, made.pack)
    return made


@pytest.fixture
def client(parts: SharedParts) -> FlaskClient:
    return callers.create_app(parts).test_client()


def reported(parts: SharedParts) -> list[tuple[str, str, str | None]]:
    with database.reading(parts.database) as session:
        found = session.scalars(select(DeliveryReport).order_by(DeliveryReport.id))
        return [(one.provider_message_id, one.status, one.reason) for one in found]


BITS = {
    "1": "Success",
    "2": "Failed",
    "4": "Buffered",
    "8": "Submitted",
    "16": "Rejected",
    "34": "Expired",
    "66": "Failed",
    "128": "Kannel 128",
    "%d": "Kannel %d",
}


@pytest.mark.parametrize(("bit", "word"), BITS.items())
def test_each_bit_of_a_report_is_a_word_of_ours(
    parts: SharedParts, client: FlaskClient, bit: str, word: str
) -> None:
    for _ in range(2):
        answer = client.get(DELIVERY, query_string={"id": "ours", "status": bit, "answer": ""})
        assert (answer.status_code, answer.get_data()) == (200, b"")
    assert reported(parts) == [("ours", word, None)]


REASONS = {
    "ACK/": None,
    "NACK/no SMSC": "no SMSC",
    "NACK/0x0000000b/Invalid Destination Address": "0x0000000b",
    "id:1 sub:001 dlvrd:000 submit date:2611240800 done date:2611240801 stat:UNDELIV err:0C1 "
    f"text:Hello {CALLER}": "UNDELIV 0C1",
    "stat:EXPIRED": "EXPIRED",
    f"NACK/{CALLER}": None,
    f"text:{CALLER} is": None,
}


@pytest.mark.parametrize(("answer", "reason"), REASONS.items())
def test_of_the_networks_answer_only_a_code_is_kept(
    parts: SharedParts, client: FlaskClient, answer: str, reason: str | None
) -> None:
    """A receipt by SMPP quotes how the SMS begins, and who knows what else."""
    client.get(DELIVERY, query_string={"id": "ours", "status": "2", "answer": answer})
    assert reported(parts) == [("ours", "Failed", reason)]


TOO_LONG = f"id=a&status=1&{'x' * 3000}"


@pytest.mark.parametrize(
    "query", ["", "id=a", "status=1", "id=&status=1", "id=a&status=%20", TOO_LONG]
)
def test_a_report_that_says_too_little_or_too_much_is_refused(
    parts: SharedParts, client: FlaskClient, query: str
) -> None:
    assert client.get(f"{DELIVERY}?{query}").status_code == 400
    assert reported(parts) == []


WRITTEN = {
    "plain": (IN_UTF8, b"Please call me"),
    "accents": (IN_UTF8, "é è à".encode()),
    "as it came over the air": (IN_UTF16, "Ça va ’ 🙏".encode("utf-16-be")),
    "nothing": (IN_UTF8, b""),
    "ten parts": (IN_UTF8, b"x" * 1530),
    "half a letter": (IN_UTF16, b"\x00a\x00"),
    "data": ({**IN_UTF8, "Content-Type": "application/octet-stream"}, b"\xff\x00\xfe"),
}


@pytest.mark.parametrize(("headers", "body"), WRITTEN.values(), ids=list(WRITTEN))
def test_an_sms_is_taken_in_once_and_answered_by_nothing_but_ours(
    parts: SharedParts, client: FlaskClient, headers: dict[str, str], body: bytes
) -> None:
    for _ in range(2):
        answer = client.post(f"{SMS}?id=in-1", data=body, headers=headers)
        assert (answer.status_code, answer.get_data()) == (200, b"")
    with database.reading(parts.database) as session:
        assert session.scalars(select(IncomingSms.id)).all() == ["in-1"]


@pytest.mark.parametrize("sender", ["MTN", "3029x", "+"])
def test_an_sms_that_no_person_wrote_is_left_alone(
    parts: SharedParts, client: FlaskClient, sender: str
) -> None:
    before = rows(parts)
    headers = {**IN_UTF8, "X-Kannel-From": sender}
    assert client.post(f"{SMS}?id=in-1", data=b"x", headers=headers).status_code == 200
    assert rows(parts) == before


def test_an_sms_without_its_id_or_number_or_end_is_refused(
    parts: SharedParts, client: FlaskClient
) -> None:
    before = rows(parts)
    unnamed = {"Content-Type": "text/plain"}
    assert client.post(SMS, data=b"x", headers=IN_UTF8).status_code == 400
    assert client.post(f"{SMS}?id=in-1", data=b"x", headers=unnamed).status_code == 400
    assert client.post(f"{SMS}?id=in-1", data=b"x" * 40_000, headers=IN_UTF8).status_code == 400
    assert rows(parts) == before


PATHS: list[tuple[Kind, str]] = [("kannel-delivery", "POST"), ("kannel-sms", "GET")]


@pytest.mark.parametrize(("kind", "method"), PATHS)
def test_a_stranger_and_the_wrong_method_see_what_an_unknown_url_shows(
    client: FlaskClient, kind: Kind, method: str
) -> None:
    live, other = callbacks.url("", SECRET, kind), callbacks.segment(SECRET, "sms")
    strangers = [live, *(callbacks.PATHS[kind].replace("<secret>", one) for one in (other, "x"))]
    for path in strangers:
        for how in {method, "PUT", "DELETE", "OPTIONS"}:
            answer = client.open(path, method=how)
            assert (answer.status_code, answer.get_data()) == (404, b""), (path, how)


def test_without_kannel_nobody_is_at_its_addresses(process: Process) -> None:
    client = callers.create_app(process()).test_client()
    assert client.get(f"{DELIVERY}?id=a&status=1").status_code == 404
    assert client.post(f"{SMS}?id=a", data=b"x", headers=IN_UTF8).status_code == 404


def test_without_a_database_kannel_is_to_bring_it_again(
    parts: SharedParts, client: FlaskClient
) -> None:
    path = Path(str(make_url(parts.settings.database_url).database))
    aside = path.with_suffix(".aside")
    parts.database.dispose()
    path.rename(aside)
    path.mkdir()
    assert client.get(f"{DELIVERY}?id=a&status=1").status_code == 503
    assert client.post(f"{SMS}?id=a", data=b"x", headers=IN_UTF8).status_code == 503
    path.rmdir()
    aside.rename(path)
    assert client.get(f"{DELIVERY}?id=a&status=1").status_code == 200
    with database.reading(parts.database) as session:
        assert session.scalars(select(Outbox)).all() == []
