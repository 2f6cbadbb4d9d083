"""A fault reporter sends the class of an error and where it happened, and nothing of a person."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gateway.runtime import sentry
from gateway.runtime.errors import OperatorError
from tests.services import PATIENCE

NUMBER = "+250788977123"

FAILS = """
import os
from gateway.runtime import logs, sentry

def deep(number, answers):
    local = {"number": number}
    try:
        raise ValueError(f"cannot send to {number}")
    except ValueError as error:
        raise RuntimeError(f"nor here: {answers}") from error

logs.configure("web")
sentry.start(os.environ.get("SENTRY_DSN"), "web")
try:
    deep(os.environ["NUMBER"], ["beaten"])
except RuntimeError as error:
    logs.failure("send_failed", error)
if os.environ.get("SENTRY_DSN"):
    import sentry_sdk
    sentry_sdk.flush(5)
else:
    import sys
    assert "sentry_sdk" not in sys.modules
"""


class Sentry:
    """A server that takes envelopes and remembers their bytes."""

    def __init__(self) -> None:
        taken = self.taken = list[bytes]()

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                packed = self.headers.get("Content-Encoding") == "gzip"
                taken.append(gzip.decompress(body) if packed else body)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.dsn = f"http://public@127.0.0.1:{self._server.server_port}/1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = [line for body in self.taken for line in body.splitlines()]
        told = [json.loads(line) for line in lines]
        return [one for one in told if "exception" in one]


@pytest.fixture
def server() -> Iterator[Sentry]:
    running = Sentry()
    yield running
    running.stop()


def run(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", FAILS],
        env={**os.environ, "NUMBER": NUMBER, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout


def test_an_event_holds_the_class_and_the_place_alone(server: Sentry) -> None:
    run(SENTRY_DSN=server.dsn)
    (event,) = server.events
    kinds = [one["type"] for one in event["exception"]["values"]]
    assert kinds == ["ValueError", "RuntimeError"]
    assert all(set(one) == {"type", "stacktrace"} for one in event["exception"]["values"])
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "deep"
    assert {key for frame in frames for key in frame} <= set(sentry.FRAME)


def test_nothing_of_a_person_leaves(server: Sentry) -> None:
    logged = run(SENTRY_DSN=server.dsn)
    everything = b"".join(server.taken) + logged.encode()
    assert server.taken
    for secret in (b"788977123", b"beaten", b"cannot send", b"local"):
        assert secret not in everything


def test_it_is_off_unless_asked_for() -> None:
    logged = run()
    assert json.loads(logged)["event"] == "send_failed"


def test_what_is_no_dsn_is_said_at_the_start() -> None:
    with pytest.raises(OperatorError, match="SENTRY_DSN is no DSN"):
        sentry.start("not a dsn", "web")
