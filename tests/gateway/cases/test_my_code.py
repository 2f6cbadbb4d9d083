"""What a caller does with her own report stays with her own report, and leaves its mark there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import inspect

from gateway.cases import contacts
from gateway.cases.my_code import Cases, secret_of
from gateway.conversation.contract import Done, NotDone, Step
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import (
    Alert,
    AlertState,
    Audit,
    Base,
    CodeTry,
    ContactRow,
    DataKeyRow,
    NumberUse,
    Outbox,
    OutboxState,
    Report,
    ReportState,
)
from menus.intents import CaseIntent, ChangeContact, Contact, DeleteReport, OpenCase, StopContact
from tests.staff_and_reports import SMS_NOW, Office

HER, ANOTHER = "+250788123456", "+250788123457"
SECRET = "2580"
EVENING = Contact(by="call", window="evening")

TABLES: Sequence[type[Base]] = (Alert, CodeTry, ContactRow, DataKeyRow, NumberUse, Outbox, Report)

ACTS = (StopContact, lambda case: ChangeContact(case, EVENING), DeleteReport)
on_each_act = pytest.mark.parametrize("act", ACTS, ids=["stop", "change", "delete"])


@pytest.fixture
def hers(office: Office) -> str:
    """A report that staff are alerted about, with an SMS to its caller on its way, and a look."""
    office.staff()
    return looked_at(office, HER)


@pytest.fixture
def anothers(office: Office, hers: str) -> str:
    """The same, of another caller."""
    return looked_at(office, ANOTHER)


def looked_at(office: Office, number: str) -> str:
    report = office.report(contact=SMS_NOW, number=number)
    with database.writing(office.engine, "test") as session:
        row = session.get_one(Report, report)
        row.secret_hash = office.web.hash_secret(SECRET, secret_of(report))
    assert do(office, OpenCase(office.code(report), SECRET), number).facts["case"] == report
    return report


def step(number: str = HER) -> Step:
    session = secrets.token_bytes(16)
    return Step(session, session, Msisdn(number), "en", None)


def do(office: Office, intent: CaseIntent, number: str = HER, on: Step | None = None) -> Done:
    with database.writing(office.engine, "test") as session:
        cases = Cases(office.web, tries_per_day=5)
        return cases.do(session, intent, on or step(number), database.now(session))


def rows_of(office: Office, report: str) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """All that is kept of a report, by table."""
    found: dict[str, Sequence[Mapping[str, object]]] = {}
    for table in TABLES:
        column = Report.id if table is Report else table.report_id  # type: ignore[attr-defined]
        rows = office.all(table, column == report)
        found[table.__tablename__] = [
            {one.key: getattr(row, one.key) for one in inspect(table).column_attrs} for row in rows
        ]
    return found


@on_each_act
def test_what_one_caller_does_changes_nothing_of_another(
    office: Office, hers: str, anothers: str, act: type[StopContact]
) -> None:
    before = rows_of(office, anothers)
    assert all(before.values()), "there is something of every kind to be changed"
    do(office, act(hers))
    assert rows_of(office, anothers) == before


@on_each_act
def test_each_act_is_in_the_audit_log_with_its_report(
    office: Office, hers: str, act: type[StopContact]
) -> None:
    do(office, act(hers))
    last = max(office.all(Audit), key=lambda row: row.id)
    assert (last.actor, last.report_id) == ("caller", hers)
    assert last.act in {"contact stopped", "contact changed", "deleted"}


@on_each_act
def test_each_act_takes_back_what_had_not_left_for_her(
    office: Office, hers: str, act: type[StopContact]
) -> None:
    begun = office.now()
    do(office, act(hers))
    (row,) = office.all(Outbox, Outbox.audience == "caller")
    assert (row.state, row.outcome) == (OutboxState.DROPPED, "withdrawn")
    assert row.finished_at is not None
    assert row.finished_at >= begun


@pytest.mark.parametrize("act", [StopContact, DeleteReport])
def test_no_number_leads_to_her_report_any_more(
    office: Office, hers: str, act: type[StopContact]
) -> None:
    """How often a number calls is counted on."""
    uses = len(office.all(NumberUse))
    do(office, act(hers))
    left = rows_of(office, hers)
    assert (left["code_tries"], left["number_uses"], left["contacts"]) == ([], [], [])
    assert len(office.all(NumberUse)) == uses


def test_staff_are_not_called_any_more_to_what_was_deleted(office: Office, hers: str) -> None:
    begun = office.now()
    do(office, DeleteReport(hers))
    alert = office.one(Alert)
    assert alert.state == AlertState.SETTLED
    assert alert.answered_at is not None
    assert alert.answered_at >= begun
    (told,) = office.all(Outbox, Outbox.audience == "staff")
    assert (told.state, told.finished_at) == (OutboxState.DROPPED, alert.answered_at)
    row = office.report_now(hers)
    assert (row.state, row.answers, row.secret_hash) == (ReportState.DELETED, None, None)
    assert rows_of(office, hers)["data_keys"] == []


def test_an_alert_that_was_answered_stays_as_it_was_answered(office: Office, hers: str) -> None:
    then = office.now() - timedelta(minutes=5)
    office.change(Alert, state=AlertState.DECLINED, answered_at=then)
    do(office, DeleteReport(hers))
    alert = office.one(Alert)
    assert (alert.state, alert.answered_at) == (AlertState.DECLINED, then)


def test_what_is_deleted_gets_no_contact_again(office: Office, hers: str) -> None:
    """A call on her other phone may still have it open."""
    do(office, DeleteReport(hers))
    before = rows_of(office, hers)
    assert do(office, ChangeContact(hers, EVENING)) == Done({})
    assert rows_of(office, hers) == before


@on_each_act
def test_what_is_not_there_is_done_already(office: Office, act: type[StopContact]) -> None:
    assert do(office, act("00000000-0000-0000-0000-000000000000")) == Done({})


def test_the_contact_is_changed_to_the_number_of_the_call(office: Office, hers: str) -> None:
    do(office, ChangeContact(hers, EVENING), ANOTHER)
    with database.reading(office.engine) as session:
        reachable = contacts.read(session, office.worker, hers)
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.by, reachable.window) == (
        ANOTHER,
        "call",
        "evening",
    )


@on_each_act
def test_an_act_that_was_never_done_is_not_done_for_a_lost_session(
    office: Office, hers: str, act: type[StopContact]
) -> None:
    before = rows_of(office, hers)
    with pytest.raises(NotDone):
        do(office, act(hers), on=replace(step(), again=True))
    assert rows_of(office, hers) == before


@pytest.mark.parametrize("secret", [SECRET, "2581"])
def test_a_look_that_is_told_twice_is_one_try_with_one_answer(
    office: Office, hers: str, secret: str
) -> None:
    once, asked = step(), OpenCase(office.code(hers), secret)
    first = do(office, asked, on=once)
    tries = len(office.all(CodeTry))
    for again in (False, True):
        assert do(office, asked, on=replace(once, again=again)) == first
    assert len(office.all(CodeTry)) == tries
    assert bool(first.facts) == (secret == SECRET)


def test_a_look_that_never_was_is_not_made_up_for_a_lost_session(office: Office, hers: str) -> None:
    with pytest.raises(NotDone):
        do(office, OpenCase(office.code(hers), SECRET), on=replace(step(), again=True))


def failed(office: Office, count: int, code: str, number: str) -> None:
    for _ in range(count):
        assert do(office, OpenCase(code, "0000"), number).facts == {}


@pytest.mark.parametrize("what", ["code", "number"])
def test_five_wrong_tries_in_a_day_shut_out_the_code_or_the_number(
    office: Office, hers: str, anothers: str, what: str
) -> None:
    """The right secret helps no more then; the other report and the other number are as before."""
    if what == "code":
        for n in range(5):
            failed(office, 1, office.code(hers), f"+25078812350{n}")
    else:
        for n in range(5):
            failed(office, 1, f"99999{n}", HER)
    shut = OpenCase(office.code(hers), SECRET)
    assert do(office, shut, HER).facts == {}
    assert do(office, OpenCase(office.code(anothers), SECRET), ANOTHER).facts["case"] == anothers
    assert bool(do(office, shut, "+250788123599").facts) == (what == "number")
    office.change(CodeTry, tried_at=a_day_before(office.now()))
    assert do(office, shut, HER).facts["case"] == hers


def a_day_before(now: datetime) -> datetime:
    return now - timedelta(days=1, seconds=1)


def test_four_wrong_tries_shut_out_nobody_and_right_ones_do_not_count(
    office: Office, hers: str
) -> None:
    right = OpenCase(office.code(hers), SECRET)
    for _ in range(9):
        assert do(office, right).facts["case"] == hers
    failed(office, 4, office.code(hers), HER)
    assert do(office, right).facts["case"] == hers
    acts = [row.act for row in sorted(office.all(Audit), key=lambda row: row.id)]
    assert acts[-5:] == ["no match"] * 4 + ["looked"]
