"""`python -m tests.leaks.scan` (`make leaks`): a campaign on a real line, and a search afterwards.

Once on each kind of database, unless `--database` names one.

Exit status 1 when anything can be read that must not be, or when something that was planted on
purpose is overlooked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args

from tests.leaks import places, planted_canaries, stolen_service
from tests.leaks.campaign import Campaign
from tests.leaks.places import Find
from tests.leaks.stolen_service import Database


@dataclass(frozen=True)
class Result:
    """What came of a scan."""

    reports: int
    events: int
    """How many faults were reported to the pretended Sentry."""
    leaks: set[Find]
    planted: int
    overlooked: set[tuple[str, str]]
    """Place and canary of what was planted on purpose and not found."""
    never_failed: set[str]
    """Points at which no fault came up, because nothing passed them."""
    searched: Counter[str]
    """Bytes by place."""


def run(folder: Path, callers: int, kind: Database = "sqlite") -> Result:
    """Call, fail, plant and search. What is found and was not planted leaked."""
    armed, sizes = folder / "armed", Counter[str]()
    with sentry() as (dsn, reported):
        env = {**Campaign.arm(armed), "SENTRY_DSN": f"{dsn}/1"}
        with stolen_service.on(kind, folder, env) as line:
            campaign = Campaign(line, armed)
            campaign.run(callers)
            events = len(reported)
            expected = planted_canaries.plant_all(line, f"{dsn}/planted")
            found = places.search(_counted(places.everything(line, reported), sizes))
            reports = len(line.records.reports())
    return Result(
        reports=reports,
        events=events,
        leaks={one for one in found if (one.place, one.canary) not in expected},
        planted=len(expected),
        overlooked=expected - {(one.place, one.canary) for one in found},
        never_failed=campaign.left(),
        searched=sizes,
    )


@contextmanager
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """A pretended Sentry: its DSN without the project, and what it was sent."""
    taken = list[bytes]()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://public@127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()


def _counted(loot: Iterator[places.Loot], sizes: Counter[str]) -> Iterator[places.Loot]:
    for one in loot:
        sizes[one.place] += len(one.data)
        yield one


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=1100, help="on each kind of database")
    kinds = get_args(Database)
    parser.add_argument("--database", choices=[*kinds, "both"], default="both")
    wanted = parser.parse_args()
    chosen = kinds if wanted.database == "both" else [wanted.database]
    return max(_scan(kind, wanted.callers) for kind in chosen)


def _scan(kind: Database, callers: int) -> int:
    """One campaign and its search; 1 when something was found, or overlooked."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), callers, kind)
    print(f"{kind}:")
    for place, size in sorted(result.searched.items()):
        print(f"{place:40} {size / 1e6:8.2f} MB searched")
    print(f"{result.reports} reports, {result.events} faults reported")
    print(f"{result.planted} planted, {len(result.overlooked)} overlooked")
    for place, canary in sorted(result.overlooked):
        print(f"OVERLOOKED: {canary} in {place}")
    print(f"{len(result.never_failed)} points without a fault: {sorted(result.never_failed)}")
    for leak in sorted(result.leaks):
        print(f"LEAK: {leak.canary} in {leak.place}: {leak.name}")
    print(f"{len(result.leaks)} leaks, {time.monotonic() - began:.0f} s")
    return 1 if result.leaks or result.overlooked else 0


if __name__ == "__main__":
    sys.exit(main())
