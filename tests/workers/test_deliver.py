"""Draining the outbox: many at once, each once, and nothing that goes wrong stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.cases import escalation
from gateway.runtime.metrics import ALARMS
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
from gateway.store.database import DatabaseDown
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
from tests.services import wait_until
from tests.staff_and_reports import CALLER, SMS_NOW, Office, Provider
from workers.deliver import AT_ONCE, NOTE_AGAIN, Delivery

STAFF = Outbox.audience == "staff"


def alarms(kind: str) -> float:
    return float(ALARMS.labels(kind)._value.get())


def test_a_row_is_marked_and_the_database_let_go_before_the_provider_is_called(
    office: Office,
) -> None:
    seen: list[tuple[str, int, int]] = []
    pool = office.engine.pool

    def looks(number: str) -> None:
        connections = pool.checkedout()  # type: ignore[attr-defined]
        row = office.one(Outbox)
        seen.append((row.state, row.attempt, connections))

    office.queue(office.staff())
    assert office.delivery(Provider(does=looks)).drain() == 1
    assert seen == [(OutboxState.SENDING, 1, 0)]
    assert office.one(Outbox).state == OutboxState.ACCEPTED


def test_a_thousand_sms_leave_once_each_and_many_at_a_time(office: Office) -> None:
    person = office.staff()
    office.queue(person, 1_000)
    under_way = Crowd()
    provider = Provider(does=under_way.pass_through)

    assert office.delivery(provider).drain() == 1_000

    assert provider.counted() == {person.number: 1_000}
    assert office.outcomes() == {"accepted": 1_000}
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


def test_one_sms_that_hangs_holds_up_no_other(office: Office) -> None:
    stuck, others = office.staff(), office.staff()
    office.queue(stuck)
    office.queue(others, 100)
    provider = Provider()

    def hangs(number: str) -> None:
        if number == stuck.number:
            wait_until(lambda: provider.counted()[others.number] == 100, "all others have left")

    provider.does = hangs
    assert office.delivery(provider).drain() == 101
    assert office.outcomes() == {"accepted": 101}


def test_four_who_drain_at_once_send_each_sms_once(office: Office) -> None:
    people = [office.staff() for _ in range(4)]
    for person in people:
        office.queue(person, 40)
    provider = Provider()
    engines = [database.connect(str_url(office.engine)) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        fleet = only(provider)
        drains = [pool.submit(Delivery(engine, office.letters, fleet).drain) for engine in engines]
        sent = sum(future.result(60) for future in drains)

    assert sent == 160
    assert provider.counted() == {person.number: 40 for person in people}
    assert office.outcomes() == {"accepted": 160}
    for engine in engines:
        engine.dispose()


def str_url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def test_a_drain_that_has_no_time_claims_nothing(office: Office) -> None:
    office.queue(office.staff())
    assert office.delivery(Provider()).drain(seconds=0) == 0
    assert office.outcomes() == {"pending": 1}


def tampers_with_the_number(office: Office, row: Outbox) -> None:
    office.change(StaffRow, StaffRow.id == row.staff_id, number=b"\x01not a sealed box")


def knows_no_such_template(office: Office, row: Outbox) -> None:
    office.change(Outbox, Outbox.id == row.id, template="of another version")


def counts_in_words(office: Office, row: Outbox) -> None:
    office.change(Outbox, Outbox.id == row.id, values={"minutes": "many"})


def names_an_unknown_role(office: Office, row: Outbox) -> None:
    office.change(Outbox, Outbox.id == row.id, values={"role": "king"})


def is_for_nobody(office: Office, row: Outbox) -> None:
    office.change(Outbox, Outbox.id == row.id, staff_id=None)


def is_for_nobody_we_know(office: Office, row: Outbox) -> None:
    office.change(Outbox, Outbox.id == row.id, audience="the moon", staff_id=None)


SPOILS = [
    tampers_with_the_number,
    knows_no_such_template,
    counts_in_words,
    names_an_unknown_role,
    is_for_nobody,
    is_for_nobody_we_know,
]


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_bad_row_stops_no_other(office: Office, spoil: Callable[[Office, Outbox], None]) -> None:
    bad, good = office.staff(), office.staff()
    office.queue(bad)
    spoil(office, office.one(Outbox))
    office.queue(good, 3)
    before = alarms("sms_dropped")

    provider = office.deliver()

    assert provider.counted() == {good.number: 3}
    assert office.outcomes() == {"dropped": 1, "accepted": 3}
    assert alarms("sms_dropped") == before + 1


@pytest.mark.parametrize("table", [ContactRow, DataKeyRow])
def test_a_contact_that_was_tampered_with_stops_no_other(
    office: Office, table: type[ContactRow] | type[DataKeyRow]
) -> None:
    good = office.staff()
    office.report(contact=SMS_NOW)
    office.change(table, sealed=b"\x01" + b"x" * 60)
    provider = office.deliver()
    assert provider.counted() == {good.number: 1}
    assert office.one(Outbox, ~STAFF).outcome == "cannot be opened"


def test_a_provider_that_raises_loses_nothing_and_stops_nobody(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    unlucky, lucky = office.staff(), office.staff()
    office.queue(unlucky)
    office.queue(lucky, 3)

    def raises(number: str) -> None:
        if number == unlucky.number:
            raise ZeroDivisionError(number)

    office.delivery(Provider(does=raises)).drain()

    assert office.outcomes(Outbox.staff_id == lucky.id) == {"accepted": 3}
    row = office.one(Outbox, Outbox.staff_id == unlucky.id)
    assert (row.state, row.outcome, row.maybe_sent) == ("pending", "provider failed", 1)
    logged = "".join(capfd.readouterr())
    assert "ZeroDivisionError" in logged
    assert unlucky.number[1:] not in logged


def test_a_provider_that_raises_may_have_written_to_a_caller(office: Office) -> None:
    office.report(contact=SMS_NOW)

    def raises(number: str) -> None:
        raise ZeroDivisionError(number)

    office.delivery(Provider(does=raises)).drain()
    office.make_due()
    assert office.deliver().taken == []
    assert office.one(Outbox).state == OutboxState.UNKNOWN


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


def test_an_outcome_waits_for_a_database_that_is_away_for_a_moment(office: Office) -> None:
    person = office.staff()
    office.queue(person)
    gone = away(office.engine, transactions=3)
    provider = Provider(does=lambda number: gone.__enter__())

    Delivery(office.engine, office.letters, only(provider), note_again=(0.01,) * 3).drain()
    gone.__exit__(None, None, None)

    assert office.one(Outbox).state == OutboxState.ACCEPTED
    assert office.recover() == 0
    assert provider.counted() == {person.number: 1}


def test_a_database_that_stays_away_costs_a_second_sms_to_staff_and_none_to_a_caller(
    office: Office,
) -> None:
    """The outcome is lost, so the lease decides."""
    office.report(contact=SMS_NOW)
    person = office.staff()
    office.queue(person)
    gone = away(office.engine, transactions=1_000)
    entered = threading.Lock()

    def leaves(number: str) -> None:
        if entered.acquire(blocking=False):
            gone.__enter__()

    before = alarms("outcome_not_noted")
    provider = Provider(does=leaves)
    with pytest.raises(DatabaseDown):
        Delivery(office.engine, office.letters, only(provider), note_again=(0.01,)).drain()
    gone.__exit__(None, None, None)
    assert alarms("outcome_not_noted") == before + 2

    assert office.outcomes() == {"sending": 2}
    office.end_leases()
    assert office.recover() == 2
    again = office.deliver()
    assert provider.counted() == {person.number: 1, CALLER: 1}
    assert again.counted() == {person.number: 1}
    assert office.outcomes() == {"accepted": 1, "unknown": 1}


UNREACHABLE: list[Outcome] = [
    Refused("invalid number"),
    Refused("user in blacklist", opted_out=True),
]


@pytest.mark.parametrize("outcome", UNREACHABLE)
def test_an_alert_that_is_refused_goes_to_the_next_person_at_once(
    office: Office, outcome: Outcome
) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    report = office.report()
    office.delivery(Provider(does=lambda number: outcome)).drain()

    assert office.one(Alert).state == AlertState.UNREACHABLE
    assert climbs(office, report)
    assert office.asked(report) == {nurse.id, lead.id}


def test_an_alert_that_cannot_be_written_goes_to_the_next_person_at_once(office: Office) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    office.change(StaffRow, StaffRow.id == nurse.id, number=b"\x01tampered")
    report = office.report()
    office.deliver()
    assert climbs(office, report)
    assert office.asked(report) == {nurse.id, lead.id}


def test_an_alert_that_cannot_go_on_holds_up_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the next alert nor an SMS that was claimed beside it: the clock sees to the rest."""
    nurse, lead = office.staff(), office.staff(role="lead")
    bad, good = office.report(), office.report()
    office.change(StaffRow, StaffRow.id == nurse.id, number=b"\x01tampered")
    office.queue(lead)
    broken = office.one(Alert, Alert.report_id == bad).id
    give_up = escalation.give_up

    def give_up_all_but_one(session: Session, alert_id: str, at: datetime) -> None:
        if alert_id == broken:
            raise ValueError("a fault of ours")
        give_up(session, alert_id, at)

    with monkeypatch.context() as patch:
        patch.setattr(escalation, "give_up", give_up_all_but_one)
        provider = office.deliver()

    assert provider.counted()[lead.number] >= 1
    assert (climbs(office, bad), climbs(office, good)) == (False, True)
    with database.reading(office.engine) as session:
        left = receipts.stranded(session)
    assert [row.alert_id for row in left] == [broken]


def test_an_alert_of_which_nobody_knows_whether_it_arrived_goes_on_in_the_end(
    office: Office,
) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    report = office.report()

    def silent_to_her(number: str) -> Outcome | None:
        return Unknown("no answer") if number == nurse.number else None

    silent = Provider(does=silent_to_her)
    for _ in range(2):
        office.delivery(silent).drain()
        office.make_due()
        assert not climbs(office, report), "she may have it"
    office.queue(lead)  # The provider answers for others, so that her last SMS may leave.
    office.delivery(silent).drain()
    office.make_due()
    office.delivery(silent).drain()
    assert climbs(office, report)
    assert office.asked(report) == {nurse.id, lead.id}
    assert silent.counted() == {nurse.number: 3, lead.number: 1}


def test_while_a_colleague_has_the_alert_nobody_else_is_woken(office: Office) -> None:
    first, second = office.staff(), office.staff()
    office.staff(role="lead")
    report = office.report()

    def refuses_one(number: str) -> Outcome | None:
        return Refused("invalid number") if number == first.number else None

    office.delivery(Provider(does=refuses_one)).drain()
    assert not climbs(office, report)
    assert office.asked(report) == {first.id, second.id}


def climbs(office: Office, report_id: str) -> bool:
    with database.writing(office.engine, "test") as session:
        return escalation.climb(session, office.ladder, report_id, database.now(session))


def test_what_waited_too_long_is_dropped_and_not_sent_late(office: Office) -> None:
    office.report(contact=SMS_NOW)
    office.queue(office.staff(), lives=timedelta(minutes=30))
    office.change(Outbox, expires_at=office.now())
    before = alarms("sms_dropped")
    assert office.deliver().taken == []
    assert office.outcomes() == {"dropped": 2}
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
    office: Office, outcomes: Sequence[Outcome | None]
) -> None:
    """None stands for a worker that dies in the middle of the send."""
    office.change(Outbox, state=OutboxState.DROPPED)
    office.change(Report, climb_at=None)
    office.report(contact=SMS_NOW, number=CALLER)
    person = office.staff(on_duty=False)
    office.queue(person)
    arrived = dict.fromkeys((CALLER, person.number), 0)
    for outcome in outcomes:

        def answers(number: str, outcome: Outcome | None = outcome) -> Outcome:
            arrived[number] += outcome is None or isinstance(outcome, MAY_HAVE_ARRIVED)
            if outcome is None:
                raise Killed
            return outcome

        with suppress(Killed):
            office.delivery(Provider(does=answers)).drain()
        office.end_leases()
        office.recover()
        office.make_due()
    assert arrived[CALLER] <= 1
    assert arrived[person.number] <= 3
    assert not office.all(Outbox, Outbox.state == OutboxState.SENDING)


class Killed(BaseException):
    """The end of a process, as far as it can be had inside one."""


def test_the_wait_for_a_database_ends_before_the_lease() -> None:
    assert sum(TIMEOUTS) + sum(NOTE_AGAIN) < outbox.LEASE.total_seconds()
