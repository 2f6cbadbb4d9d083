"""How a caller may be reached: kept apart, readable to few, destroyed first, and never too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.cases import contacts, safe_hours
from gateway.cases.contacts import Reachable
from gateway.country.pack import Pack
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Audit, ContactRow, DataKeyRow, Outbox, OutboxState
from gateway.vault.errors import CannotOpen
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import Contact, Window
from tests.moments import as_of
from tests.samples import CALLER
from tests.staff_and_reports import SMS_NOW, StaffAndReports

NUMBER = Msisdn(CALLER)
TO_CALLER = Outbox.audience == "caller"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


@contextmanager
def writing(records: StaffAndReports) -> Iterator[Session]:
    with database.writing(records.engine, "test") as session:
        yield session


@pytest.fixture
def report(records: StaffAndReports) -> str:
    """A report whose caller allowed SMS and gave another number to ring."""
    return records.report(contact=Contact(by="sms", window="now", other_number="0788999888"))


def read(records: StaffAndReports, report_id: str, vault: Vault | None = None) -> Reachable | None:
    with database.reading(records.engine) as session:
        return contacts.read(session, vault or records.worker, report_id)


def test_what_was_kept_is_read_by_the_worker(records: StaffAndReports, report: str) -> None:
    reachable = read(records, report)
    assert reachable is not None
    assert reachable.number == NUMBER
    assert (reachable.by, reachable.window, reachable.sms_stopped) == ("sms", "now", False)
    assert reachable.other_number == "0788999888"
    assert records.now() - reachable.since < timedelta(minutes=1)


def test_the_callers_process_cannot_read_back_what_it_wrote(
    records: StaffAndReports, report: str
) -> None:
    with pytest.raises(CannotOpen):
        read(records, report, records.web)


def test_the_centre_can_read_it(
    records: StaffAndReports, report: str, vaults: Callable[[Role], Vault]
) -> None:
    reachable = read(records, report, vaults("staff"))
    assert reachable is not None
    assert reachable.number == NUMBER


def test_a_report_without_contact_has_none(records: StaffAndReports) -> None:
    assert read(records, records.report()) is None


def test_a_contact_is_replaced_with_its_key(records: StaffAndReports, report: str) -> None:
    before = {bytes(row.sealed) for row in records.all(DataKeyRow)}
    with writing(records) as session:
        new = Contact(by="call", window="evening")
        contacts.replace(
            as_of(session, records.now()), records.web, report, Msisdn("+250788000001"), new
        )
    reachable = read(records, report)
    assert reachable is not None
    assert (reachable.number, reachable.by) == (Msisdn("+250788000001"), "call")
    keys = records.all(DataKeyRow, DataKeyRow.purpose == "contact")
    assert keys
    assert before.isdisjoint({bytes(row.sealed) for row in keys})


def test_a_backup_of_a_forgotten_contact_opens_nothing(
    records: StaffAndReports, report: str
) -> None:
    """The keys were destroyed, so a copy of the row alone is noise."""
    copy = records.one(ContactRow)
    with writing(records) as session:
        contacts.forget(session, report)
    assert records.all(DataKeyRow, DataKeyRow.purpose == "contact") == []
    with writing(records) as session:
        stolen = {"number_hash": copy.number_hash, "sealed": copy.sealed}
        session.add(ContactRow(report_id=report, reported_at=copy.reported_at, **stolen))
    with pytest.raises(CannotOpen):
        read(records, report)


def test_a_contact_that_was_moved_to_another_report_does_not_open(
    records: StaffAndReports, report: str
) -> None:
    other = records.report(contact=SMS_NOW, number="+250788000001")
    stolen = records.one(ContactRow, ContactRow.report_id == report)
    records.change(ContactRow, ContactRow.report_id == other, sealed=stolen.sealed)
    with pytest.raises(CannotOpen):
        read(records, other)


def test_stopping_sms_is_for_one_number_and_for_all_its_reports(records: StaffAndReports) -> None:
    first = records.report(contact=SMS_NOW)
    second = records.report("call_me", answers={}, contact=Contact(by="call", window="any"))
    other = records.report(contact=SMS_NOW, number="+250788000001")
    with writing(records) as session:
        contacts.stop_sms(as_of(session, records.now()), records.web, NUMBER)
    stopped = records.all(Audit, Audit.act == "sms stopped")
    assert {one.report_id for one in stopped} == {first, second}
    assert records.one(Outbox, Outbox.report_id == first, TO_CALLER).state == OutboxState.DROPPED
    assert records.one(Outbox, Outbox.report_id == other, TO_CALLER).state == OutboxState.PENDING
    standing = {one: read(records, one) for one in (first, second, other)}
    assert [one and one.sms_stopped for one in standing.values()] == [True, True, False]


def test_a_number_is_found_by_its_hash_and_stands_nowhere(
    records: StaffAndReports, report: str
) -> None:
    with database.reading(records.engine) as session:
        row = session.execute(select(ContactRow.number_hash, ContactRow.sealed)).one()
    assert row.number_hash == records.web.fingerprint("contact", CALLER)
    assert CALLER[1:].encode() not in row.number_hash + row.sealed


def test_a_contact_does_not_show_its_numbers(records: StaffAndReports, report: str) -> None:
    shown = repr(read(records, report)) + str(read(records, report))
    assert CALLER[4:] not in shown
    assert "0788999888" not in shown


DAY = datetime(2026, 3, 9, tzinfo=UTC)
"""Kigali is two hours ahead of UTC all the year."""

WINDOWS: list[tuple[Window, str, bool]] = [
    ("morning", "05:59:59", False),
    ("morning", "06:00:00", True),
    ("morning", "09:59:59", True),
    ("morning", "10:00:00", False),
    ("afternoon", "09:59:59", False),
    ("afternoon", "10:00:00", True),
    ("afternoon", "14:59:59", True),
    ("afternoon", "15:00:00", False),
    ("evening", "14:59:59", False),
    ("evening", "15:00:00", True),
    ("evening", "17:59:59", True),
    ("evening", "18:00:00", False),
    ("any", "05:59:59", False),
    ("any", "06:00:00", True),
    ("any", "12:00:00", True),
    ("any", "17:59:59", True),
    ("any", "18:00:00", False),
    ("any", "22:30:00", False),
    ("morning", "23:00:00", False),
]


def safe(pack: Pack, window: Window, since: datetime, at: datetime) -> bool:
    return safe_hours.is_safe_now(window, since, at, pack.hours, pack.timezone)


@pytest.mark.parametrize(("window", "clock", "is_safe"), WINDOWS)
def test_her_hours_are_hours_in_kigali(
    pack: Pack, window: Window, clock: str, *, is_safe: bool
) -> None:
    at = datetime.combine(DAY, time.fromisoformat(clock), UTC)
    assert safe(pack, window, at - timedelta(days=3), at) is is_safe


@pytest.mark.parametrize(
    ("seconds", "is_safe"), [(-1, False), (0, True), (3_600, True), (3_601, False), (86_400, False)]
)
def test_now_lasts_an_hour_from_when_she_said_it(
    pack: Pack, seconds: int, *, is_safe: bool
) -> None:
    """Even in the middle of the night: it is she who is on the phone."""
    since = DAY.replace(hour=23)
    assert safe(pack, "now", since, since + timedelta(seconds=seconds)) is is_safe


NEXT: list[tuple[Window, str, str]] = [
    ("evening", "09 14:59", "09 15:00"),
    ("evening", "09 15:00", "09 15:00"),
    ("evening", "09 17:59", "09 17:59"),
    ("evening", "09 18:00", "10 15:00"),
    ("morning", "09 22:30", "10 06:00"),
    ("afternoon", "09 06:00", "09 10:00"),
    ("any", "09 12:00", "09 12:00"),
    ("any", "09 18:00", "10 06:00"),
]


def clock(written: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{written}").replace(tzinfo=UTC)


@pytest.mark.parametrize(("window", "at", "begins"), NEXT)
def test_her_hours_come_again_each_day(pack: Pack, window: Window, at: str, begins: str) -> None:
    found = contacts.next_safe(window, DAY, clock(at), pack.hours, pack.timezone)
    assert found == clock(begins)


@pytest.mark.parametrize(("minutes", "is_there"), [(0, True), (60, True), (61, False)])
def test_now_does_not_come_again(pack: Pack, minutes: int, *, is_there: bool) -> None:
    at = DAY + timedelta(minutes=minutes)
    found = contacts.next_safe("now", DAY, at, pack.hours, pack.timezone)
    assert found == (at if is_there else None)


CALLS: list[tuple[Contact | None, str, str | None]] = [
    (None, "09 15:00", None),
    (Contact(by="sms", window="evening"), "09 15:00", None),
    (Contact(by="call", window="evening"), "09 15:00", "09 15:00 evening"),
    (Contact(by="call", window="evening"), "09 18:00", "10 15:00 evening"),
    (Contact(by="call", window="now"), "09 00:59", "09 00:59 now"),
    (Contact(by="call", window="now"), "09 01:01", None),
    # Who named no hours wrote a moment ago: she has the phone in her hand.
    (Contact(by="call", window="any"), "09 00:59", "09 00:59 now"),
    (Contact(by="call", window="any"), "09 01:01", "09 06:00 any"),
    (Contact(by="call", window="any"), "09 12:00", "09 12:00 any"),
]


@pytest.mark.parametrize(("contact", "at", "call"), CALLS)
def test_a_person_calls_her_when_a_machine_might_and_only_if_she_allowed_calls(
    pack: Pack, contact: Contact | None, at: str, call: str | None
) -> None:
    """She said so at midnight in Greenwich."""
    hers = Reachable(Msisdn(CALLER), contact.by, contact.window, DAY) if contact else None
    found = contacts.next_call(hers, clock(at), pack.hours, pack.timezone)
    assert (f"{found.at:%d %H:%M} {found.window}" if found else None) == call


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_time_is_one_of_the_three_and_never_the_night(pack: Pack, at: datetime) -> None:
    parts: tuple[Window, ...] = ("morning", "afternoon", "evening")
    inside = [safe(pack, part, at, at) for part in parts]
    assert sum(inside) == safe(pack, "any", at, at) <= 1
