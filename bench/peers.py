"""The same four screens in other people's libraries for USSD, with their sessions in Redis.

They are installed by name, at the versions below, into a folder that is gone afterwards; what is
ours of it is in bench/rivals. The texts are those that our own line shows, and every answer has to
be the same text. They do less: nothing is encrypted, counted, checked or translated.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from redis import Redis

from bench import rounds
from bench.calls import FOUR_SCREENS, Caller, posted
from bench.client import Call, Check, Load, drive
from bench.installation import Installation, installed, path
from bench.rounds import Rounds, Side, in_turn, ratio
from bench.servers import Server, isange, serving
from bench.step import OURS
from bench.tables import Table, Target, Unavailable

NPM: Final = ("ussd-menu-builder@1.2.0", "ussd-builder@1.3.2", "express@5.3.0", "redis@4.7.0")
PIP: Final = "cardisk==0.4.7"

RIVALS: Final = Path(__file__).parent / "rivals"
CONNECTIONS: Final = 8
INSTALL_TIMEOUT: Final = 240
TARGET: Final = 1.3


def run(*, quick: bool) -> Sequence[Table]:
    """Whole dialogues a second, with one process each and with two."""
    seconds, times = (0.3, 1) if quick else (2.0, 5)
    with tempfile.TemporaryDirectory(prefix="rivals-") as home, installed() as laid:
        rivals = _install(Path(home))
        return [_table(laid, rivals, processes, seconds, times) for processes in (1, 2)]


def _table(
    laid: Installation, installed: Path, processes: int, seconds: float, times: int
) -> Table:
    with _sides(laid, installed, processes) as sides:
        found = in_turn(sides, seconds, times)
    best = max((name for name in found if name != OURS), key=lambda name: _rate(found, name))
    return Table(
        f"Dialogues of four screens, {processes} process{'es' * (processes > 1)} each, "
        f"{CONNECTIONS} connections",
        ("library", "dialogues/s", "CPU µs/step", "p99 ms", "errors"),
        [_row(found, name) for name in found],
        [
            Target(
                f"dialogues/s of the best peer ({best})",
                ratio(found, OURS, best, rounds.calls),
                TARGET,
            )
        ],
        ["cardisk looks through all sessions at each step: each round begins with none."],
    )


def _rate(found: Rounds, name: str) -> float:
    return statistics.median(map(rounds.calls, found[name]))


def _row(found: Rounds, name: str) -> Sequence[str | float]:
    its = found[name]
    return (
        name,
        _rate(found, name),
        statistics.median(map(rounds.cpu, its)) * 1e6,
        statistics.median(map(rounds.p99, its)) * 1e3,
        sum(one.load.errors for one in its),
    )


@contextmanager
def _sides(laid: Installation, installed: Path, processes: int) -> Iterator[Sequence[Side]]:
    """Ours first: what it says is what all have to say."""
    caller = Caller.typing(path(), FOUR_SCREENS)
    with ExitStack() as stack:
        environment = laid.environment(ISANGE_WEB_PROCESSES=str(processes))
        ours = stack.enter_context(serving(isange("web"), environment, laid.log("web")))
        said = caller.listen(ours.port)
        screens = [body.decode().removeprefix("CON ") for body in said]
        checks: Sequence[Check] = [body.__eq__ for body in said]
        laid.log("screens").write_text(json.dumps(screens), "utf-8")
        sides = [_form_side(OURS, ours, caller, checks)]
        theirs = _environment(laid, installed)
        for library in ("ussd-menu-builder", "ussd-builder"):
            node = ["node", str(RIVALS / "menus.js"), library, str(processes)]
            server = stack.enter_context(serving(node, theirs, laid.log(library)))
            at = Caller.typing("/ussd", FOUR_SCREENS)
            sides.append(_form_side(library, server, at, checks))
        argv = _uvicorn(installed, processes)
        server = stack.enter_context(serving(argv, theirs, laid.log("cardisk")))
        sides.append(_card_side(server, screens, theirs["CARDISK_REDIS_URL"]))
        yield sides


def _form_side(name: str, server: Server, caller: Caller, checks: Sequence[Check]) -> Side:
    def load(seconds: float) -> Load:
        return drive(server.port, caller.calls(checks), CONNECTIONS, seconds=seconds)

    return Side(name, server, load)


def _card_side(server: Server, screens: Sequence[str], redis_url: str) -> Side:
    checks = [_shows(screen) for screen in screens]

    def load(seconds: float) -> Load:
        with Redis.from_url(redis_url) as client:
            client.flushdb()
        return drive(server.port, _card_calls(checks), CONNECTIONS, seconds=seconds)

    return Side("cardisk", server, load)


def _card_calls(checks: Sequence[Check]) -> Iterator[Call]:
    """The same keys as XML: type 1 begins a call, 2 goes on; the number is all that tells it."""
    typed = ["", *FOUR_SCREENS.split("*")]
    for number in count():
        bodies = (
            f"<ussd><msisdn>25078{number:07}</msisdn><sessionid>{number}</sessionid>"
            f"<type>{2 if key else 1}</type><msg>{key}</msg></ussd>"
            for key in typed
        )
        yield Call([posted("/", body, "application/xml") for body in bodies], checks)


def _shows(screen: str) -> Check:
    """cardisk escapes its text, and its XML library escapes that once more."""

    def check(body: bytes) -> bool:
        text = html.unescape(html.unescape(body.decode()))
        return text == f"<ussd><type>2</type><msg>{screen}</msg></ussd>"

    return check


def _environment(laid: Installation, installed: Path) -> dict[str, str]:
    """What the rivals are told: where the texts are, and a Redis database of cardisk's own."""
    socket = urlsplit(laid.redis_url).path
    return {
        **os.environ,
        "NODE_ENV": "production",
        "NODE_PATH": str(installed / "node_modules"),
        "SCREENS": str(laid.log("screens")),
        "KEYS": FOUR_SCREENS,
        "REDIS_SOCKET": socket,
        "CARDISK_USE_REDIS": "yes",
        "CARDISK_REDIS_URL": f"unix://{socket}?db=1",
    }


def _uvicorn(installed: Path, processes: int) -> Sequence[str]:
    python = installed / "venv" / "bin" / "python"
    options = ["--workers", str(processes), "--log-level", "warning", "--no-access-log"]
    return [str(python), "-m", "uvicorn", "cards:app", "--app-dir", str(RIVALS), *options]


def _install(home: Path) -> Path:
    """The libraries in a folder. Raises Unavailable where they cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("node and npm are not on this machine")
    client = f"redis=={version('redis')}"
    python = home / "venv" / "bin" / "python"
    for argv in (
        ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(home), *NPM],
        [sys.executable, "-m", "venv", str(home / "venv")],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", PIP, client],
    ):
        try:
            subprocess.run(
                argv, check=True, cwd=home, timeout=INSTALL_TIMEOUT, stderr=subprocess.DEVNULL
            )
        except (subprocess.SubprocessError, OSError):
            raise Unavailable(f"{argv[0]} could not install the peers") from None
    return home
