"""A pretend SMS provider that costs next to nothing and takes 50 ms, as one far away does.

`sandbox.standin` can do much more, and would need half of a core for it. This one speaks as
much of Africa's Talking as its package needs, in a process of its own, and remembers what it took
and when. It ends with whoever started it: nobody writes to its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Final
from urllib.parse import parse_qsl
from urllib.request import urlopen

from bench.client import HOST

LATENCY: Final = 0.05
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An SMS that the provider took; `at` is Unix time."""

    at: float
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One that runs."""

    url: str

    def count(self) -> int:
        """How many SMS it has taken since it was last asked which."""
        return int(self._ask("count"))

    def take_out(self) -> Sequence[Taken]:
        """Those SMS, in their order; then it has none any more."""
        return [Taken(*one) for one in json.loads(self._ask("taken"))]

    def _ask(self, what: str) -> bytes:
        with urlopen(f"{self.url}/{what}", timeout=10) as answer:  # noqa: S310  Our own address.
            found: bytes = answer.read()
        return found


@contextmanager
def provider() -> Iterator[Provider]:
    """A provider in a process of its own."""
    command = [sys.executable, "-m", "bench.provider"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Provider(process.stdout.readline().decode().strip())
        finally:
            process.kill()


async def _serve() -> None:
    taken: list[tuple[float, str, str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if head.startswith("POST"):
            form = await reader.readexactly(_length(head))
            said = await _take(dict(parse_qsl(form.decode())), taken)
        elif head.startswith("GET /count"):
            said = str(len(taken))
        else:
            said = json.dumps(taken)
            taken.clear()
        writer.write(_response(said))
        writer.close()

    server = await asyncio.start_server(answer, HOST, 0, backlog=512)
    print(f"http://{HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


async def _take(form: dict[str, str], taken: list[tuple[float, str, str]]) -> str:
    """Take an SMS after a while; the answer has the shape of Africa's Talking's."""
    await asyncio.sleep(LATENCY)
    taken.append((time.time(), form["to"], form["message"]))
    recipient = {
        "statusCode": 101,
        "number": form["to"],
        "status": "Success",
        "cost": "RWF 10",
        "messageId": f"ATXid_{os.urandom(16).hex()}",
    }
    return json.dumps({"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}})


def _length(head: str) -> int:
    lines = (line.partition(":") for line in head.splitlines())
    return next(int(value) for name, _, value in lines if name.lower() == "content-length")


def _response(said: str) -> bytes:
    body = said.encode()
    head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_serve())
