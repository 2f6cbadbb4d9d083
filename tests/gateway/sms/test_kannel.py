"""Kannel's sendsms against a small server: every answer has its outcome, and no number is in one.

What the real Kannel answers is tested in tests/faults/test_kannel.py.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler

import pytest

from gateway.runtime.phones import Msisdn
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Pulse,
    Refused,
    TryLater,
    Unknown,
)
from gateway.sms.providers.kannel import STATUSES, Kannel
from tests.gateway.sms.peers import everything_logged, hanging_up, not_answering, refusing
from tests.samples import CALLER
from tests.sandbox.receiver import Quiet
from tests.services import PATIENCE

TO = Msisdn(CALLER)
TEXT = "Hello. Your appointment is confirmed. Thank you."
REPORTS = "https://line.example/kannel/segment/delivery"
QUICK = (0.5, 0.15)
"""Timeouts of a test that does not wait long."""

ANSWERS: list[tuple[int, str, Outcome]] = [
    (202, "0: Accepted for delivery", Accepted("")),
    (202, "Sent.", Accepted("")),
    (202, "Sent. Message splits: 2", Accepted("")),
    (202, "3: Queued for later delivery", Unknown("queued without a link")),
    (202, "", Unknown("unknown answer")),
    (200, "0: Accepted for delivery", Unknown("unknown answer")),
    (200, "<h1>Welcome</h1>", Unknown("unknown answer")),
    (302, "", Unknown("unknown answer")),
    (
        400,
        "Number(s) has/have been denied by white- and/or black-lists.",
        Refused("number denied"),
    ),
    (400, "Sender missing and no global set, rejected", OperatorFault("request not understood")),
    (400, "DLR-URL field misformed, rejected", OperatorFault("request not understood")),
    (401, "", OperatorFault("not authenticated")),
    (403, "Authorization failed for sendsms", OperatorFault("not authenticated")),
    (403, "Not routable. Do not try again.", OperatorFault("not routable")),
    (403, "<h1>Forbidden</h1>", OperatorFault("not allowed")),
    (404, "Unknown request.", OperatorFault("wrong address")),
    (415, "Unsupported content-type, rejected", OperatorFault("request not understood")),
    (429, "", TryLater("too many at once")),
    (500, "Sending failed.", Unknown("unknown answer")),
    (502, "Bad Gateway", Unknown("unknown answer")),
    (503, "Temporal failure, try again later.", TryLater("not available")),
    (504, "Gateway Timeout", Unknown("unknown answer")),
    (202, "\xff" * 100_000, Unknown("unknown answer")),
    (599, f"cannot send {TEXT!r} to {CALLER}", Unknown("unknown answer")),
]


@dataclass
class Sendsms:
    """A server that answers as a test wants, and remembers what it was asked."""

    url: str = ""
    answer: tuple[int, str] = (202, "0: Accepted for delivery")
    before: Callable[[], object] = lambda: None
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def sendsms() -> Iterator[Sendsms]:
    with serving() as server:
        yield server


@contextmanager
def serving() -> Iterator[Sendsms]:
    told = Sendsms()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, dict(self.headers), body))
            self._answer()

        def do_GET(self) -> None:
            told.asked.append((self.path, dict(self.headers), b""))
            self._answer()

        def _answer(self) -> None:
            told.before()
            status, words = told.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, line: str, *args: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/cgi-bin/sendsms"
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def kannel(url: str) -> Kannel:
    return Kannel(url, "isange", "pass word", "3029", REPORTS, timeouts=QUICK)


def test_an_sms_says_all_in_headers_and_body_and_nothing_in_the_address(sendsms: Sendsms) -> None:
    outcome = kannel(sendsms.url).send(TO, TEXT)

    ((path, headers, body),) = sendsms.asked
    assert path == "/cgi-bin/sendsms"
    assert body.decode() == TEXT
    told = {name.removeprefix("X-Kannel-"): value for name, value in headers.items()}
    assert isinstance(outcome, Accepted)
    assert told["DLR-Url"] == f"{REPORTS}?id={outcome.message_id}&status=%d&answer=%A"
    wanted = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Username": "isange",
        "Password": "pass word",
        "From": "3029",
        "To": CALLER,
        "Coding": "0",
        "DLR-Mask": "31",
        "Validity": "30",
    }
    assert {name: told[name] for name in wanted} == wanted


def test_every_sms_has_an_id_of_its_own(sendsms: Sendsms) -> None:
    outcomes = [kannel(sendsms.url).send(TO, TEXT) for _ in range(3)]
    ids = [outcome.message_id for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len(set(ids)) == 3
    assert [str(uuid.UUID(one)) for one in ids] == ids


def test_without_a_callback_no_reports_are_asked_for(sendsms: Sendsms) -> None:
    outcome = replace(kannel(sendsms.url), reports_to=None).send(TO, TEXT)
    assert isinstance(outcome, Accepted)
    assert not [name for name in sendsms.asked[0][1] if "DLR" in name]


@pytest.mark.parametrize(
    ("text", "coding"),
    [("plain", "0"), ("é è à [€]", "0"), ("ç", "2"), ("Tuzagufasha ’", "2"), ("🙏", "2")],
)
def test_a_text_outside_gsm7_goes_as_ucs2(sendsms: Sendsms, text: str, coding: str) -> None:
    kannel(sendsms.url).send(TO, text)
    ((_, headers, body),) = sendsms.asked
    assert (headers["X-Kannel-Coding"], body.decode()) == (coding, text)


@pytest.mark.parametrize(("status", "words", "outcome"), ANSWERS)
def test_every_answer(sendsms: Sendsms, status: int, words: str, outcome: Outcome) -> None:
    sendsms.answer = status, words
    said = kannel(sendsms.url).send(TO, TEXT)
    assert (Accepted("") if isinstance(said, Accepted) else said) == outcome


def test_every_row_of_the_table_is_among_them() -> None:
    met = {
        next((row for row in STATUSES if row[0] == status and words.lower().startswith(row[1])), 0)
        for status, words, _ in ANSWERS
    }
    assert met == {*STATUSES, 0}


def test_only_what_was_certainly_not_sent_may_be_tried_again_without_counting() -> None:
    """Whatever a proxy may say of an SMS that went out behind it."""
    sent = [outcome for (status, _), outcome in STATUSES.items() if status < 300]
    assert all(isinstance(outcome, Accepted | Unknown) for outcome in sent)


def test_a_late_answer_proves_nothing(sendsms: Sendsms) -> None:
    late = threading.Event()
    sendsms.before = lambda: late.wait(PATIENCE)
    assert kannel(sendsms.url).send(TO, TEXT) == Unknown("no answer")
    late.set()


def test_no_connection_was_certainly_not_a_sent_sms() -> None:
    for nobody in (refusing, not_answering):
        with nobody() as url:
            assert kannel(url).send(TO, TEXT) == TryLater("no connection")


@pytest.mark.parametrize("heard", [0, 65_536])
def test_a_connection_that_is_cut_proves_nothing(heard: int) -> None:
    with hanging_up(after_bytes=heard) as url:
        assert kannel(url).send(TO, TEXT) == Unknown("connection lost")


@pytest.mark.parametrize("number", ["+1234", "+250788123456\n", "+٢٥٠٧٨٨", "0788123456", "", "x"])
def test_what_is_no_number_never_leaves(sendsms: Sendsms, number: str) -> None:
    assert kannel(sendsms.url).send(Msisdn(number), TEXT) == Refused("invalid number")
    assert sendsms.asked == []


def test_no_outcome_and_no_log_line_says_the_number_or_the_text(
    sendsms: Sendsms, capfd: pytest.CaptureFixture[str]
) -> None:
    """All loggers of all libraries are open here, down to the last detail."""
    said: list[object] = [kannel(sendsms.url)]
    with everything_logged() as lines:
        for status, words, _ in ANSWERS:
            sendsms.answer = status, words
            said.append(kannel(sendsms.url).send(TO, TEXT))
        with refusing() as nobody:
            said.append(kannel(nobody).send(TO, TEXT))

    assert lines.getvalue(), "nothing was logged, so nothing was proven"
    for heard in (repr(said), lines.getvalue(), *capfd.readouterr()):
        assert CALLER[1:] not in heard
        assert "appointment" not in heard
        assert "pass word" not in heard
        assert "segment" not in heard


PROBES: list[tuple[int, str, bool]] = [
    (400, "Missing receiver(s) number(s), rejected", True),
    (400, "Invalid content-type", False),
    (403, "Authorization failed for sendsms", False),
    (404, "Unknown request.", False),
    (200, "<h1>Welcome</h1>", False),
    (502, "Bad Gateway", False),
]


@pytest.mark.parametrize(("status", "words", "alive"), PROBES)
def test_a_request_without_a_receiver_tells_whether_kannel_is_up(
    sendsms: Sendsms, status: int, words: str, *, alive: bool
) -> None:
    sendsms.answer = status, words
    assert kannel(sendsms.url).probe() == Pulse(alive=alive)
    ((_, headers, _body),) = sendsms.asked
    assert "X-Kannel-To" not in headers


PAGES: list[tuple[int, str, bool]] = [
    (200, "Box connections:\n smsbox:(none), IP 127.0.0.1 (on-line 0d 0h 1m 1s)\n"
     "SMSC connections:\n fake[fake]    FAKE:20000 (online 112s, rcvd: sms 5", True),
    (200, "Box connections:\n smsbox:(none), IP 127.0.0.1 (on-line 0d 0h 1m 1s)\n"
     "SMSC connections:\n fake[fake]    FAKE:20000 (re-connecting, rcvd: sms 5", False),
    (200, "Denied", False),
    (500, "(online 112s", False),
]  # fmt: skip


@pytest.mark.parametrize(("status", "page", "alive"), PAGES)
def test_the_status_page_tells_whether_there_is_a_link(
    sendsms: Sendsms, status: int, page: str, *, alive: bool
) -> None:
    sendsms.answer = status, page
    watched = replace(kannel(sendsms.url), status_url=f"{sendsms.url}?password=x")
    assert watched.probe() == Pulse(alive=alive)


def test_nobody_there_is_no_pulse() -> None:
    with refusing() as url:
        assert kannel(url).probe() == Pulse(alive=False)
        assert replace(kannel(url), status_url=url).probe() == Pulse(alive=False)
