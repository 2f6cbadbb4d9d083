"""One POST to the application, made with plain sockets so that every header is ours."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sandbox.standin.wire import FORM

LARGEST_ANSWER = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds allowed for connecting and for the answer."""

    connect: float
    answer: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `status` is None when nothing did, and `error` then says why in one word."""

    status: int | None
    body: str = field(default="", repr=False)
    error: str = ""
    seconds: float = 0.0


def post(url: str | None, body: bytes, agent: str, limits: Limits) -> Reply:
    """Post a form and wait for the answer. Never raises for what the other side does.

    Redirects are not followed and no proxy is used: a callback goes where it was told to go.
    """
    if url is None:
        return Reply(status=None, error="no-url")
    began = time.monotonic()
    try:
        status, answer = _exchange(url, body, agent, limits)
    except TimeoutError:
        return Reply(status=None, error="timeout", seconds=time.monotonic() - began)
    except (OSError, http.client.HTTPException):
        return Reply(status=None, error="no-connection", seconds=time.monotonic() - began)
    body_text = answer.decode("utf-8", "replace")
    return Reply(status=status, body=body_text, seconds=time.monotonic() - began)


def _exchange(url: str, body: bytes, agent: str, limits: Limits) -> tuple[int, bytes]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=limits.connect)
    try:
        connection.connect()
        connection.sock.settimeout(limits.answer)
        asked = time.monotonic()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"User-Agent": agent, "Content-Type": FORM})
        response = connection.getresponse()
        content = response.read(LARGEST_ANSWER)
        if time.monotonic() - asked > limits.answer:
            # It came drop by drop, each in time, and the whole too late.
            raise TimeoutError
        return response.status, content
    finally:
        connection.close()
