"""What the chain of the audit log costs: transactions a second with it and without, on PostgreSQL.

    python -m bench.audit                    a server of its own, with fsync
    python -m bench.audit postgresql://...   an empty database

32 writers write whole reports, and then audit rows alone, one a transaction: nothing is as hard on
the chain as these, for there is no other work that it could hide behind. "Without" writes the same
rows to the same tables, each with a digest that means nothing. Both take turns.
"""

from __future__ import annotations

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, event, insert

from gateway.audit import log as audit
from gateway.audit.lanes import ROWS
from gateway.cases.escalation import EscalationPolicy
from gateway.cases.my_code import MyCode
from gateway.cases.reports import Reports
from gateway.conversation.contract import Occasion
from gateway.country import centres
from gateway.country.pack import load_country
from gateway.runtime.phones import Msisdn
from gateway.staff import roster
from gateway.staff.roster import NewStaff
from gateway.store import database, schema
from gateway.store.database import Session
from gateway.vault.create import create_keys
from gateway.vault.vault import Vault
from menus.intents import Contact, Send
from tests.moments import as_of
from tests.services import Postgres, running

PROCESSES: Final = 4
THREADS: Final = 8
ROUNDS: Final = 7
LIMIT: Final = 0.8

WITHOUT: Final = insert(ROWS).inline()


@dataclass(frozen=True)
class Round:
    """What one process writes, from when all its writers are connected."""

    work: str
    chained: bool
    url: str
    keys: Path
    count: int

    def __call__(self, process: int) -> tuple[float, float]:
        """When it began and ended."""
        engine, vault = database.connect(self.url), Vault.open(self.keys / "web", "web")
        audit.seal_with(engine, lambda: vault)
        write = WORK[self.work](engine, vault)
        with ThreadPoolExecutor(THREADS) as threads, _chain(chained=self.chained):
            list(threads.map(_again, [write] * THREADS, [3] * THREADS))
            began = time.time()
            list(threads.map(_again, [write] * THREADS, [self.count] * THREADS))
            ended = time.time()
        engine.dispose()
        return began, ended


def main() -> int:
    """Print the tables; 1 when a limit is missed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home, _server(Path(home)) as url:
        keys = Path(home, "keys")
        create_keys(keys)
        _prepare(url, keys)
        with ProcessPoolExecutor(PROCESSES) as pool:
            ratios = [_table(pool, work, url, keys) for work in WORK]
    return int(min(ratios) < LIMIT)


def _table(pool: ProcessPoolExecutor, work: str, url: str, keys: Path) -> float:
    """Print the figures of one kind of transaction; the median of the rounds' ratios."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _, chained in product(range(ROUNDS), rates):
        spans = list(pool.map(Round(work, chained, url, keys, COUNT[work]), range(PROCESSES)))
        took = max(end for _, end in spans) - min(start for start, _ in spans)
        rates[chained].append(PROCESSES * THREADS * COUNT[work] / took)
    ratios = [chained / bare for bare, chained in zip(*rates.values(), strict=True)]
    ratio: float = statistics.median(ratios)
    for chained, name in ((False, "without"), (True, "with")):
        print(f"{work:8} {name:8} {statistics.median(rates[chained]):6.0f}/s")
    print(f"{work:8} ratio    {ratio:6.2f} ({min(ratios):.2f} to {max(ratios):.2f})  limit {LIMIT}")
    return ratio


def _again(write: Callable[[], object], count: int) -> None:
    for _ in range(count):
        write()


def _row(engine: Engine, vault: Vault) -> Callable[[], object]:
    """One row of the log and nothing else."""

    def write() -> None:
        with database.writing(engine, "bench") as session:
            at = datetime.now(UTC)
            audit.record(as_of(session, at), audit.CALLER, "reported", "0" * 36, "3 alerted")

    return write


def _report(engine: Engine, vault: Vault) -> Callable[[], object]:
    """A report as a caller sends it: encrypted, with its alert, its SMS and its row of the log."""
    pack = load_country("rw")
    policy = EscalationPolicy(pack.escalation, pack.duty_desk.id)
    reports = Reports(engine, vault, policy, MyCode(vault, 5))
    send = Send(about="call_me", answers={"age": "adult"}, contact=Contact(by="call", window="now"))

    def write() -> None:
        session = secrets.token_bytes(16)
        number = Msisdn(f"+2507880{secrets.randbelow(10**5):05}")
        reports.do(send, Occasion(session, session, number, "en", None))

    return write


WORK: Final = {"report": _report, "row": _row}
COUNT: Final = {"report": 8, "row": 60}
"""Transactions of each thread, in each round."""


@contextmanager
def _chain(*, chained: bool) -> Iterator[None]:
    """Without the chain, rows are written at the same point in the same transaction."""
    if chained:
        yield
        return
    event.remove(Session, "before_commit", audit._write)
    event.listen(Session, "before_commit", _write_unchained)
    yield
    event.remove(Session, "before_commit", _write_unchained)
    event.listen(Session, "before_commit", audit._write)


def _write_unchained(session: Session) -> None:
    session.flush()
    for entry in session.info.pop("audit_pending", ()):
        place = {"lane": secrets.randbelow(2**31), "seq": secrets.randbelow(2**31)}
        row = {**place, "digest": b"x" * 16, **entry.columns()}
        session.connection().execute(WITHOUT, row)


def _prepare(url: str, keys: Path) -> None:
    """The schema, and somebody on duty to be alerted."""
    engine, vault = database.connect(url), Vault.open(keys / "staff", "staff")
    schema.upgrade(engine)
    pack = load_country("rw")
    on_duty = NewStaff(Msisdn("+250788000500"), "national", pack.duty_desk.id, "en", "0000")
    with database.writing(engine, "bench") as session:
        centres.replace_all(session, pack, pack.centres)
        roster.add(session, vault, on_duty)
    engine.dispose()


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
