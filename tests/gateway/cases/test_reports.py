"""Reports as they are written: once for each session, whatever happens at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Final, cast

import pytest
from sqlalchemy import Engine, func, select

from gateway.cases.codes import CODE_DIGITS, COLLISIONS
from gateway.cases.my_code import MyCode
from gateway.cases.reports import Reports
from gateway.conversation.contract import Done, NotDone, Occasion
from gateway.country.pack import Pack
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import Report
from gateway.vault.fields import Where
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.checks import has_check_digit
from menus.intents import Contact, DiscardDraft, Intent, KeepDraft, OpenCase, Send, StopContact
from tests import shared_parts
from tests.samples import CALLER
from tests.services import PATIENCE

CALL: Final = Contact(by="call", window="now")
MYSELF: Final = Send(about="myself", answers={"age": "adult"}, contact=CALL, secret="2580")


@pytest.fixture
def reports(engine: Engine, vaults: Callable[[Role], Vault], pack: Pack) -> Reports:
    shared_parts.open_centres(engine, pack)
    return shared_parts.reports(engine, pack, vaults("web"))


def step(session: str = "one", history: str = "1", *, again: bool = False) -> Occasion:
    caller = Msisdn(CALLER)
    return Occasion(session.encode(), history.encode(), caller, "en", None, again=again)


def count(reports: Reports) -> int:
    with database.reading(reports.engine) as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_sent_twice_it_is_one_report_with_one_code(reports: Reports) -> None:
    first, second = (reports.do(MYSELF, step()) for _ in range(2))
    assert first.facts == second.facts
    assert has_check_digit(first.facts["ref"])
    assert count(reports) == 1


def test_a_report_is_in_the_language_in_which_it_was_sent(reports: Reports) -> None:
    """She may change it on the way: what staff say first is what she was told last."""
    draft = reports.do(KeepDraft(MYSELF), replace(step(), language="rw")).facts["draft"]
    reports.do(replace(MYSELF, completes=draft), step(history="2"))
    with database.reading(reports.engine) as session:
        assert session.scalars(select(Report.language)).all() == ["en"]


def test_two_sessions_are_two_reports(reports: Reports) -> None:
    codes = {reports.do(MYSELF, step(session)).facts["ref"] for session in ("one", "two")}
    assert len(codes) == count(reports) == 2


def test_a_code_that_is_taken_is_not_given_again_and_codes_grow_when_many_are(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([7] * (1 + COLLISIONS + 1))
    monkeypatch.setattr("gateway.cases.codes.secrets.randbelow", lambda end: next(drawn))
    codes = [reports.do(MYSELF, step(session)).facts["ref"] for session in ("one", "two")]
    assert [len(code) - 1 for code in codes] == [CODE_DIGITS, CODE_DIGITS + 1]
    assert next(drawn, None) is None


def test_twins_at_the_same_moment_are_one_report(reports: Reports) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: reports.do(MYSELF, step()), range(8)))
    assert len({one.facts["ref"] for one in done}) == count(reports) == 1


@pytest.mark.parametrize("intent", [MYSELF, OpenCase("000000", "2580"), StopContact("nothing")])
def test_what_was_never_done_is_not_done_when_a_lost_session_is_walked_again(
    reports: Reports, intent: Intent
) -> None:
    with pytest.raises(NotDone):
        reports.do(intent, step(again=True))
    assert count(reports) == 0


def test_what_was_done_is_found_when_a_lost_session_is_walked_again(reports: Reports) -> None:
    ref = reports.do(MYSELF, step()).facts["ref"]
    assert reports.do(MYSELF, step(again=True)).facts["ref"] == ref
    opened = reports.do(OpenCase(ref, "2580"), step(history="2"))
    assert reports.do(OpenCase(ref, "2580"), step(history="2", again=True)) == opened


def test_a_draft_she_thought_better_of_does_not_come_back(reports: Reports) -> None:
    reports.do(KeepDraft(MYSELF), step())
    reports.do(DiscardDraft(), step(history="2"))
    assert reports.do(KeepDraft(MYSELF), step(again=True)).facts == {}
    assert count(reports) == 0


def test_a_draft_becomes_the_report_that_completes_it(reports: Reports) -> None:
    draft = reports.do(KeepDraft(MYSELF), step()).facts["draft"]
    sent = Send(about="myself", answers={"age": "adult"}, contact=CALL, completes=draft)
    assert reports.do(sent, step(history="2")).facts["ref"] == draft
    assert count(reports) == 1
    assert not reports.line_cut(b"one")


class Hesitant:
    """A vault that takes its time over one wrong secret, until another try is under way."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.begun, self.other = Event(), Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)

    def check_secret(self, stored: str | None, secret: str, where: Where) -> bool:
        if secret == "0001":
            self.begun.set()
            self.other.wait(0.5)
        else:
            self.other.set()
        return self._vault.check_secret(stored, secret, where)


def test_tries_at_the_same_moment_are_counted_one_after_another(reports: Reports) -> None:
    ref = reports.do(MYSELF, step()).facts["ref"]
    for number in range(4):
        assert reports.do(OpenCase(ref, "0002"), step(history=f"wrong {number}")).facts == {}
    vault = Hesitant(reports.vault)
    cases = MyCode(cast(Vault, vault), 5)

    def open_(secret: str, on: Occasion) -> Done:
        """As it is when the report has changed since its secret was checked ahead."""
        with database.writing(reports.engine, "test") as session:
            return cases.open(session, OpenCase(ref, secret), on)

    with ThreadPoolExecutor(2) as pool:
        fifth = pool.submit(open_, "0001", step("two", "fifth"))
        assert vault.begun.wait(PATIENCE)
        sixth = pool.submit(open_, "2580", step("three", "sixth"))

    assert (fifth.result().facts, sixth.result().facts) == ({}, {})


def test_a_partial_report_that_is_completed_after_all_is_whole(reports: Reports) -> None:
    draft = reports.do(KeepDraft(MYSELF), step()).facts["draft"]
    assert reports.line_cut(b"one")
    sent = Send(about="myself", answers={"age": "adult"}, contact=CALL, completes=draft)
    reports.do(sent, step(history="2"))
    with database.reading(reports.engine) as session:
        assert [one.partial for one in session.scalars(select(Report))] == [False]
