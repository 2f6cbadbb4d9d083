"""The control API says what is wrong with nonsense, and the stand-in keeps its mouth shut."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.standin.app import create_app
from sandbox.standin.behaviours import FAULTS, Behaviour
from sandbox.standin.client import Refused, StandIn
from sandbox.standin.config import Callbacks, Config, RefusedInProduction
from tests.patience import PATIENCE
from tests.sandbox.conftest import SmsAt, Start
from tests.sandbox.receiver import Receiver

ONE, CODE = "+254700000001", "*384*123#"

BEHAVIOURS: list[tuple[Any, str]] = [
    ({}, "a behaviour that changes nothing"),
    ({"number": ONE, "times": 3}, "a behaviour that changes nothing"),
    ([], "a JSON object is needed"),
    ("reset", "a JSON object is needed"),
    ({"number": "0700000001", "delay": 1}, "number: a number such as +254700000001 is needed"),
    ({"number": 254700000001, "delay": 1}, "number: a string"),
    ({"status_code": 99}, "status_code: a whole number from 100 to 502"),
    ({"status_code": 503}, "status_code: a whole number from 100 to 502"),
    ({"status_code": "405"}, "status_code: a whole number"),
    ({"times": True, "delay": 1}, "times: a whole number"),
    ({"delay": True}, "delay: seconds"),
    ({"http_status": 200}, "http_status: a whole number from 400 to 599"),
    ({"fault": "explode"}, "fault: one of reset, timeout, malformed_json, empty_recipients"),
    ({"fault": "reset", "http_status": 500}, "http_status and fault exclude each other"),
    ({"delay": -1}, "delay: seconds from 0 to 3600"),
    ({"delay": "soon"}, "delay: seconds"),
    ({"times": 0, "delay": 1}, "times: a whole number from 1"),
    ({"times": 1.5, "delay": 1}, "times: a whole number from 1"),
    ({"content_type": "text/html"}, "content_type: one of application/json"),
    ({"reports": "Success"}, "reports: a list"),
    ({"reports": [""]}, "reports: each word"),
    ({"reports": [1]}, "reports: each word"),
    ({"reports": ["Sent"] * 21}, "reports: a list of at most 20 words"),
    ({"statuscode": 405}, "unknown field: statuscode"),
    ({"body": "x", "delay": 1}, "body: has no effect without http_status"),
    ({"hold": 1, "fault": "reset"}, 'hold: has no effect without fault "timeout"'),
    ({"message": "x", "delay": 1}, 'message: has no effect without "empty_recipients"'),
    ({"accepted": True, "delay": 1}, "accepted: has no effect without http_status or fault"),
    ({"accepted": 1, "fault": "reset"}, "accepted: true or false is needed"),
]


@pytest.mark.parametrize(("behaviour", "complaint"), BEHAVIOURS)
def test_a_behaviour_that_makes_no_sense(stand_in: StandIn, behaviour: Any, complaint: str) -> None:
    with pytest.raises(Refused) as refused:
        stand_in.ask("POST", "/control/behaviours", behaviour)
    assert str(refused.value).startswith(complaint)
    assert stand_in.ask("GET", "/control/behaviours") == []


REQUESTS: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/control/calls", {"service_code": CODE}, 400, "number: is missing"),
    ("POST", "/control/calls", {"number": ONE}, 400, "service_code: is missing"),
    ("POST", "/control/calls", {"number": ONE, "service_code": "384"}, 400, "service_code: a code"),
    ("POST", "/control/calls/none/press", {"typed": "1"}, 404, "no such call"),
    ("POST", "/control/calls/none/repeat", None, 404, "no such call"),
    ("POST", "/control/calls/none/press", {}, 400, "typed: is missing"),
    ("POST", "/control/calls/none/press", {"typed": 1}, 400, "typed: a string"),
    ("POST", "/control/calls/none/press", {"typed": "1" * 10_001}, 400, "typed: a string"),
    ("GET", "/control/calls/none", None, 404, "no such call"),
    ("POST", "/control/incoming", {"from": ONE}, 400, "text: is missing"),
    ("POST", "/control/incoming", {"from": "me", "text": "x"}, 400, "from: a number"),
    ("POST", "/control/opt-out", {"number": ""}, 400, "number: a number"),
    ("PATCH", "/control/callbacks", {"ussd": "ftp://x/"}, 400, "ussd: an http or https address"),
    ("PATCH", "/control/callbacks", {"voice": "http://x/"}, 400, "unknown field: voice"),
    ("GET", "/control/inbox", None, 400, "number: is missing"),
    ("GET", "/sent?after=ATXid_none", None, 400, "after: no such message"),
    ("DELETE", "/control/behaviours?number=x", None, 400, "number: a number"),
]


@pytest.mark.parametrize(("method", "path", "json", "status", "complaint"), REQUESTS)
def test_a_request_that_makes_no_sense(
    stand_in: StandIn, method: str, path: str, json: Any, status: int, complaint: str
) -> None:
    answer = requests.request(method, stand_in.base_url + path, json=json, timeout=PATIENCE)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(complaint)


@pytest.mark.parametrize(
    ("content_type", "complaint"),
    [
        ("application/x-www-form-urlencoded", "content type application/json is needed"),
        ("application/json", "a JSON object is needed"),
    ],
)
def test_a_body_that_is_not_json(stand_in: StandIn, content_type: str, complaint: str) -> None:
    url = f"{stand_in.base_url}/control/behaviours"
    headers = {"Content-Type": content_type}
    answer = requests.post(url, data=b"fault=reset", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()) == (400, {"error": complaint})


def test_callbacks_change_one_by_one(stand_in: StandIn, app: Receiver) -> None:
    before = stand_in.ask("GET", "/control/callbacks")
    stand_in.call_back(sms="http://localhost:9/x?y=1", events=None)
    after = stand_in.ask("GET", "/control/callbacks")
    assert after == before | {"sms": "http://localhost:9/x?y=1", "events": None}


def test_behaviours_in_force_are_listed(stand_in: StandIn) -> None:
    stand_in.behave(ONE, reports=[], times=2)
    stand_in.behave(delay=1)
    assert stand_in.ask("GET", "/control/behaviours") == [
        {"number": ONE, "times": 2, "reports": []},
        {"delay": 1.0},
    ]


def test_the_contract_names_all_there_is(tmp_path: Path) -> None:
    contract = (Path(__file__).parents[3] / "docs" / "stand-in.md").read_text()
    app = create_app(Config(tmp_path, "u", "k"))
    routes = [rule.rule.replace("<call_id>", "ID") for rule in app.url_map.iter_rules()]
    fields = [each.name for each in dataclasses.fields(Behaviour)]
    settings = [each.name for each in dataclasses.fields(Config)]
    urls = [each.name for each in dataclasses.fields(Callbacks)]
    for word in [*routes, *fields, *settings, *urls, *FAULTS]:
        assert re.search(rf"`([A-Z]+ )?{word}[`?]", contract), f"{word} is not documented"


def test_it_refuses_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISANGE_ENV", "production")
    with pytest.raises(RefusedInProduction):
        create_app(Config(tmp_path, "u", "k"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_said_is_logged(
    start: Start,
    app: Receiver,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    stand_in = start()
    app.speak = lambda heard: (200, "CON what happened?")
    caplog.set_level(logging.DEBUG)
    stand_in.dial(ONE, CODE).press("beaten").hang_up()
    SmsAt(stand_in.base_url).send("come", [ONE])
    stand_in.behave(ONE, fault="reset")
    with pytest.raises(requests.ConnectionError):
        SmsAt(stand_in.base_url).send("come", [ONE])
    assert len(stand_in.sent(to=ONE)) == len(stand_in.inbox(ONE)) == 1
    app.wait("/delivery")

    secrets = (ONE[1:], "beaten", "come")
    assert [word for word in secrets if word in caplog.text] == []
    assert capfd.readouterr() == ("", "")


def test_a_bug_of_ours_quotes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(Config(tmp_path, "u", "k"))

    def broken() -> str:
        raise RuntimeError(f"could not find {ONE}")

    app.add_url_rule("/broken", view_func=broken)
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.text) == (500, "the stand-in itself is broken: RuntimeError")
    assert "in broken" in caplog.text
    assert ONE not in caplog.text


def test_what_is_printed_hides_secrets_and_numbers(
    sms: SmsAt, stand_in: StandIn, tmp_path: Path
) -> None:
    sms.send("come", [ONE])
    config = Config(tmp_path, "u", "the-key", Callbacks(ussd="http://x/the-path"))
    shown = f"{config} {stand_in.sent()}"
    assert not any(word in shown for word in ("the-key", "the-path", ONE, "come"))
