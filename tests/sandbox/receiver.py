"""A tiny application on a real socket: keeps each request as it came, answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.patience import PATIENCE, wait_until


@dataclass(frozen=True)
class Heard:
    """One request."""

    path: str
    headers: dict[str, str]
    body: str

    def __getitem__(self, field: str) -> str:
        return parse_qs(self.body, keep_blank_values=True)[field][0]


Speak = Callable[[Heard], tuple[int, str]]


def thank(heard: Heard) -> tuple[int, str]:
    return 200, ""


class Receiver:
    """`speak` decides the answer to each request and may be changed while it runs."""

    def __init__(self) -> None:
        self.speak: Speak = thank
        self.url = ""
        self._heard: list[Heard] = []
        self._lock = threading.Lock()

    def heard(self, path: str) -> list[Heard]:
        with self._lock:
            return [each for each in self._heard if each.path == path]

    def wait(self, path: str, count: int = 1, timeout: float = PATIENCE) -> list[Heard]:
        """The requests to `path` as soon as there are `count` of them."""
        came = f"{count} requests have come to {path}"
        wait_until(lambda: len(self.heard(path)) >= count, came, timeout)
        return self.heard(path)

    def take(self, heard: Heard) -> tuple[int, str]:
        with self._lock:
            self._heard.append(heard)
        return self.speak(heard)


class Quiet(ThreadingHTTPServer):
    """Does not complain of a peer that went away: some tests are about just that."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode("ascii")
            status, answer = receiver.take(Heard(self.path, dict(self.headers), body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, line: str, *args: object) -> None:
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
