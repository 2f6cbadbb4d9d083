"""What the operator's machines ask: alive, ready, metrics. Nobody else learns anything from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url

from gateway.web import callers
from tests.gateway.conftest import Process
from tests.gateway.ussd import Ready, Wire
from tests.lines import CALLER

TOKEN = "a-token-that-only-monitoring-has"


@pytest.fixture
def client(process: Process) -> FlaskClient:
    return callers.create_app(process(ISANGE_METRICS_TOKEN=TOKEN)).test_client()


def test_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data()) == (200, b"ok")


def test_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "degraded": []})


def test_without_redis_it_serves_and_says_what_is_degraded(process: Process) -> None:
    client = callers.create_app(process(REDIS_URL="unix:///nowhere/valkey.sock")).test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "degraded": ["redis"]})
    assert client.get("/healthz").status_code == 200


def test_without_a_database_it_is_alive_and_not_ready(house: Ready) -> None:
    client = callers.create_app(house).test_client()
    path = Path(str(make_url(house.settings.database_url).database))
    house.database.dispose()
    path.unlink()
    path.mkdir()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "degraded": []})
    assert client.get("/healthz").status_code == 200


def test_metrics_are_for_who_has_the_token(client: FlaskClient) -> None:
    for answer in (
        client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}),
        client.get("/metrics", query_string={"token": TOKEN}),
    ):
        assert answer.status_code == 200
        assert b"isange_steps_total" in answer.get_data()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, {}),
        ({}, {"token": ""}),
        ({}, {"token": TOKEN[:-1]}),
        ({}, {"token": TOKEN.upper()}),
        ({}, {"token": "é"}),
        ({"Authorization": "Bearer "}, {}),
        ({"Authorization": f"Bearer {TOKEN}x"}, {}),
        ({"Authorization": f"Basic {TOKEN}"}, {}),
    ],
)
def test_metrics_are_an_unknown_url_for_everybody_else(
    client: FlaskClient, headers: dict[str, str], query: dict[str, str]
) -> None:
    unknown = client.get("/no/such/page")
    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        answer = client.open("/metrics", method=method, headers=headers, query_string=query)
        assert (answer.status, answer.get_data()) == ("404 NOT FOUND", b"")
        assert sorted(answer.headers) == sorted(unknown.headers)


def test_without_a_token_set_metrics_are_open(house: Ready) -> None:
    client = callers.create_app(house).test_client()
    assert client.get("/metrics").status_code == 200


def test_metrics_hold_nothing_about_anybody(house: Ready, calls: Wire) -> None:
    calls.walk("2*1*1*4*2*3*5*2")
    calls.walk("1*1*1", sessionId="ATUid_metrics", networkCode="63510")
    calls.step("", sessionId="ATUid_metrics", phoneNumber="+250788999999")
    calls.step("6*123456*2580", sessionId="dialled")
    shown = calls.client.get("/metrics").get_data(as_text=True)
    assert 'isange_steps_total{event="step"}' in shown
    said = (CALLER[1:], CALLER[4:], "788999999", "ATUid", "63510", "123456", "2580")
    assert [word for word in said if word in shown] == []


def test_metrics_speak_of_steps_in_a_fixed_set_of_words(calls: Wire) -> None:
    """Each word is a series for ever: what a caller sends must never make a new one."""
    for text in ("", "2", "2*1", "1", "junk", "2*1*1*4"):
        calls.step(text, networkCode=text, serviceCode=text)
        calls.step(text, sessionId=text or "none")
    shown = calls.client.get("/metrics").get_data(as_text=True)
    lines = [line for line in shown.splitlines() if line.startswith("isange_steps_total{")]
    words = {line.partition('"')[2].partition('"')[0] for line in lines}
    assert words <= {
        "begin",
        "step",
        "repeat",
        "late",
        "rebuilt",
        "caught_up",
        "dial_through",
        "other_number",
        "unusable",
        "not_done",
        "failed",
    }
