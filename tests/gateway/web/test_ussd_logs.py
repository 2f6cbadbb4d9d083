"""What the web process prints while callers call and things go wrong: nothing about a caller."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from gateway.runtime import callbacks, logs
from gateway.runtime.callbacks import Kind
from tests.gateway.web.ussd_wire import form
from tests.gateway.web.web_server import WebServer, environment, request
from tests.samples import SECRET

NUMBER = "+250788654321"
CODE, PIN, LETTERS, STORY = "734512", "8264", "nyarugenge", "he beats me"

ROW = "0a1b2c3d-0000-4000-8000-0123456789ab"
"""The id of a report's row, which an event may name."""

SPELLINGS = (
    NUMBER,
    NUMBER[1:],
    "0" + NUMBER[4:],
    NUMBER[4:],
    "788 654 321",
    "788-654-321",
    quote(NUMBER),
    NUMBER.encode().hex(),
    "".join(reversed(NUMBER[4:])),
)
ANSWERS = (
    CODE,
    PIN,
    LETTERS,
    STORY,
    quote(STORY),
    "2*1*1",
    quote("2*1*1"),
    "ATUid",
    "CON ",
    "END ",
)


def odd_requests() -> list[bytes]:
    """Some fifty requests: calls, repeats, nonsense, notices; to us, to nobody, by every method."""
    ussd = callbacks.url("", SECRET, "ussd")
    texts = ["", "2", "2*1*1", "2*1*1*4*1", "1", "1*1", "1*1*1", "1*1*1", "6", f"6*{CODE}"]
    texts += [f"6*{CODE}*{PIN}", f"4*9*{LETTERS}", f"2*{STORY}", "٣", "\0", "*" * 70, "1" * 1001]
    steps = [form(text, phoneNumber=NUMBER, sessionId="ATUid_odd") for text in texts]
    steps += [form("1", phoneNumber=number) for number in (NUMBER + "x", NUMBER * 2, "0" + NUMBER)]
    steps += [form("1", phoneNumber=NUMBER, sessionId=NUMBER), form("", phoneNumber="+25478")]
    sent = [request(ussd, urlencode(one).encode()) for one in steps]
    body = urlencode(steps[0]).encode()
    sent += [request(ussd, body, method) for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD")]
    sent += [
        request(f"/at/{NUMBER}/{STORY.replace(' ', '%20')}", body),
        request(f"/{NUMBER}", body),
    ]
    sent += [request(f"{ussd}?phoneNumber={quote(NUMBER)}&text={PIN}", b"", "GET")]
    sent += [request(ussd, body, "POST", "Content-Type: application/json", f"X-Number: {NUMBER}")]
    sent += [request(ussd, body.ljust(6000, b"x")), request(ussd, b"\xff" * 300)]
    sent += [
        b"POST %s HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (ussd.encode(), NUMBER.encode()),
        b"%s %s\r\n\r\n" % (NUMBER.encode(), PIN.encode()),
    ]
    return sent + [request(path, urlencode(one).encode()) for path, one in _notices()]


def _notices() -> Sequence[tuple[str, Mapping[str, str]]]:
    """What the provider posts, whole and broken; `input` and `text` quote what was said."""
    event = {"sessionId": "ATUid_odd", "phoneNumber": NUMBER, "status": "Incomplete"}
    said = {**event, "input": f"6*{CODE}*{PIN}", "lastAppResponse": f"CON {STORY}"}
    sms = {"from": NUMBER, "to": "3029", "id": "in-odd", "text": STORY}
    report = {"id": "ATXid_odd", "status": STORY, "phoneNumber": NUMBER, "failureReason": NUMBER}
    whole: dict[Kind, Mapping[str, str]] = {
        "events": said,
        "sms": sms,
        "delivery": report,
        "opt-out": {"senderId": "X", "phoneNumber": NUMBER},
    }
    broken: dict[Kind, Mapping[str, str]] = {
        "sms": {**sms, "id": ""},
        "delivery": {**report, "status": ""},
        "opt-out": {"phoneNumber": f"{NUMBER}x"},
    }
    return [
        (callbacks.url("", SECRET, kind), one)
        for forms in (whole, broken)
        for kind, one in forms.items()
    ]


@pytest.fixture(params=["well", "ill"])
def server(
    request: pytest.FixtureRequest, tmp_path: Path, keys: Path, sqlite_url: str
) -> Iterator[WebServer]:
    """A web process where all is well but Redis, and one that finds no database either."""
    url = sqlite_url if request.param == "well" else f"sqlite:///{tmp_path}/no/such/folder.db"
    env = environment(keys, url, "unix:///nowhere/valkey.sock", ISANGE_METRICS_TOKEN="token")
    web = WebServer(tmp_path / "web.log", env)
    yield web
    web.stop()


def test_nothing_about_a_caller_is_printed(server: WebServer) -> None:
    _send(server)
    server.stop()
    events = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {"sessions_down"} <= {one.get("kind") for one in events}
    assert {key for one in events for key in one} <= logs.ALLOWED
    printed = [{key: one[key] for key in one if key != "timestamp"} for one in events]
    for secret in (*SPELLINGS, *ANSWERS, SECRET, callbacks.segment(SECRET, "ussd")):
        assert not [one for one in printed if secret in json.dumps(one, ensure_ascii=False)]


def test_metrics_hold_nothing_about_a_caller_either(server: WebServer) -> None:
    _send(server)
    told = server.ask(request("/metrics", b"", "GET", "Authorization: Bearer token")).body.decode()
    labels = re.findall(r"\{.*\}", told)
    assert any("isange_steps_total" in line for line in told.splitlines())
    assert len(labels) > 20
    assert not [one for one in labels for secret in (*SPELLINGS, *ANSWERS) if secret in one]


def _send(server: WebServer) -> None:
    for sent in odd_requests():
        try:
            server.raw(sent)
        except ConnectionError:
            continue  # It had no use for the rest of the body.


def test_what_is_searched_for_was_sent() -> None:
    sent = b"".join(odd_requests()).decode("latin-1")
    said = (NUMBER, quote(NUMBER), CODE, PIN, LETTERS, "ATUid")
    assert not [one for one in said if one not in sent]
    assert len(odd_requests()) >= 40


def test_a_value_that_strays_into_an_event_is_withheld() -> None:
    """In a process of its own: what is configured once stays configured."""
    program = f"""
from gateway.runtime import logs
logs.configure("test")
logs.log.warning("stray", count=3, reason="{NUMBER}", report="{NUMBER}", text="{STORY}")
logs.log.warning("call of {NUMBER}", report="{ROW}", count={PIN}00000)
logs.failure("failed", ValueError("{NUMBER}"))
import logging
logging.getLogger("library").warning("number %s", "{NUMBER}")
try:
    raise ValueError("{NUMBER}")
except ValueError:
    logging.getLogger("library").exception("{STORY}")
logging.getLogger("library").info("{STORY}")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert [one["event"] for one in events] == [
        "stray",
        "withheld",
        "failed",
        "library_warning",
        "library_warning",
    ]
    assert not [one for one in (NUMBER[1:], STORY, PIN) if one in _without_time(events)]
    assert (events[0]["count"], events[0]["reason"]) == (3, "a key or value was withheld")
    assert events[1]["report"] == ROW
    assert (events[2]["error"], events[4]["where"]) == ("ValueError", "__main__:10")


def _without_time(events: Sequence[Mapping[str, object]]) -> str:
    return str([{key: one[key] for key in one if key != "timestamp"} for one in events])
