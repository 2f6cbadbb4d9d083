"""Runs the stand-in: in a process of its own, or behind the back of a test."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.standin.app import create_app
from sandbox.standin.config import Config, RefusedInProduction
from sandbox.standin.current import network_of
from sandbox.standin.messaging import LINGER
from sandbox.standin.schedule import report
from sandbox.standin.store import UnreadableRecord

LOOPBACK = "127.0.0.1"
BACKLOG = 512

Ready = Callable[[str], None]
"""Called once with the base URL, when connections are accepted."""


class QuietHandler(WSGIRequestHandler):
    """Answers without a word: a request line can hold a number."""

    disable_nagle_algorithm = True

    def log(self, level: str, message: str, *args: Any) -> None:
        """Nothing is logged, not even the route."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """A response that broke off says nothing of closing, so the connection is closed here."""
        self.close_connection = True


class Server(ThreadedWSGIServer):
    """Werkzeug's threaded server on a socket of ours, able to break a connection on purpose."""

    def __init__(self, config: Config, host: str = LOOPBACK, port: int = 0) -> None:
        """Bind, so that a port in use is an OSError here; connections wait from now on."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=BACKLOG) as listener:
            app = create_app(config)
            self.network = network_of(app)
            super().__init__(host, port, app, handler=QuietHandler, fd=listener.fileno())

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        try:
            super().serve_forever(poll_interval)
        finally:
            self.network.close()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that lingers for zero seconds is torn down at once."""
        option = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER.size)
        lingers, seconds = LINGER.unpack(option)
        if lingers and not seconds:
            request.close()
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report by type and place alone: what an exception says may hold a number."""
        error = sys.exception()
        if error is not None:
            report(error)


def serve(config: Config, host: str = LOOPBACK, port: int = 0, ready: Ready | None = None) -> None:
    """Serve until interrupted. Raises OSError (port in use), RefusedInProduction, UnreadableRecord.

    Port 0 takes a free one; `ready` learns which.
    """
    server = Server(config, host, port)
    if ready is not None:
        ready(server.url)
    server.serve_forever()


@contextmanager
def background(config: Config) -> Iterator[str]:
    """The base URL of a stand-in that runs on a thread of this process while the block lasts."""
    server = Server(config)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()


def run(config: Config, host: str = LOOPBACK, port: int = 8100) -> int:
    """Serve as a program: says where, ends on Ctrl-C or SIGTERM, and gives an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        serve(config, host, port, ready=_announce)
    except KeyboardInterrupt:
        return 0
    except (RefusedInProduction, UnreadableRecord) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        print(f"port {port} is in use" if in_use else f"cannot start: {error}", file=sys.stderr)
        return 2
    return 0


def _announce(url: str) -> None:
    print(f"stand-in for Africa's Talking on {url}", flush=True)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
