"""The callers' web server as it runs in production: a process, spoken to byte by byte."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sandbox.demo.folder import free_port
from tests.samples import SECRET
from tests.services import PATIENCE, wait_until


def environment(keys: Path, database_url: str, redis_url: str, **other: str) -> dict[str, str]:
    """The settings of a callers' process."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "ISANGE_KEYS": str(keys / "web"),
        "ISANGE_CALLBACK_SECRETS": SECRET,
        "ISANGE_LANGUAGE": "en",
        "AT_USERNAME": "test",
        "AT_API_KEY": "test",
        **other,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer: its status line, its headers (without the date), its body."""

    status: str
    headers: tuple[str, ...]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status.split(" ")[1])


class WebServer:
    """`isange web` on a free port; everything it prints goes to `log`."""

    def __init__(self, log: Path, env: Mapping[str, str]) -> None:
        self.log = log
        self.port = free_port()
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "commands.cli", "web", "--port", str(self.port)],
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._is_alive, "the web server answers")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)

    def raw(self, sent: bytes) -> bytes:
        """Send these bytes, and read until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            received = []
            while part := connection.recv(65536):
                received.append(part)
        return b"".join(received)

    def ask(self, sent: bytes) -> Answer:
        """Send one request that asks for the connection to be closed; the answer to it."""
        (answer,) = answers(self.raw(sent))
        return answer

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        return self.ask(request(path, urlencode(form).encode()))

    def _is_alive(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        try:
            return self.ask(request("/healthz", method="GET")).code == 200
        except OSError:
            return False


def request(
    path: str, body: bytes = b"", method: str = "POST", *headers: str, close: bool = True
) -> bytes:
    """A request as bytes; its length is said unless a header says how it is sent."""
    lines = [f"{method} {path} HTTP/1.1", "Host: line.example", *headers]
    if not any(line.lower().startswith(("transfer-encoding", "content-length")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes, size: int = 100) -> bytes:
    """A body in chunks, of a length that is not said beforehand."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def answers(received: bytes) -> list[Answer]:
    """The answers on one connection, in order."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *headers = head.decode().split("\r\n")
        said = re.search(r"(?im)^content-length: (\d+)", head.decode())
        length = int(said[1]) if said else 0
        dateless = tuple(one for one in headers if not one.lower().startswith("date:"))
        found.append(Answer(status, dateless, rest[:length]))
        received = rest[length:]
    return found
