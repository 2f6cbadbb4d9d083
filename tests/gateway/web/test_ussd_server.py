"""The real web server: whole bodies and broken ones, many on a connection, and the empty 404."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gateway.country.pack import Pack
from gateway.runtime import callbacks
from gateway.runtime.callbacks import Kind, segment
from gateway.store import database
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from tests.gateway.web.ussd_wire import FIRST, HELP, form, opened, usable
from tests.gateway.web.web_server import Answer, WebServer, answers, chunked, environment, request
from tests.samples import SECRET
from tests.services import PATIENCE, Valkey, running

USSD = callbacks.url("", SECRET, "ussd")
TOKEN = "a-token-that-only-monitoring-has"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory,
    keys: Path,
    _sqlite_template: Path,
    pack: Pack,
    vaults: Callable[[Role], Vault],
) -> Iterator[WebServer]:
    """One server for all tests of this file, as it is one for all callers."""
    home = tmp_path_factory.mktemp("server")
    shutil.copyfile(_sqlite_template, home / "isange.db")
    url = f"sqlite:///{home / 'isange.db'}"
    engine = database.connect(url)
    opened(engine, pack, vaults("staff"))
    engine.dispose()
    valkey = Valkey(home / "valkey")
    with running(valkey):
        env = environment(keys, url, valkey.url, ISANGE_METRICS_TOKEN=TOKEN)
        web = WebServer(home / "web.log", env)
        yield web
        web.stop()


def step(text: str, session_id: str) -> bytes:
    return urlencode(form(text, sessionId=session_id)).encode()


def shown(answer: Answer) -> str:
    assert "content-type: text/plain; charset=utf-8" in answer.headers
    return usable(answer.code, answer.body)


def test_a_call(server: WebServer) -> None:
    texts = ("", "1", "1*1", "1*1*1", "1*1*1")
    bodies = [shown(server.ask(request(USSD, step(text, "a call")))) for text in texts]
    assert bodies[0].startswith(FIRST)
    assert bodies[3].startswith("END Your request is sent.")
    assert bodies[4] == bodies[3]


def test_a_body_in_chunks_is_a_body(server: WebServer) -> None:
    body = chunked(step("", "chunks"), 7)
    answer = server.ask(request(USSD, body, "POST", "Transfer-Encoding: chunked"))
    assert shown(answer).startswith(FIRST)


@pytest.mark.parametrize("size", [4097, 5 * 1024, 300_000])
def test_a_large_body_gets_help_and_the_next_request_is_served(
    server: WebServer, size: int
) -> None:
    large = step("", "large").ljust(size, b"&")
    for first in (
        request(USSD, large, close=False),
        request(USSD, chunked(large), "POST", "Transfer-Encoding: chunked", close=False),
    ):
        try:
            received = server.raw(first + request(USSD, step("", "after it")))
        except ConnectionError:
            continue  # It closed before it had read all of what it does not want.
        bodies = [shown(answer) for answer in answers(received)]
        assert bodies[0] == HELP
        assert all(body.startswith(FIRST) for body in bodies[1:])
    assert shown(server.ask(request(USSD, step("", "and later")))).startswith(FIRST)


SMUGGLED = {
    "length, then chunks": ("Content-Length: {length}", "Transfer-Encoding: chunked"),
    "chunks, then length": ("Transfer-Encoding: chunked", "Content-Length: {length}"),
    "two lengths": ("Content-Length: {length}", "Content-Length: 0"),
    "chunks by another name": ("Content-Length: {length}", "Transfer-Encoding: xchunked"),
    "chunks twice": ("Transfer-Encoding: chunked, chunked", "Content-Length: {length}"),
    "chunks, hidden": ("Content-Length: {length}", "Transfer-Encoding : chunked"),
    "a length with a sign": ("Content-Length: +{length}",),
    "a length in hex": ("Content-Length: 0x{length}",),
}
"""Headers that a proxy and the server behind it may read differently (RFC 9112, 6.1 and 6.3)."""


@pytest.mark.parametrize("headers", SMUGGLED.values(), ids=SMUGGLED)
@pytest.mark.parametrize("longer", [True, False], ids=["length is longer", "chunks are longer"])
def test_no_second_request_hides_in_the_body_of_another(
    server: WebServer, headers: tuple[str, ...], longer: bool
) -> None:
    """However the body is measured, what stands in it is never answered as a request."""
    hidden = request("/healthz", method="GET")
    body = chunked(step("", "outer")) + hidden if longer else chunked(hidden)
    length = len(body) if longer else 3
    given = tuple(one.format(length=length) for one in headers)
    try:
        received = server.raw(request(USSD, body, "POST", *given, close=False))
    except (ConnectionError, TimeoutError):
        received = b""  # It shut the door, or waits for a body that never comes.
    assert b"ok" not in [answer.body for answer in answers(received)]
    assert shown(server.ask(request(USSD, step("", "after them")))).startswith(FIRST)


def test_ten_steps_on_one_connection_are_answered_in_order(server: WebServer) -> None:
    texts = ["", "2", "2*1", "2*1*1", "2*1*1*4", "2*1*1*4*9", "", "2", "2*1", "2*1*1*4*9*0"]
    sent = [request(USSD, step(text, "pipelined"), close=False) for text in texts[:-1]]
    received = server.raw(b"".join(sent) + request(USSD, step(texts[-1], "pipelined")))
    bodies = [shown(answer) for answer in answers(received)]
    assert len(bodies) == 10
    assert bodies[:3] == bodies[6:9]
    assert bodies[-1].startswith("END Thank you.")


@pytest.mark.parametrize(
    "body",
    [
        b"\0" * 100,
        b"\xff" * 100,
        b"%" * 100,
        b"{}",
        b"",
        b"--x\r\nContent-Disposition: form-data; name=text\r\n\r\n1\r\n--x--",
    ],
    ids=["NUL", "no UTF-8", "per cent", "JSON", "nothing", "multipart"],
)
def test_bytes_that_are_no_form_get_help(server: WebServer, body: bytes) -> None:
    assert shown(server.ask(request(USSD, body))) == HELP
    assert shown(server.ask(request(USSD, body, "POST", "Content-Type: application/json"))) == HELP


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_gets_help(server: WebServer, method: str) -> None:
    assert shown(server.ask(request(USSD, b"", method))) == HELP


def test_head_is_answered_without_a_body(server: WebServer) -> None:
    received = server.raw(request(USSD, b"", "HEAD"))
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("version", "hosts"),
    [
        ("1.0", ""),
        ("1.1", ""),
        ("1.1", "Host: a b<>\r\n"),
        ("1.1", "Host: x\r\nHost: y\r\n"),
    ],
    ids=["HTTP/1.0", "no host", "a strange host", "two hosts"],
)
def test_the_host_does_not_matter(server: WebServer, version: str, hosts: str) -> None:
    body = step("", "host")
    head = f"POST {USSD} HTTP/{version}\r\n{hosts}Connection: close\r\n"
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert shown(server.ask(sent)).startswith(FIRST)


def test_it_says_go_on_to_who_waits_for_it(server: WebServer) -> None:
    received = server.raw(request(USSD, step("", "wait"), "POST", "Expect: 100-continue"))
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


def test_a_caller_who_is_gone_before_the_end_of_her_body_holds_up_nobody(
    server: WebServer,
) -> None:
    """Her connection closes; the thread that waited for the rest is free again."""
    body = step("", "gone")
    cut = request(USSD, body, "POST", f"Content-Length: {len(body) + 50}")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: _send_and_leave(server, cut), range(16)))
    assert shown(server.ask(request(USSD, step("", "after them")))).startswith(FIRST)


def _send_and_leave(server: WebServer, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.sendall(sent)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["ussd", "events", "sms", "delivery", "opt-out"])
def test_a_stranger_gets_the_404_of_an_unknown_url_byte_for_byte(
    server: WebServer, kind: Kind, method: str
) -> None:
    def answer(path: str) -> tuple[str, tuple[str, ...], bytes]:
        body = step("", "stranger") if method in {"POST", "PUT", "PATCH", "BREW"} else b""
        received = server.raw(request(path, body, method))
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *headers = head.decode().split("\r\n")
        return status, tuple(one for one in headers if not one.startswith("date:")), rest

    unknown = answer("/no/such/page")
    assert unknown[0] == "HTTP/1.1 404 Not Found"
    assert unknown[2] == b""
    for path in (
        f"/at/{'x' * 32}/{kind}",
        f"/at//{kind}",
        f"/at/{SECRET}/{kind}",
        f"/at/{segment(SECRET, 'staff')}/{kind}",
        f"/at/{'x' * 32}//{kind}",
        f"/at/%FF%00/{kind}",
        "/metrics",
        "/metrics?token=wrong",
        f"/metrics?token={TOKEN}",
    ):
        assert answer(path) == unknown, path


def test_metrics_and_health(server: WebServer) -> None:
    assert server.ask(request("/healthz", method="GET")).body == b"ok"
    assert b'"ready":true' in server.ask(request("/readyz", method="GET")).body
    told = server.ask(request("/metrics", b"", "GET", f"Authorization: Bearer {TOKEN}")).body
    assert b"isange_steps_total" in told
    plain = server.ask(request("/metrics", b"", "GET", f"Authorization: {TOKEN}"))
    assert plain.code == 404, "a token is a bearer's"
