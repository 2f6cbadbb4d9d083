"""What the operator's machines ask: alive, ready, metrics. Nobody else learns anything from it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import make_url, update

from gateway.runtime import doorbell
from gateway.store import database, liveness
from gateway.store.models import Base, Outbox, OutboxState, ProcessSeen, Report
from gateway.web import callers, monitoring
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import UssdWire
from tests.gateway.web.ussd_wire import statements as statements_of
from tests.one_process_line import Line
from tests.rules.sources import ROOT
from tests.samples import CALLER
from tests.services import PATIENCE
from tests.shared_parts import SharedParts
from workers import jobs

TOKEN = "a-token-that-only-monitoring-has"


@pytest.fixture
def client(process: Process) -> FlaskClient:
    return callers.create_app(process(ISANGE_METRICS_TOKEN=TOKEN)).test_client()


def test_alive(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data()) == (200, b"ok")


def degraded(client: FlaskClient) -> list[str]:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["ready"] is True
    found: list[str] = answer.json["degraded"]
    return found


def figures(client: FlaskClient) -> dict[str, float | bool | None]:
    answer = client.get("/readyz")
    assert answer.json is not None
    found: dict[str, float | bool | None] = answer.json["figures"]
    return found


def gauges(client: FlaskClient) -> dict[str, float]:
    shown = client.get("/metrics").get_data(as_text=True).splitlines()
    pairs = (line.split(" ") for line in shown if not line.startswith("#") and "{" not in line)
    return {name: float(value) for name, value in pairs}


def test_a_service_in_order_has_nothing_degraded(line: Line) -> None:
    line.staff("national", "national")
    line.clock.tick()
    for client in (line.client, line.staff_client):
        assert degraded(client) == []


def test_what_is_missing_is_named(line: Line) -> None:
    """It serves all the same: a load balancer must not send callers away for it."""
    assert degraded(line.client) == ["clock", "national_duty"]
    line.staff("national", "national")
    assert degraded(line.client) == ["clock"]
    line.clock.tick()
    assert degraded(line.client) == []


def test_without_redis_it_serves_and_says_what_is_degraded(process: Process) -> None:
    client = callers.create_app(process(REDIS_URL="unix:///nowhere/valkey.sock")).test_client()
    assert "redis" in degraded(client)
    assert client.get("/healthz").status_code == 200


def grown_old(line: Line, table: type[Base], column: str, seconds: float) -> None:
    with database.writing(line.web.database, "test") as session:
        long_ago = database.now(session) - timedelta(seconds=seconds)
        session.execute(update(table).values({column: long_ago}))


def test_a_clock_that_is_silent_for_a_minute(line: Line) -> None:
    line.staff("national", "national")
    line.clock.tick()
    grown_old(line, ProcessSeen, "at", 50)
    assert degraded(line.client) == []
    grown_old(line, ProcessSeen, "at", 61)
    assert degraded(line.client) == ["clock"]
    assert figures(line.client)["clock_silent"] == pytest.approx(61, abs=5)
    assert gauges(line.client)["isange_clock_silent_seconds"] == pytest.approx(61, abs=5)


def test_an_sms_that_does_not_leave(line: Line) -> None:
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    line.clock.tick()
    grown_old(line, Outbox, "due_at", 50)
    assert degraded(line.client) == []
    grown_old(line, Outbox, "due_at", 70)
    assert degraded(line.client) == ["unsent"]
    assert figures(line.client)["oldest_unsent"] == pytest.approx(70, abs=5)
    assert gauges(line.client)["isange_oldest_unsent_seconds"] == pytest.approx(70, abs=5)
    line.deliver()
    assert degraded(line.client) == []
    assert figures(line.client)["oldest_unsent"] is None
    assert gauges(line.client)["isange_oldest_unsent_seconds"] == 0


def test_an_sms_that_is_tried_in_vain_waits_since_it_was_written(line: Line) -> None:
    """Its next try always lies ahead."""
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    grown_old(line, Outbox, "due_at", -30)
    assert figures(line.client)["oldest_unsent"] is None, "it is for later"
    grown_old(line, Outbox, "created_at", 600)
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Outbox).values(attempt=3))
    assert figures(line.client)["oldest_unsent"] == pytest.approx(600, abs=5)


def test_an_sms_that_was_written_long_before_its_time_waits_since_its_time(line: Line) -> None:
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    grown_old(line, Outbox, "created_at", 3600)
    grown_old(line, Outbox, "due_at", 5)
    assert figures(line.client)["oldest_unsent"] == pytest.approx(5, abs=3)


def test_reports_that_nobody_has_and_sends_that_nobody_knows_of(line: Line) -> None:
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    assert figures(line.client)["oldest_unaccepted"] == pytest.approx(0, abs=5)
    grown_old(line, Report, "created_at", 900)
    assert gauges(line.client)["isange_oldest_unaccepted_seconds"] == pytest.approx(900, abs=5)
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Outbox).values(state=OutboxState.UNKNOWN))
    assert figures(line.client)["unknown_sends"] == 1
    grown_old(line, Outbox, "due_at", 2 * 24 * 3600)
    assert gauges(line.client)["isange_unknown_sends"] == 0


def test_workers_say_that_they_live_when_they_send(line: Line) -> None:
    assert figures(line.client)["worker_silent"] is None
    assert gauges(line.client)["isange_worker_silent_seconds"] == inf
    jobs.table(line.worker)[doorbell.DRAIN]()
    assert figures(line.client)["worker_silent"] == pytest.approx(0, abs=5)
    assert figures(line.client)["clock_silent"] is None


def test_a_sign_of_life_is_written_every_few_seconds_at_most(line: Line) -> None:
    line.clock.tick()
    grown_old(line, ProcessSeen, "at", 3)
    line.clock.tick()
    assert figures(line.client)["clock_silent"] == pytest.approx(3, abs=2)
    grown_old(line, ProcessSeen, "at", 6)
    line.clock.tick()
    assert figures(line.client)["clock_silent"] == pytest.approx(0, abs=2)


def test_many_clocks_are_seen_as_one(line: Line) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [
            pool.submit(liveness.note_alive, line.web.database, "clock") for _ in range(8)
        ]:
            done.result(PATIENCE)
    assert figures(line.client)["clock_silent"] == pytest.approx(0, abs=2)


def test_every_gauge_is_explained(client: FlaskClient) -> None:
    document = (ROOT / "docs/running.md").read_text()
    names = {"isange_database_up", *monitoring.GAUGES}
    assert [name for name in names if f"`{name}`" not in document] == []


def test_figures_are_asked_for_in_one_short_transaction(line: Line) -> None:
    with statements_of(line.web) as statements:
        line.client.get("/readyz")
    assert len([one for one in statements if one.startswith("BEGIN")]) == 1
    assert len(statements) <= 8


def test_without_a_database_it_is_alive_and_not_ready(parts: SharedParts) -> None:
    client = callers.create_app(parts).test_client()
    path = Path(str(make_url(parts.settings.database_url).database))
    parts.database.dispose()
    path.unlink()
    path.mkdir()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ready": False, "degraded": []})
    assert client.get("/healthz").status_code == 200
    shown = client.get("/metrics").get_data(as_text=True)
    assert "isange_database_up 0.0" in shown
    assert "isange_oldest_unsent_seconds" not in shown


def test_metrics_are_for_who_has_the_token(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert b"isange_steps_total" in answer.get_data()


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, {}),
        ({}, {"token": ""}),
        ({}, {"token": TOKEN}),
        ({"Authorization": TOKEN}, {}),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, {}),
        ({"Authorization": f"Bearer {TOKEN.upper()}"}, {}),
        ({"Authorization": "Bearer é"}, {}),
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


def test_without_a_token_set_metrics_are_open(parts: SharedParts) -> None:
    client = callers.create_app(parts).test_client()
    assert client.get("/metrics").status_code == 200


def test_metrics_hold_nothing_about_anybody(parts: SharedParts, calls: UssdWire) -> None:
    calls.walk("2*1*1*4*2*3*5*2")
    calls.walk("1*1*1", sessionId="ATUid_metrics", networkCode="63510")
    calls.step("", sessionId="ATUid_metrics", phoneNumber="+250788999999")
    calls.step("6*123456*2580", sessionId="dialled")
    shown = calls.client.get("/metrics").get_data(as_text=True)
    assert 'isange_steps_total{event="step"}' in shown
    said = (CALLER[1:], CALLER[4:], "788999999", "ATUid")
    assert [word for word in said if word in shown] == []
    # Seconds are shown to the nanosecond: their decimals may hold any few digits by chance.
    typed = ("63510", "123456", "2580")
    assert [word for word in typed if re.search(rf"(?<![\d.]){word}(?!\d)", shown)] == []


def test_metrics_speak_of_steps_in_a_fixed_set_of_words(calls: UssdWire) -> None:
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
        "signed_out",
        "dial_through",
        "other_number",
        "unusable",
        "not_done",
        "failed",
        "over",
    }
