"""What a caller does with her own report stays with her own report, and leaves its mark there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import inspect

from gateway.cases import contacts
from gateway.cases.my_code import MyCode, secret_of
from gateway.conversation.contract import Done, NotDone, Occasion
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
from tests.samples import CALLER, HER_SECRET
from tests.staff_and_reports import SMS_NOW, StaffAndReports

ANOTHER = "+250788123457"
EVENING = Contact(by="call", window="evening")

TABLES: Sequence[type[Base]] = (Alert, CodeTry, ContactRow, DataKeyRow, NumberUse, Outbox, Report)

ACTS = (StopContact, lambda case: ChangeContact(case, EVENING), DeleteReport)
on_each_act = pytest.mark.parametrize("act", ACTS, ids=["stop", "change", "delete"])


@pytest.fixture
def hers(records: StaffAndReports) -> str:
    """A report that staff are alerted about, with an SMS to its caller on its way, and a look."""
    records.staff()
    return looked_at(records, CALLER)


@pytest.fixture
def anothers(records: StaffAndReports, hers: str) -> str:
    """The same, of another caller."""
    return looked_at(records, ANOTHER)


def looked_at(records: StaffAndReports, number: str) -> str:
    report = records.report(contact=SMS_NOW, number=number)
    with database.writing(records.engine, "test") as session:
        row = session.get_one(Report, report)
        row.secret_hash = records.web.hash_secret(HER_SECRET, secret_of(report))
    assert do(records, OpenCase(records.code(report), HER_SECRET), number).facts["case"] == report
    return report


def step(number: str = CALLER) -> Occasion:
    session = secrets.token_bytes(16)
    return Occasion(session, session, Msisdn(number), "en", None)


def do(
    records: StaffAndReports, intent: CaseIntent, number: str = CALLER, on: Occasion | None = None
) -> Done:
    with database.writing(records.engine, "test") as session:
        cases = MyCode(records.web, tries_per_day=5)
        return cases.do(session, intent, on or step(number))


def rows_of(records: StaffAndReports, report: str) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """All that is kept of a report, by table."""
    found: dict[str, Sequence[Mapping[str, object]]] = {}
    for table in TABLES:
        column = Report.id if table is Report else table.report_id  # type: ignore[attr-defined]
        rows = records.all(table, column == report)
        found[table.__tablename__] = [
            {one.key: getattr(row, one.key) for one in inspect(table).column_attrs} for row in rows
        ]
    return found


@on_each_act
def test_what_one_caller_does_changes_nothing_of_another(
    records: StaffAndReports, hers: str, anothers: str, act: type[StopContact]
) -> None:
    before = rows_of(records, anothers)
    assert all(before.values()), "there is something of every kind to be changed"
    do(records, act(hers))
    assert rows_of(records, anothers) == before


@on_each_act
def test_each_act_is_in_the_audit_log_with_its_report(
    records: StaffAndReports, hers: str, act: type[StopContact]
) -> None:
    do(records, act(hers))
    last = max(records.all(Audit), key=lambda row: row.id)
    assert (last.actor, last.report_id) == ("caller", hers)
    assert last.act in {"contact stopped", "contact changed", "deleted"}


@on_each_act
def test_each_act_takes_back_what_had_not_left_for_her(
    records: StaffAndReports, hers: str, act: type[StopContact]
) -> None:
    begun = records.now()
    do(records, act(hers))
    (row,) = records.all(Outbox, Outbox.audience == "caller")
    assert (row.state, row.outcome) == (OutboxState.DROPPED, "withdrawn")
    assert row.finished_at is not None
    assert row.finished_at >= begun


@pytest.mark.parametrize("act", [StopContact, DeleteReport])
def test_no_number_leads_to_her_report_any_more(
    records: StaffAndReports, hers: str, act: type[StopContact]
) -> None:
    """How often a number calls is counted on."""
    uses = len(records.all(NumberUse))
    do(records, act(hers))
    left = rows_of(records, hers)
    assert (left["code_tries"], left["number_uses"], left["contacts"]) == ([], [], [])
    assert len(records.all(NumberUse)) == uses


def test_staff_are_not_called_any_more_to_what_was_deleted(
    records: StaffAndReports, hers: str
) -> None:
    begun = records.now()
    do(records, DeleteReport(hers))
    alert = records.one(Alert)
    assert alert.state == AlertState.SETTLED
    assert alert.answered_at is not None
    assert alert.answered_at >= begun
    (told,) = records.all(Outbox, Outbox.audience == "staff")
    assert (told.state, told.finished_at) == (OutboxState.DROPPED, alert.answered_at)
    row = records.report_now(hers)
    assert (row.state, row.answers, row.secret_hash) == (ReportState.DELETED, None, None)
    assert rows_of(records, hers)["data_keys"] == []


def test_an_alert_that_was_answered_stays_as_it_was_answered(
    records: StaffAndReports, hers: str
) -> None:
    then = records.now() - timedelta(minutes=5)
    records.change(Alert, state=AlertState.DECLINED, answered_at=then)
    do(records, DeleteReport(hers))
    alert = records.one(Alert)
    assert (alert.state, alert.answered_at) == (AlertState.DECLINED, then)


def test_what_is_deleted_gets_no_contact_again(records: StaffAndReports, hers: str) -> None:
    """A call on her other phone may still have it open."""
    do(records, DeleteReport(hers))
    before = rows_of(records, hers)
    assert do(records, ChangeContact(hers, EVENING)) == Done({})
    assert rows_of(records, hers) == before


@on_each_act
def test_what_is_not_there_is_done_already(
    records: StaffAndReports, act: type[StopContact]
) -> None:
    assert do(records, act("00000000-0000-0000-0000-000000000000")) == Done({})


def test_the_contact_is_changed_to_the_number_of_the_call(
    records: StaffAndReports, hers: str
) -> None:
    do(records, ChangeContact(hers, EVENING), ANOTHER)
    with database.reading(records.engine) as session:
        reachable = contacts.read(session, records.worker, hers)
    assert reachable is not None
    assert (reachable.number.reveal(), reachable.by, reachable.window) == (
        ANOTHER,
        "call",
        "evening",
    )


@on_each_act
def test_an_act_that_was_never_done_is_not_done_for_a_lost_session(
    records: StaffAndReports, hers: str, act: type[StopContact]
) -> None:
    before = rows_of(records, hers)
    with pytest.raises(NotDone):
        do(records, act(hers), on=replace(step(), again=True))
    assert rows_of(records, hers) == before


@pytest.mark.parametrize("secret", [HER_SECRET, "2581"])
def test_a_look_that_is_told_twice_is_one_try_with_one_answer(
    records: StaffAndReports, hers: str, secret: str
) -> None:
    once, asked = step(), OpenCase(records.code(hers), secret)
    first = do(records, asked, on=once)
    tries = len(records.all(CodeTry))
    for again in (False, True):
        assert do(records, asked, on=replace(once, again=again)) == first
    assert len(records.all(CodeTry)) == tries
    assert bool(first.facts) == (secret == HER_SECRET)


def test_a_look_that_never_was_is_not_made_up_for_a_lost_session(
    records: StaffAndReports, hers: str
) -> None:
    with pytest.raises(NotDone):
        do(records, OpenCase(records.code(hers), HER_SECRET), on=replace(step(), again=True))


def failed(records: StaffAndReports, count: int, code: str, number: str) -> None:
    for _ in range(count):
        assert do(records, OpenCase(code, "0000"), number).facts == {}


@pytest.mark.parametrize("what", ["code", "number"])
def test_five_wrong_tries_in_a_day_shut_out_the_code_or_the_number(
    records: StaffAndReports, hers: str, anothers: str, what: str
) -> None:
    """The right secret helps no more then; the other report and the other number are as before."""
    if what == "code":
        for n in range(5):
            failed(records, 1, records.code(hers), f"+25078812350{n}")
    else:
        for n in range(5):
            failed(records, 1, f"99999{n}", CALLER)
    shut = OpenCase(records.code(hers), HER_SECRET)
    assert do(records, shut, CALLER).facts == {}
    assert (
        do(records, OpenCase(records.code(anothers), HER_SECRET), ANOTHER).facts["case"] == anothers
    )
    assert bool(do(records, shut, "+250788123599").facts) == (what == "number")
    records.change(CodeTry, tried_at=a_day_before(records.now()))
    assert do(records, shut, CALLER).facts["case"] == hers


def a_day_before(now: datetime) -> datetime:
    return now - timedelta(days=1, seconds=1)


def test_four_wrong_tries_shut_out_nobody_and_right_ones_do_not_count(
    records: StaffAndReports, hers: str
) -> None:
    right = OpenCase(records.code(hers), HER_SECRET)
    for _ in range(9):
        assert do(records, right).facts["case"] == hers
    failed(records, 4, records.code(hers), CALLER)
    assert do(records, right).facts["case"] == hers
    acts = [row.act for row in sorted(records.all(Audit), key=lambda row: row.id)]
    assert acts[-5:] == ["no match"] * 4 + ["looked"]
