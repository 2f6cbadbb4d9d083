"""Draining the outbox: many at once, each once, and nothing that goes wrong stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from gateway.cases import escalation
from gateway.sms import outbox, receipts
from gateway.sms.providers.africastalking import TIMEOUTS
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Refused,
    TryLater,
    Unknown,
)
from gateway.sms.routing import only
from gateway.store import database
from gateway.store.database import DatabaseDown, Session
from gateway.store.models import (
    Alert,
    AlertState,
    ContactRow,
    DataKeyRow,
    Outbox,
    OutboxState,
    Report,
)
from gateway.store.models import Staff as StaffRow
from tests.alarm_counts import alarms
from tests.samples import CALLER
from tests.services import wait_until
from tests.sms_provider import Provider
from tests.staff_and_reports import SMS_NOW, StaffAndReports
from workers.deliver import AT_ONCE, NOTE_AGAIN, Delivery

STAFF = Outbox.audience == "staff"


def test_a_row_is_marked_and_the_database_let_go_before_the_provider_is_called(
    records: StaffAndReports,
) -> None:
    seen: list[tuple[str, int, int]] = []
    pool = records.engine.pool

    def looks(number: str) -> None:
        connections = pool.checkedout()  # type: ignore[attr-defined]
        row = records.one(Outbox)
        seen.append((row.state, row.attempt, connections))

    records.queue(records.staff())
    assert records.delivery(Provider(does=looks)).drain() == 1
    assert seen == [(OutboxState.SENDING, 1, 0)]
    assert records.one(Outbox).state == OutboxState.ACCEPTED


def test_a_thousand_sms_leave_once_each_and_many_at_a_time(records: StaffAndReports) -> None:
    person = records.staff()
    records.queue(person, 1_000)
    under_way = Crowd()
    provider = Provider(does=under_way.pass_through)

    assert records.delivery(provider).drain() == 1_000

    assert provider.counted() == {person.number: 1_000}
    assert records.outcomes() == {"accepted": 1_000}
    assert 1 < under_way.most <= AT_ONCE


class Crowd:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self._lock = threading.Lock()
        self._moment = threading.Event()

    def pass_through(self, number: str) -> None:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self._moment.wait(0.001)
        with self._lock:
            self.inside -= 1


def test_one_sms_that_hangs_holds_up_no_other(records: StaffAndReports) -> None:
    stuck, others = records.staff(), records.staff()
    records.queue(stuck)
    records.queue(others, 100)
    provider = Provider()

    def hangs(number: str) -> None:
        if number == stuck.number:
            wait_until(lambda: provider.counted()[others.number] == 100, "all others have left")

    provider.does = hangs
    assert records.delivery(provider).drain() == 101
    assert records.outcomes() == {"accepted": 101}


def test_four_who_drain_at_once_send_each_sms_once(records: StaffAndReports) -> None:
    people = [records.staff() for _ in range(4)]
    for person in people:
        records.queue(person, 40)
    provider = Provider()
    engines = [database.connect(str_url(records.engine)) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        fleet = only(provider)
        drains = [
            pool.submit(Delivery(engine, records.composer, fleet).drain) for engine in engines
        ]
        sent = sum(future.result(60) for future in drains)

    assert sent == 160
    assert provider.counted() == {person.number: 40 for person in people}
    assert records.outcomes() == {"accepted": 160}
    for engine in engines:
        engine.dispose()


def str_url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_a_drain_that_has_no_time_claims_nothing(records: StaffAndReports) -> None:
    records.queue(records.staff())
    assert records.delivery(Provider()).drain(seconds=0) == 0
    assert records.outcomes() == {"pending": 1}


def tampers_with_the_number(records: StaffAndReports, row: Outbox) -> None:
    records.change(StaffRow, StaffRow.id == row.staff_id, number=b"\x01not a sealed box")


def knows_no_such_template(records: StaffAndReports, row: Outbox) -> None:
    records.change(Outbox, Outbox.id == row.id, template="of another version")


def counts_in_words(records: StaffAndReports, row: Outbox) -> None:
    records.change(Outbox, Outbox.id == row.id, values={"minutes": "many"})


def names_an_unknown_role(records: StaffAndReports, row: Outbox) -> None:
    records.change(Outbox, Outbox.id == row.id, values={"role": "king"})


def is_for_nobody(records: StaffAndReports, row: Outbox) -> None:
    records.change(Outbox, Outbox.id == row.id, staff_id=None)


def is_for_nobody_we_know(records: StaffAndReports, row: Outbox) -> None:
    records.change(Outbox, Outbox.id == row.id, audience="the moon", staff_id=None)


SPOILS = [
    tampers_with_the_number,
    knows_no_such_template,
    counts_in_words,
    names_an_unknown_role,
    is_for_nobody,
    is_for_nobody_we_know,
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_bad_row_stops_no_other(
    records: StaffAndReports, spoil: Callable[[StaffAndReports, Outbox], None]
) -> None:
    bad, good = records.staff(), records.staff()
    records.queue(bad)
    spoil(records, records.one(Outbox))
    records.queue(good, 3)
    before = alarms("sms_dropped")

    provider = records.deliver()

    assert provider.counted() == {good.number: 3}
    assert records.outcomes() == {"dropped": 1, "accepted": 3}
    assert alarms("sms_dropped") == before + 1


@pytest.mark.parametrize("table", [ContactRow, DataKeyRow])
def test_a_contact_that_was_tampered_with_stops_no_other(
    records: StaffAndReports, table: type[ContactRow] | type[DataKeyRow]
) -> None:
    good = records.staff()
    records.report(contact=SMS_NOW)
    records.change(table, sealed=b"\x01" + b"x" * 60)
    provider = records.deliver()
    assert provider.counted() == {good.number: 1}
    assert records.one(Outbox, ~STAFF).outcome == "cannot be opened"


def test_a_provider_that_raises_loses_nothing_and_stops_nobody(
    records: StaffAndReports, capfd: pytest.CaptureFixture[str]
) -> None:
    unlucky, lucky = records.staff(), records.staff()
    records.queue(unlucky)
    records.queue(lucky, 3)

    def raises(number: str) -> None:
        if number == unlucky.number:
            raise ZeroDivisionError(number)

    records.delivery(Provider(does=raises)).drain()

    assert records.outcomes(Outbox.staff_id == lucky.id) == {"accepted": 3}
    row = records.one(Outbox, Outbox.staff_id == unlucky.id)
    assert (row.state, row.outcome, row.maybe_sent) == ("pending", "provider failed", 1)
    logged = "".join(capfd.readouterr())
    assert "ZeroDivisionError" in logged
    assert unlucky.number[1:] not in logged


def test_a_provider_that_raises_may_have_written_to_a_caller(records: StaffAndReports) -> None:
    records.report(contact=SMS_NOW)

    def raises(number: str) -> None:
        raise ZeroDivisionError(number)

    records.delivery(Provider(does=raises)).drain()
    records.make_due()
    assert records.deliver().taken == []
    assert records.one(Outbox).state == OutboxState.UNKNOWN


@contextmanager
def away(engine: Engine, transactions: int) -> Iterator[None]:
    """The database refuses so many transactions from now on."""
    left = transactions

    def refuse(connection: object) -> None:
        nonlocal left
        if left > 0:
            left -= 1
            raise OperationalError("away", None, ConnectionError())

    event.listen(engine, "begin", refuse)
    try:
        yield
    finally:
        event.remove(engine, "begin", refuse)


def test_an_outcome_waits_for_a_database_that_is_away_for_a_moment(
    records: StaffAndReports,
) -> None:
    person = records.staff()
    records.queue(person)
    gone = away(records.engine, transactions=3)
    provider = Provider(does=lambda number: gone.__enter__())

    Delivery(records.engine, records.composer, only(provider), note_again=(0.01,) * 3).drain()
    gone.__exit__(None, None, None)

    assert records.one(Outbox).state == OutboxState.ACCEPTED
    assert records.recover() == 0
    assert provider.counted() == {person.number: 1}


def test_a_database_that_stays_away_costs_a_second_sms_to_staff_and_none_to_a_caller(
    records: StaffAndReports,
) -> None:
    """The outcome is lost, so the lease decides."""
    records.report(contact=SMS_NOW)
    person = records.staff()
    records.queue(person)
    gone = away(records.engine, transactions=1_000)
    entered = threading.Lock()

    def leaves(number: str) -> None:
        if entered.acquire(blocking=False):
            gone.__enter__()

    before = alarms("outcome_not_noted")
    provider = Provider(does=leaves)
    with pytest.raises(DatabaseDown):
        Delivery(records.engine, records.composer, only(provider), note_again=(0.01,)).drain()
    gone.__exit__(None, None, None)
    assert alarms("outcome_not_noted") == before + 2

    assert records.outcomes() == {"sending": 2}
    records.end_leases()
    assert records.recover() == 2
    again = records.deliver()
    assert provider.counted() == {person.number: 1, CALLER: 1}
    assert again.counted() == {person.number: 1}
    assert records.outcomes() == {"accepted": 1, "unknown": 1}


UNREACHABLE: list[Outcome] = [
    Refused("invalid number"),
    Refused("user in blacklist", opted_out=True),
]


@pytest.mark.parametrize("outcome", UNREACHABLE)
def test_an_alert_that_is_refused_goes_to_the_next_person_at_once(
    records: StaffAndReports, outcome: Outcome
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()
    records.delivery(Provider(does=lambda number: outcome)).drain()

    assert records.one(Alert).state == AlertState.UNREACHABLE
    assert escalates(records, report)
    assert records.asked(report) == {nurse.id, lead.id}


def test_an_alert_that_cannot_be_written_goes_to_the_next_person_at_once(
    records: StaffAndReports,
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    records.change(StaffRow, StaffRow.id == nurse.id, number=b"\x01tampered")
    report = records.report()
    records.deliver()
    assert escalates(records, report)
    assert records.asked(report) == {nurse.id, lead.id}


def test_an_alert_that_cannot_go_on_holds_up_no_other(
    records: StaffAndReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the next alert nor an SMS that was claimed beside it: the clock sees to the rest."""
    nurse, lead = records.staff(), records.staff(role="lead")
    bad, good = records.report(), records.report()
    records.change(StaffRow, StaffRow.id == nurse.id, number=b"\x01tampered")
    records.queue(lead)
    broken = records.one(Alert, Alert.report_id == bad).id
    give_up = escalation.give_up

    def give_up_all_but_one(session: Session, alert_id: str) -> None:
        if alert_id == broken:
            raise ValueError("a fault of ours")
        give_up(session, alert_id)

    with monkeypatch.context() as patch:
        patch.setattr(escalation, "give_up", give_up_all_but_one)
        provider = records.deliver()

    assert provider.counted()[lead.number] >= 1
    assert (escalates(records, bad), escalates(records, good)) == (False, True)
    with database.reading(records.engine) as session:
        left = receipts.stranded(session)
    assert [row.alert_id for row in left] == [broken]


def test_an_alert_of_which_nobody_knows_whether_it_arrived_goes_on_in_the_end(
    records: StaffAndReports,
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    report = records.report()

    def silent_to_her(number: str) -> Outcome | None:
        return Unknown("no answer") if number == nurse.number else None

    silent = Provider(does=silent_to_her)
    for _ in range(2):
        records.delivery(silent).drain()
        records.make_due()
        assert not escalates(records, report), "she may have it"
    records.queue(lead)  # The provider answers for others, so that her last SMS may leave.
    records.delivery(silent).drain()
    records.make_due()
    records.delivery(silent).drain()
    assert escalates(records, report)
    assert records.asked(report) == {nurse.id, lead.id}
    assert silent.counted() == {nurse.number: 3, lead.number: 1}


def test_while_a_colleague_has_the_alert_nobody_else_is_woken(records: StaffAndReports) -> None:
    first, second = records.staff(), records.staff()
    records.staff(role="lead")
    report = records.report()

    def refuses_one(number: str) -> Outcome | None:
        return Refused("invalid number") if number == first.number else None

    records.delivery(Provider(does=refuses_one)).drain()
    assert not escalates(records, report)
    assert records.asked(report) == {first.id, second.id}


def escalates(records: StaffAndReports, report_id: str) -> bool:
    with database.writing(records.engine, "test") as session:
        return escalation.escalate(session, records.policy, report_id)


def test_what_waited_too_long_is_dropped_and_not_sent_late(records: StaffAndReports) -> None:
    records.report(contact=SMS_NOW)
    records.queue(records.staff(), lives=timedelta(minutes=30))
    records.change(Outbox, expires_at=records.now())
    before = alarms("sms_dropped")
    assert records.deliver().taken == []
    assert records.outcomes() == {"dropped": 2}
    assert alarms("sms_dropped") == before + 1, "that staff were not told is an alarm"


OUTCOMES: list[Outcome] = [
    Accepted("id"),
    Refused("risk hold"),
    TryLater("no connection"),
    TryLater("rejected by gateway", most=2),
    OperatorFault("insufficient balance"),
    Unknown("no answer"),
]
MAY_HAVE_ARRIVED = (Accepted, Unknown)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(outcomes=st.lists(st.sampled_from([*OUTCOMES, None]), min_size=1, max_size=9))
def test_whatever_the_provider_says_a_caller_is_written_to_once_and_staff_three_times(
    records: StaffAndReports, outcomes: Sequence[Outcome | None]
) -> None:
    """None stands for a worker that dies in the middle of the send."""
    records.change(Outbox, state=OutboxState.DROPPED)
    records.change(Report, escalate_at=None)
    records.report(contact=SMS_NOW, number=CALLER)
    person = records.staff(on_duty=False)
    records.queue(person)
    arrived = dict.fromkeys((CALLER, person.number), 0)
    for outcome in outcomes:

        def answers(number: str, outcome: Outcome | None = outcome) -> Outcome:
            arrived[number] += outcome is None or isinstance(outcome, MAY_HAVE_ARRIVED)
            if outcome is None:
                raise Killed
            return outcome

        with suppress(Killed):
            records.delivery(Provider(does=answers)).drain()
        records.end_leases()
        records.recover()
        records.make_due()
    assert arrived[CALLER] <= 1
    assert arrived[person.number] <= 3
    assert not records.all(Outbox, Outbox.state == OutboxState.SENDING)


class Killed(BaseException):
    """The end of a process, as far as it can be had inside one."""


def test_the_wait_for_a_database_ends_before_the_lease() -> None:
    assert sum(TIMEOUTS) + sum(NOTE_AGAIN) < outbox.LEASE.total_seconds()
