"""The provider's own address: sending, the balance, and every way in which these go wrong."""

from __future__ import annotations

import hmac
import socket
import struct
from collections.abc import Iterator

from flask import Blueprint, Response, request

from sandbox.standin import wire
from sandbox.standin.config import Config
from sandbox.standin.current import this_network
from sandbox.standin.network import Answer, Order

LINGER = struct.Struct("ii")
"""The option SO_LINGER: whether to linger, and for how many seconds. A socket closed with (1, 0)
tells its peer that the connection was reset."""

messaging = Blueprint("messaging", __name__)


@messaging.post("/version1/messaging")
def send_messages() -> Response:
    """The provider's sending call, for bulk and premium messages alike."""
    for name in ("username", "to", "message"):
        if name not in request.form:
            return _text(400, wire.missing_field(name))
    network = this_network()
    if not _authentic(network.config, request.form["username"]):
        return _text(401, wire.BAD_CREDENTIALS)
    return _in_its_time(network.send(_order(network.config)))


@messaging.get("/version1/user")
def account() -> Response:
    """The provider's account call: what credit is left."""
    network = this_network()
    if not _authentic(network.config, request.args.get("username", "")):
        return _text(401, wire.BAD_CREDENTIALS)
    return _in_its_time(network.account())


def _in_its_time(answer: Answer) -> Response:
    if answer.wait:
        this_network().closing.wait(answer.wait)
    return _respond(answer)


def _authentic(config: Config, username: str) -> bool:
    key_fits = hmac.compare_digest(
        request.headers.get("apiKey", "").encode(), config.api_key.encode()
    )
    return key_fits and username == config.username


def _order(config: Config) -> Order:
    numbers = [part.strip() for part in request.form["to"].split(",")]
    return Order(
        to=[number for number in numbers if number],
        text=request.form["message"],
        sender=request.form.get("from") or config.sender,
    )


def _respond(answer: Answer) -> Response:
    if answer.status is None:
        return _silence(reset=answer.reset)
    response = Response(answer.body, status=answer.status)
    response.headers["Content-Type"] = answer.content_type
    return response


def _silence(*, reset: bool) -> Response:
    """A response that never gets as far as its status line."""
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if reset and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.pack(1, 0))

    def nothing() -> Iterator[bytes]:
        raise ConnectionAbortedError
        yield b""

    return Response(nothing())


def _text(status: int, body: str) -> Response:
    return Response(body, status=status, content_type="text/plain; charset=utf-8")
