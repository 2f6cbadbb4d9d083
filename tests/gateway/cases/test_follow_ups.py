"""Follow-ups to a caller: when they leave, and everything that keeps them from leaving."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cases import casework, contacts
from gateway.cases import safe_hours as her_hours
from gateway.cases.follow_ups import AHEAD, LIVES, Appointment, Clockwork, FollowUps, planned
from gateway.country.facts import Hours, SafeHours
from gateway.runtime.phones import Msisdn
from gateway.store import database
from gateway.store.models import ContactRow, Outbox, OutboxState, Report, ReportState
from gateway.store.models import Staff as StaffRow
from gateway.vault.roles import Role
from gateway.vault.vault import Vault
from menus.intents import Contact, PartOfDay, Window
from menus.messages import APPOINTMENTS
from tests.moments import as_of
from tests.samples import CALLER
from tests.staff_and_reports import A_DAY, Person, StaffAndReports
from workers.compose import Drop, Sms

EVENING = Contact(by="sms", window="evening")
ADULT: Mapping[str, str] = {"age": "adult"}
FOLLOW_UP = Outbox.template.in_((*APPOINTMENTS, "check_in"))

ZONES = (
    *("Africa/Kigali", "Africa/Nairobi", "Africa/Cairo", "Africa/Casablanca", "Asia/Gaza"),
    *("Europe/Dublin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Tehran"),
)
"""With and without summer time; half hours of it, a Ramadan without it, a day that never was."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Nothing here depends on the kind of database."""
    return sqlite_url


@pytest.fixture
def follow_ups(records: StaffAndReports, vaults: Callable[[Role], Vault]) -> FollowUps:
    """As the staff app queues them: it holds the centre's keys."""
    return FollowUps(vaults("staff"), records.pack)


# When they leave.


@st.composite
def parts(draw: st.DrawFn) -> Hours:
    start, end = sorted(draw(st.lists(st.integers(0, 1439), min_size=2, max_size=2, unique=True)))
    return Hours(time(*divmod(start, 60)), time(*divmod(end, 60)))


safe_hours = st.builds(
    SafeHours, now_minutes=st.just(60), morning=parts(), afternoon=parts(), evening=parts()
)
clockworks = st.builds(Clockwork, hours=safe_hours, zone=st.sampled_from(ZONES).map(ZoneInfo))
windows = st.sampled_from(get_args(Window))
YEAR = timedelta(days=365)


def since(day: datetime, length: timedelta) -> st.SearchStrategy[datetime]:
    return st.integers(0, int(length.total_seconds())).map(lambda s: day + timedelta(seconds=s))


moments = since(datetime(2024, 1, 1, tzinfo=UTC), 3 * YEAR) | since(
    datetime(2011, 12, 27, tzinfo=UTC), timedelta(days=6)
)


@given(clockworks, moments, st.integers(0, 60), st.sampled_from(get_args(PartOfDay)), windows)
def test_a_reminder_leaves_in_her_hours_before_the_appointment_whatever_the_clocks_do(
    clockwork: Clockwork, now: datetime, days: int, part: PartOfDay, window: Window
) -> None:
    day = clockwork.today(now) + timedelta(days=days)
    slot = clockwork.reminder(day, part, window, now)
    if slot is None:
        return
    local = slot.at.astimezone(clockwork.zone)
    begins = datetime.combine(day, getattr(clockwork.hours, part).start, clockwork.zone).astimezone(
        UTC
    )
    assert window != "now"
    assert now <= slot.at <= begins - AHEAD
    assert her_hours.is_safe_now(window, now, slot.at, clockwork.hours, clockwork.zone)
    assert local.date() == (day if slot.says == "today" else day - timedelta(days=1))


@given(clockworks, moments, windows)
def test_a_check_in_leaves_on_its_day_in_her_hours(
    clockwork: Clockwork, now: datetime, window: Window
) -> None:
    day = clockwork.today(now) + timedelta(days=7)
    at = clockwork.first(day, window)
    if at is None:
        return
    assert window != "now"
    assert at.astimezone(clockwork.zone).date() == day
    assert her_hours.is_safe_now(window, now, at, clockwork.hours, clockwork.zone)


@given(clockworks, moments, windows, st.floats(0, 1, exclude_max=True))
def test_her_next_safe_moment_is_safe_and_the_first_whatever_the_clocks_do(
    clockwork: Clockwork, now: datetime, window: Window, part: float
) -> None:
    hours, zone = clockwork.hours, clockwork.zone
    said = now - timedelta(hours=2)  # An hour has passed since "now".
    found = contacts.next_safe(window, said, now, hours, zone)
    if found is None:
        whole_day_is_empty = hours.any.start >= hours.any.end
        assert window == "now" or (window == "any" and whole_day_is_empty)
        return
    assert her_hours.is_safe_now(window, said, found, hours, zone)
    assert now <= found <= now + timedelta(days=3)
    before = now + part * (found - now)
    if zone.utcoffset(before) == zone.utcoffset(now):  # An hour that comes twice is hers once.
        assert found == before or not her_hours.is_safe_now(window, said, before, hours, zone)


MONDAY = date(2026, 3, 9)
THURSDAY = date(2026, 3, 12)

LEAVES: list[tuple[Window, PartOfDay, str | None]] = [
    ("morning", "morning", "tomorrow Wed 11:30"),
    ("afternoon", "morning", "tomorrow Wed 16:30"),
    ("evening", "morning", "tomorrow Wed 19:30"),
    ("any", "morning", "tomorrow Wed 19:30"),
    ("morning", "afternoon", "today Thu 09:00"),
    ("afternoon", "afternoon", "tomorrow Wed 16:30"),
    ("any", "afternoon", "today Thu 09:00"),
    ("morning", "evening", "today Thu 11:30"),
    ("afternoon", "evening", "today Thu 14:00"),
    ("evening", "evening", "tomorrow Wed 19:30"),
    ("now", "evening", None),
]


@pytest.mark.parametrize(("window", "part", "leaves"), LEAVES)
def test_it_leaves_some_hours_before_or_on_the_day_before(
    records: StaffAndReports, window: Window, part: PartOfDay, leaves: str | None
) -> None:
    clockwork = Clockwork(records.pack.hours, records.pack.timezone)
    now = datetime(2026, 3, 9, 9, 0, tzinfo=clockwork.zone)
    slot = clockwork.reminder(THURSDAY, part, window, now)
    shown = slot and f"{slot.says} {slot.at.astimezone(clockwork.zone):%a %H:%M}"
    assert shown == leaves


def test_when_it_is_too_late_for_any_of_her_hours_there_is_none(records: StaffAndReports) -> None:
    clockwork = Clockwork(records.pack.hours, records.pack.timezone)
    due = datetime(2026, 3, 9, 14, 0, tzinfo=clockwork.zone)
    assert clockwork.reminder(MONDAY, "evening", "any", due) is not None
    assert clockwork.reminder(MONDAY, "evening", "any", due + timedelta(seconds=1)) is None


def test_hours_that_the_clocks_skip_are_nobodys(records: StaffAndReports) -> None:
    """A quarter past one did not exist in Dublin that day, and a quarter past two is not hers."""
    early = replace(records.pack.hours, morning=Hours(time(1, 15), time(1, 45)))
    clockwork = Clockwork(early, ZoneInfo("Europe/Dublin"))
    assert clockwork.first(date(2026, 3, 29), "morning") is None
    assert clockwork.first(date(2026, 3, 30), "morning") is not None


# What is queued.


_occasions = itertools.count(1)


@pytest.fixture
def accepted(records: StaffAndReports) -> tuple[str, Person]:
    """A report of an adult who may be written to in the evening, and who has it."""
    nurse = records.staff()
    report = records.report(contact=EVENING)
    accept(records, report, nurse)
    return report, nurse


def accept(records: StaffAndReports, report: str, person: Person) -> None:
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, person.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        assert casework.accept(session, *found, staff)


def remind(
    records: StaffAndReports,
    follow_ups: FollowUps,
    accepted: tuple[str, Person],
    days: int = 3,
    occasion: bytes | None = None,
) -> bool:
    """Ask for the reminder of an appointment in the morning."""
    report, nurse = accepted
    appointment = Appointment(days, "morning", occasion or b"%032d" % next(_occasions))
    with database.writing(records.engine, "test") as session:
        return follow_ups.remind(
            session,
            session.get_one(Report, report),
            session.get_one(StaffRow, nurse.id),
            appointment,
        )


def close(records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]) -> None:
    report, nurse = accepted
    with database.writing(records.engine, "test") as session:
        row = session.get_one(Report, report)
        assert casework.close(session, row, session.get_one(StaffRow, nurse.id))
        follow_ups.check_in(session, row)


def pending(records: StaffAndReports) -> list[Outbox]:
    return list(records.all(Outbox, FOLLOW_UP, Outbox.state == OutboxState.PENDING))


def at_its_time(records: StaffAndReports, after: timedelta = timedelta(0)) -> Sms | Drop:
    """What becomes of the only follow-up when its time has come."""
    (row,) = records.all(Outbox, FOLLOW_UP, Outbox.outcome.is_(None))
    with database.reading(records.engine) as session:
        return records.composer.write(
            as_of(session, row.due_at + after), session.get_one(Outbox, row.id)
        )


def test_a_reminder_says_when_and_neither_where_nor_what_for(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    assert remind(records, follow_ups, accepted)
    assert at_its_time(records) == Sms(
        Msisdn(CALLER), "Hello. A reminder of your appointment tomorrow."
    )


def test_setting_it_again_takes_the_place_of_the_one_that_has_not_left(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    remind(records, follow_ups, accepted, days=3)
    (first,) = pending(records)
    remind(records, follow_ups, accepted, days=5)
    (second,) = pending(records)
    assert second.due_at - first.due_at == 2 * A_DAY
    assert records.one(Outbox, Outbox.id == first.id).outcome == "withdrawn"


def test_asking_twice_on_one_occasion_is_asking_once(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    for _ in range(2):
        assert remind(records, follow_ups, accepted, occasion=b"the same keys")
    assert len(pending(records)) == 1


def test_an_appointment_that_comes_too_soon_leaves_no_older_reminder_behind(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    remind(records, follow_ups, accepted)
    assert not remind(records, follow_ups, accepted, days=0)
    assert pending(records) == []


NOT_TO_HER: list[tuple[Mapping[str, str], Contact | None]] = [
    (ADULT, None),
    (ADULT, Contact(by="call", window="evening")),
    (ADULT, Contact(by="sms", window="now")),
    ({"age": "16_17"}, EVENING),
    ({}, EVENING),
]


@pytest.mark.parametrize(("answers", "contact"), NOT_TO_HER)
def test_only_an_adult_who_allowed_sms_at_hours_to_come_is_followed_up(
    records: StaffAndReports,
    follow_ups: FollowUps,
    answers: Mapping[str, str],
    contact: Contact | None,
) -> None:
    nurse = records.staff()
    report = records.report(answers=answers, contact=contact)
    accept(records, report, nurse)
    assert not remind(records, follow_ups, (report, nurse))
    close(records, follow_ups, (report, nurse))
    assert records.all(Outbox, FOLLOW_UP) == []


def test_a_process_without_the_centres_keys_queues_nothing(
    records: StaffAndReports, accepted: tuple[str, Person]
) -> None:
    assert not remind(records, FollowUps(records.web, records.pack), accepted)


# What keeps a reminder from leaving.


Happening = Callable[[StaffAndReports, FollowUps, tuple[str, Person]], None]


def is_closed(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    records.change(Report, state=ReportState.CLOSED)


def is_deleted(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    records.change(Report, state=ReportState.DELETED)


def goes_to_nobody(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    records.change(Report, state=ReportState.RECEIVED, accepted_by=None)


def goes_to_another(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    records.change(Report, accepted_by=records.staff().id)


def wants_no_contact(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    with database.writing(records.engine, "test") as session:
        contacts.forget(session, accepted[0])


def changes_her_number(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    """She allows SMS again, on another phone: what was queued for the first is not for this one."""
    other = Msisdn("+250788999111")
    with database.writing(records.engine, "test") as session:
        contacts.replace(session, records.web, accepted[0], other, EVENING)


def wants_no_sms(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    """What waits is dropped with it. This one was claimed just then."""
    records.change(ContactRow, sms_stopped_at=records.now())


HAPPENINGS: list[tuple[Happening, Drop]] = [
    (is_closed, Drop("settled")),
    (is_deleted, Drop("deleted")),
    (goes_to_nobody, Drop("settled")),
    (goes_to_another, Drop("settled")),
    (wants_no_contact, Drop("no permission")),
    (changes_her_number, Drop("contact changed")),
    (wants_no_sms, Drop("no permission")),
]


@pytest.mark.parametrize(("happens", "drop"), HAPPENINGS)
def test_whatever_happened_since_is_seen_when_it_is_to_leave(
    records: StaffAndReports,
    follow_ups: FollowUps,
    accepted: tuple[str, Person],
    happens: Happening,
    drop: Drop,
) -> None:
    """Even where nobody withdrew it: a worker has it in its hands already."""
    remind(records, follow_ups, accepted)
    assert isinstance(at_its_time(records), Sms)
    happens(records, follow_ups, accepted)
    assert at_its_time(records) == drop


def test_late_it_is_dropped_and_not_delayed(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    remind(records, follow_ups, accepted)
    assert isinstance(at_its_time(records, LIVES - timedelta(seconds=1)), Sms)
    assert at_its_time(records, LIVES) == Drop("too late")


def test_handing_over_and_closing_withdraw_it(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    report, nurse = accepted
    remind(records, follow_ups, accepted)
    with database.writing(records.engine, "test") as session:
        staff = session.get_one(StaffRow, nurse.id)
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        casework.hand_over(session, records.policy, *found, staff)
    assert pending(records) == []
    accept(records, report, nurse)
    remind(records, follow_ups, accepted)
    close(records, follow_ups, accepted)
    assert [row.template for row in pending(records)] == ["check_in"]


# The check-in.


def test_some_days_after_closing_she_is_wished_well_once(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    close(records, follow_ups, accepted)
    (row,) = pending(records)
    local = row.due_at.astimezone(records.pack.timezone)
    today = records.now().astimezone(records.pack.timezone).date()
    assert (local.date() - today).days == records.pack.limits.check_in_days
    assert local.time() == records.pack.hours.evening.start
    assert at_its_time(records) == Sms(Msisdn(CALLER), "Hello. We hope that you are well.")


def test_a_country_may_want_none(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    limits = replace(records.pack.limits, check_in_days=0)
    none = FollowUps(follow_ups.vault, replace(records.pack, limits=limits))
    close(records, none, accepted)
    assert records.all(Outbox, FOLLOW_UP) == []


def test_a_report_that_is_deleted_after_closing_gets_none(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    close(records, follow_ups, accepted)
    with database.writing(records.engine, "test") as session:
        records.reports.cases.delete(session, accepted[0])
    assert pending(records) == []


def test_what_is_planned_is_known_until_it_leaves(
    records: StaffAndReports, follow_ups: FollowUps, accepted: tuple[str, Person]
) -> None:
    remind(records, follow_ups, accepted)
    (row,) = pending(records)
    with database.reading(records.engine) as session:
        assert planned(session, session.get_one(Report, accepted[0])) == row.due_at
    records.change(Outbox, Outbox.id == row.id, state=OutboxState.ACCEPTED)
    with database.reading(records.engine) as session:
        assert planned(session, session.get_one(Report, accepted[0])) is None
