"""Runs the phone page in a process of its own."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

from werkzeug.serving import ThreadedWSGIServer

from gateway.runtime.errors import OperatorError
from sandbox.demo.supervisor import print_line
from sandbox.page.app import create_app
from sandbox.standin.schedule import report
from sandbox.standin.server import LOOPBACK, QuietHandler

BACKLOG: Final = 64


class RefusedInProduction(OperatorError):
    """The page lets anybody be any caller: it must never stand beside real ones."""

    def __init__(self) -> None:
        super().__init__("the phone page does not run where ISANGE_ENV=production")


class CannotListen(OperatorError):
    """The port is in use, or this user may not have it, or the address is not this machine's."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"the phone page cannot listen on {host}, port {port}: choose another one")


class Server(ThreadedWSGIServer):
    """Werkzeug's threaded server; what it is asked is written down nowhere."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has left is no news; of anything else only the kind and the place are."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            report(error)


def open_server(data: Path, token: str, host: str = LOOPBACK, port: int = 0) -> Server:
    """A server that is bound and not serving yet; port 0 takes a free one.

    Raises RefusedInProduction, CannotListen.
    """
    if os.environ.get("ISANGE_ENV") == "production":
        raise RefusedInProduction
    app = create_app(data, token, loopback_only=is_loopback(host))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family, backlog=BACKLOG) as listener:
            return Server(host, port, app, handler=QuietHandler, fd=listener.fileno())
    except (OSError, OverflowError):
        raise CannotListen(host, port) from None


def run(data: Path, token: str | None, host: str, port: int) -> None:
    """Serve as a program until Ctrl-C or SIGTERM. Without a token it makes one and prints it.

    Raises RefusedInProduction, CannotListen.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    address = token or secrets.token_urlsafe(16)
    server = open_server(data.expanduser().resolve(), address, host, port)
    if token is None:
        shown = f"[{host}]" if ":" in host else host
        print_line(f"The phones are on http://{shown}:{server.port}/{address}/")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach us on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
