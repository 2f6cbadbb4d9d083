"""Steps a second with one and with two processes, on the cores there are.

Two processes, the client and Valkey share this machine: on two cores, what is gained is less than
what two processes would answer on cores of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from bench import rounds
from bench.calls import BROWSING, Caller, dialling
from bench.installation import installed, path
from bench.rounds import COLUMNS, Side, in_turn, ratio
from bench.servers import isange, serving
from bench.tables import Table

CONNECTIONS = 32


def run(*, quick: bool) -> Sequence[Table]:
    """One table."""
    seconds, times = (0.3, 1) if quick else (2.0, 5)
    caller = Caller.typing(path(), BROWSING)
    with installed() as laid, ExitStack() as stack:
        sides = []
        for processes in (1, 2):
            environment = laid.environment(ISANGE_WEB_PROCESSES=str(processes))
            argv, log = isange("web"), laid.log(f"web-{processes}")
            server = stack.enter_context(serving(argv, environment, log))
            name = f"{processes} process{'es' * (processes > 1)}"
            sides.append(Side(name, server, dialling(server.port, caller, CONNECTIONS)))
        found = in_turn(sides, seconds, times)
    gained = ratio(found, sides[1].name, sides[0].name, rounds.rate)
    return [
        Table(
            f"Plain steps by the number of web processes, {CONNECTIONS} connections",
            ("web", *COLUMNS),
            rounds.rows(found),
            notes=[f"Two processes answer {gained:.2f} times as many steps as one."],
        )
    ]
