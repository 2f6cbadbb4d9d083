"""What the chain of the audit log costs: rows a second with it and without it, on PostgreSQL.

    python -m bench.audit                    a server of its own, with fsync
    python -m bench.audit postgresql://...   an empty database

32 writers, one row a transaction, and nothing else in it: nothing is as hard on the chain, for
there is no other work that it could hide behind. "Without" writes the same rows to the same table,
each writer in a lane of its own, with a digest that means nothing. Both take turns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, insert

from gateway import audit, database, schema
from gateway.auditing.chain import Entry
from gateway.auditing.lanes import ROWS
from gateway.vault import Vault, create_keys
from tests.services import Postgres, running

PROCESSES: Final = 4
THREADS: Final = 8
TRANSACTIONS: Final = 60
"""Of each thread, in each round."""

ROUNDS: Final = 11
LIMIT: Final = 0.8

ENTRY: Final = Entry(datetime.now(UTC), audit.CALLER, "reported", "0" * 36, "3 alerted")
WITHOUT: Final = insert(ROWS).inline()

Write = Callable[[Engine, int, int], None]


@dataclass(frozen=True)
class Round:
    """What one process writes."""

    kind: str
    url: str
    keys: Path
    number: int

    def __call__(self, process: int) -> tuple[float, float]:
        """When its writers began, all connected, and when they ended."""
        engine, vault = database.connect(self.url), Vault.open(self.keys / "web", "web")
        audit.seal_with(engine, lambda: vault)
        first = 1000 + (self.number * PROCESSES + process) * THREADS
        each = partial(_write, KINDS[self.kind], engine)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(each, range(first, first + THREADS), [range(1)] * THREADS))
            began = time.time()
            rest = range(1, 1 + TRANSACTIONS)
            list(threads.map(each, range(first, first + THREADS), [rest] * THREADS))
            ended = time.time()
        engine.dispose()
        return began, ended


def main() -> int:
    """Print the table; 1 when the limit is missed."""
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="bench-") as home, _server(Path(home)) as url:
        create_keys(Path(home, "keys"))
        engine = database.connect(url)
        schema.upgrade(engine)
        engine.dispose()
        with ProcessPoolExecutor(PROCESSES) as pool:
            for number, kind in product(range(ROUNDS), KINDS):
                spans = list(
                    pool.map(Round(kind, url, Path(home, "keys"), number), range(PROCESSES))
                )
                took = max(end for _, end in spans) - min(start for start, _ in spans)
                rates[kind].append(PROCESSES * THREADS * TRANSACTIONS / took)
    ratios = [chained / bare for bare, chained in zip(*rates.values(), strict=True)]
    for kind, found in rates.items():
        print(f"{kind:8} {statistics.median(found):6.0f} rows/s")
    ratio = statistics.median(ratios)
    print(f"ratio    {ratio:6.2f} ({min(ratios):.2f} to {max(ratios):.2f}), limit {LIMIT}")
    return int(ratio < LIMIT)


def _write(write: Write, engine: Engine, lane: int, numbers: range) -> None:
    for seq in numbers:
        write(engine, lane, seq)


def _without(engine: Engine, lane: int, seq: int) -> None:
    with database.writing(engine, "bench") as session:
        row = {"lane": lane, "seq": seq, "digest": b"x" * 16, **ENTRY.columns()}
        session.connection().execute(WITHOUT, row)


def _with(engine: Engine, lane: int, seq: int) -> None:
    with database.writing(engine, "bench") as session:
        audit.record(session, ENTRY.at, ENTRY.actor, ENTRY.act, ENTRY.report_id, ENTRY.detail)


KINDS: Final = {"without": _without, "with": _with}


@contextmanager
def _server(home: Path) -> Iterator[str]:
    if len(sys.argv) > 1:
        yield sys.argv[1]
        return
    home.chmod(0o711)
    server = Postgres(home, durable=True)
    with running(server):
        yield server.create()


if __name__ == "__main__":
    sys.exit(main())
