"""The real Kannel, on the configuration of docs/running.md, with its own pretend network."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

import requests

from gateway.runtime import callbacks
from sandbox.demo.folder import free_port
from tests.services import PATIENCE, wait_until

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "running.md"
FAKESMSC: Final = "/usr/lib/kannel/test/fakesmsc"
PASSWORD: Final = "SENDSMS-PASSWORD"
MISSING: Final = "Kannel is not on this machine: apt-get install kannel kannel-extras"

_LINK: Final = re.compile(r"group = smsc\n.*?\n\n", re.DOTALL)
_GOT: Final = re.compile(r"Got message \d+: <(\S+) (\S+) (\S+) (.*)>")


class Kannel:
    """Bearerbox, smsbox and a pretend network on ports of their own.

    `app` is where our callers' app is reached, `secret` that of its callbacks.
    """

    def __init__(self, folder: Path, app: str, secret: str) -> None:
        assert shutil.which("bearerbox"), MISSING
        assert Path(FAKESMSC).exists(), MISSING
        self.folder = folder
        self.admin, self.boxes, self.network, self.sendsms = (free_port() for _ in range(4))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        service = callbacks.url(app, secret, "kannel-sms")
        (folder / "kannel.conf").write_text(self._conf(service))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms"

    @property
    def status_url(self) -> str:
        return f"http://127.0.0.1:{self.admin}/status.txt?password=STATUS-PASSWORD"

    def start(self) -> None:
        self.start_boxes()
        self.start_network()

    def start_boxes(self) -> None:
        self._start("bearerbox", "bearerbox", "-v", "3", "kannel.conf")
        wait_until(self._status, "bearerbox answers")
        self._start("smsbox", "smsbox", "-v", "3", "kannel.conf")
        wait_until(lambda: "smsbox:" in self._status(), "smsbox is connected")
        wait_until(lambda: _answers(self.url), "smsbox answers")

    def start_network(self) -> None:
        where = ("-H", "127.0.0.1", "-r", str(self.network))
        self._start("network", FAKESMSC, "-v", "0", *where)
        wait_until(lambda: "(online" in self._status(), "the link is up")

    def kill(self, name: str) -> None:
        """`kill -9` one of bearerbox, smsbox and network."""
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def command(self, name: str) -> None:
        """A command of the bearerbox's administration, such as `stop-smsc?smsc=link`."""
        joint = "&" if "?" in name else "?"
        address = f"http://127.0.0.1:{self.admin}/{name}{joint}password=ADMIN-PASSWORD"
        requests.get(address, timeout=PATIENCE)

    def write(self, sender: str, to: str, text: str) -> None:
        """A handset writes an SMS, in GSM-7 where it can."""
        kind, data = ("text", text) if text.isascii() else ("ucs2", _url(text.encode("utf-16-be")))
        pipe = self._running["network"].stdin
        assert pipe is not None
        pipe.write(f"{sender} {to} {kind} {data}\n".encode())
        pipe.flush()

    def got(self) -> list[tuple[str, str, str, str]]:
        """What the network was given: from, to, "text" or "ucs-2", and the text as it came."""
        return _GOT.findall((self.folder / "network.log").read_text(errors="replace"))

    def logs(self) -> str:
        """All that bearerbox and smsbox wrote."""
        boxes = (self.folder / "bearerbox.log", self.folder / "smsbox.log")
        return "".join(box.read_text(errors="replace") for box in boxes)

    def _conf(self, service: str) -> str:
        blocks = (block.split("```")[0] for block in DOCUMENT.read_text().split("```ini\n")[1:])
        written = next(block for block in blocks if "group = core" in block)
        fake = f"group = smsc\nsmsc = fake\nsmsc-id = link\nport = {self.network}\n\n"
        conf, links = _LINK.subn(fake, written)
        assert links == 1
        ports = {"13000": self.admin, "13001": self.boxes, "13013": self.sendsms}
        for port, ours in ports.items():
            conf = conf.replace(port, str(ours))
        conf = re.sub(r'post-url = "[^"?]+', f'post-url = "{service}', conf)
        return conf.replace("http-queue-delay = 15", "http-queue-delay = 1")

    def _start(self, name: str, *argv: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                argv, cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )

    def _status(self) -> str:
        with suppress(requests.RequestException):
            return requests.get(self.status_url, timeout=PATIENCE).text
        return ""


def _answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, timeout=PATIENCE).status_code == 403
    return False


def _url(data: bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in data)
