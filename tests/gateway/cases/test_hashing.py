"""A secret is hashed while others may write; and who writes waits where it costs nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from threading import Event
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, event

from gateway.cases.my_code import secret_of
from gateway.cases.reports import Reports
from gateway.cases.staff_line import StaffLine
from gateway.conversation.contract import Occasion
from gateway.country.pack import Pack
from gateway.runtime import phones
from gateway.runtime.phones import Msisdn
from gateway.staff import roster
from gateway.staff.roster import NewStaff
from gateway.store import database
from gateway.store.database import DatabaseBusy
from gateway.vault.roles import Role
from gateway.vault.secrets import quick_hasher
from gateway.vault.vault import Vault
from menus.intents import ChangePin, Contact, KeepDraft, OpenCase, Send, SignIn
from tests import shared_parts
from tests.samples import CALLER
from tests.services import wait_until
from tests.staff_and_reports import on_sqlite

pytestmark = on_sqlite

MYSELF = Send(
    about="myself",
    answers={"age": "adult"},
    contact=Contact(by="call", window="now"),
    secret="2580",
)


class Meanwhile(PasswordHasher):
    """Another process writes while this hashes, and will not wait: SQLite raises if it must."""

    def __init__(self, path: Path) -> None:
        quick = quick_hasher()
        super().__init__(quick.time_cost, quick.memory_cost, quick.parallelism, quick.hash_len)
        self._path = path
        self.written = 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._write()
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
        self._write()
        return super().verify(hash, password)

    def _write(self) -> None:
        other = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
        other.close()
        self.written += 1


@pytest.fixture
def meanwhile(engine: Engine) -> Meanwhile:
    return Meanwhile(Path(str(engine.url.database)))


Open = Callable[[Role], Vault]


@pytest.fixture
def opened(meanwhile: Meanwhile, keys: Path) -> Open:
    """The vault of a role that hashes so."""

    def open_(role: Role) -> Vault:
        vault = Vault.open(keys / role, role, hasher=meanwhile)
        vault.check_secret(None, "", secret_of("nobody's"))  # It makes what it checks nobody's by.
        meanwhile.written = 0
        return vault

    return open_


@pytest.fixture
def reports(engine: Engine, opened: Open, pack: Pack) -> Reports:
    shared_parts.open_centres(engine, pack)
    return shared_parts.reports(engine, pack, opened("web"))


def step(history: str = "1", number: str = CALLER) -> Occasion:
    return Occasion(b"one", history.encode(), Msisdn(number), "en", None)


def test_a_report_with_a_secret(reports: Reports, meanwhile: Meanwhile) -> None:
    reports.do(MYSELF, step())
    assert meanwhile.written == 1


def test_a_draft_that_is_filled_in_and_sent(reports: Reports, meanwhile: Meanwhile) -> None:
    for history in ("1", "2"):
        draft = reports.do(KeepDraft(MYSELF), step(history)).facts["draft"]
    reports.do(replace(MYSELF, completes=draft), step("3"))
    assert meanwhile.written == 3


@pytest.mark.parametrize("secret", ["2580", "2581"])
@pytest.mark.parametrize("known", [True, False])
def test_my_code(reports: Reports, meanwhile: Meanwhile, secret: str, known: bool) -> None:
    code = reports.do(MYSELF, step()).facts["ref"]
    before = meanwhile.written
    opened = reports.do(OpenCase(code if known else "000000", secret), step("2"))
    assert bool(opened.facts) is (known and secret == "2580")
    assert meanwhile.written == before + 1, "as much work whatever is wrong"


def test_the_staffs_pin(
    engine: Engine, opened: Open, keys: Path, pack: Pack, meanwhile: Meanwhile
) -> None:
    shared_parts.open_centres(engine, pack)
    vault = opened("staff")
    number = "+250788000500"
    new = NewStaff(phones.parse(number), "health", "kabutare", "en", "4711", True)
    with database.writing(engine, "test") as session:
        at_registration = Vault.open(keys / "staff", "staff", hasher=quick_hasher())
        roster.add(session, at_registration, new)
    line = StaffLine(engine, vault, shared_parts.policy(pack), pack)
    assert line.do(SignIn("4711"), step("1", number)).facts["staff"]
    assert not line.do(SignIn("4712"), step("2", number)).facts
    assert line.do(ChangePin("4711", "5822"), step("3", number)).facts == {"pin": "changed"}
    assert line.do(SignIn("5822"), step("4", number)).facts["staff"]
    assert meanwhile.written == 5


def test_writers_of_a_process_queue_before_they_ask_sqlite(engine: Engine) -> None:
    begun: list[object] = []
    event.listen(engine, "begin", begun.append)
    go_on = Event()

    def write() -> None:
        with database.writing(engine, "test") as session:
            database.now(session)
            assert go_on.wait(60)

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write) for _ in range(4)]
        wait_until(lambda: begun or any(one.done() for one in writers), "one writes")
        with database.reading(engine) as session:
            database.now(session)
        asked = len(begun)
        go_on.set()
        for one in writers:
            one.result()
    assert asked == 2, "one writer, and one who reads and waits for nobody"
    assert len(begun) == 5


def test_who_fails_lets_the_next_one_write(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), database.writing(engine, "test"):
        raise ZeroDivisionError
    with database.writing(engine, "test") as session:
        database.now(session)


def test_nobody_waits_for_a_turn_without_an_end(database_url: str) -> None:
    engine = database.connect(database_url, turn=0.05)
    with database.writing(engine, "test"), pytest.raises(DatabaseBusy):
        write_in_vain(engine)
    engine.dispose()


def write_in_vain(engine: Engine) -> None:
    with database.writing(engine, "test"):
        raise AssertionError("two write at once")


def test_whoever_waited_longest_writes_next(engine: Engine) -> None:
    """However soon the one who has written asks again."""
    order: list[int] = []

    def write(writer: int) -> None:
        while min(order.count(0), order.count(1)) < 30 and len(order) < 1000:
            with database.writing(engine, "test") as session:
                order.append(writer)
                database.now(session)

    with ThreadPoolExecutor(2) as threads:
        for writing in [threads.submit(write, one) for one in range(2)]:
            writing.result()
    from_then_on = order[max(order.index(one) for one in range(2)) :]
    assert max(len(list(run)) for _, run in groupby(from_then_on)) < 10
