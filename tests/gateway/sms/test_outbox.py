"""The outbox: what is queued once, claimed by one, sent at most so often, and never forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy import select

from gateway.sms import outbox
from gateway.sms.outbox import Claimed, Told
from gateway.sms.providers.contract import (
    Accepted,
    OperatorFault,
    Outcome,
    Refused,
    TryLater,
    Unknown,
)
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, Outbox, OutboxState, Urgency
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import Where
from menus.intents import Contact
from tests.moments import as_of
from tests.services import PATIENCE
from tests.staff_and_reports import A_DAY, SMS_NOW, StaffAndReports

STAFF = Outbox.audience == "staff"
CALLER = Outbox.audience == "caller"


def claim(records: StaffAndReports, most: int = 64) -> list[Claimed]:
    with database.writing(records.engine, "test") as session:
        rows = outbox.claim(session, database.now(session), most)
        return [Claimed(row.id, row.attempt) for row in rows]


def settle(records: StaffAndReports, claimed: Claimed, outcome: Outcome) -> Outbox | None:
    with database.writing(records.engine, "test") as session:
        return outbox.settle(session, claimed, outcome, "test")


def staff_row(records: StaffAndReports) -> None:
    records.queue(records.staff())


def caller_row(records: StaffAndReports) -> None:
    """Nobody is on duty, so the SMS to the caller is the only one."""
    records.report(contact=SMS_NOW)


def add(session: Session, key: str) -> bool:
    return outbox.add(
        session, dedupe_key=key, audience="staff", template="not_understood", lives=A_DAY
    )


def test_the_same_cause_queues_one_sms(records: StaffAndReports) -> None:
    with database.writing(records.engine, "test") as session:
        assert add(session, "once")
        assert not add(session, "once")
    with database.writing(records.engine, "test") as session:
        assert not add(session, "once")
    assert len(records.all(Outbox)) == 1


@pytest.mark.parametrize("first_commits", [True, False])
def test_two_transactions_with_the_same_cause(
    records: StaffAndReports, *, first_commits: bool
) -> None:
    """The second waits for the first, and whatever else it does is kept in either case."""
    added: list[bool] = []

    def second(session: Session) -> None:
        add(session, "something else")
        added.append(add(session, "once"))

    records.at_once(lambda session: add(session, "once"), second, first_commits=first_commits)

    assert added == [not first_commits]
    assert {row.dedupe_key for row in records.all(Outbox)} == {"once", "something else"}


def test_staff_come_before_callers_and_the_longest_waiting_first(records: StaffAndReports) -> None:
    caller_row(records)
    first, second = records.staff(), records.staff()
    records.queue(second)
    records.queue(first)
    records.change(Outbox, Outbox.staff_id == first.id, due_at=records.now() - timedelta(minutes=1))

    order = [records.one(Outbox, Outbox.id == one.id) for one in claim(records)]

    assert [row.staff_id for row in order] == [first.id, second.id, None]


def test_what_is_not_due_is_left_alone(records: StaffAndReports) -> None:
    staff_row(records)
    records.change(Outbox, STAFF, due_at=records.now() + timedelta(seconds=5))
    assert claim(records) == []


def test_a_claim_is_a_lease(records: StaffAndReports) -> None:
    staff_row(records)
    begun = records.now()
    (claimed,) = claim(records)

    row = records.one(Outbox)
    assert (row.state, row.attempt, row.maybe_sent) == (OutboxState.SENDING, 1, 1)
    assert row.lease_until is not None
    assert outbox.LEASE <= row.lease_until - begun < outbox.LEASE + timedelta(seconds=5)
    assert claimed == Claimed(row.id, 1)
    assert claim(records) == []
    assert records.recover() == 0, "nobody takes up what is still leased"


def test_four_who_claim_at_once_never_get_the_same_row(records: StaffAndReports) -> None:
    records.queue(records.staff(), 60)
    together = threading.Barrier(4)

    def claims() -> list[str]:
        together.wait(PATIENCE)
        mine: list[str] = []
        while rows := claim(records, most=7):
            mine += [row.id for row in rows]
        return mine

    with ThreadPoolExecutor(4) as pool:
        parts = [future.result(PATIENCE) for future in [pool.submit(claims) for _ in range(4)]]

    claimed = [row_id for part in parts for row_id in part]
    assert len(claimed) == len(set(claimed)) == 60


def test_who_claims_does_not_wait_for_another_who_does(records: StaffAndReports) -> None:
    """On SQLite there is one writer; on PostgreSQL the locked row is passed over."""
    records.queue(records.staff(), 2)
    claimed: list[Claimed] = []

    def begins(session: Session) -> None:
        (row,) = outbox.claim(session, database.now(session), 1)
        claimed.append(Claimed(row.id, row.attempt))

    def ends(session: Session) -> None:
        assert records.engine.dialect.name == "sqlite" or len(claimed) == 2

    records.meanwhile(begins, lambda: claimed.extend(claim(records)), ends)
    assert len({one.id for one in claimed}) == 2


SETTLED: list[tuple[Outcome, Callable[[StaffAndReports], None], str, int]] = [
    (Accepted("id-1"), staff_row, "accepted", 1),
    (Accepted("id-1"), caller_row, "accepted", 1),
    (Refused("invalid number"), staff_row, "refused", 0),
    (Refused("invalid number"), caller_row, "refused", 0),
    (TryLater("no connection"), staff_row, "pending", 0),
    (TryLater("no connection"), caller_row, "pending", 0),
    (OperatorFault("insufficient balance"), staff_row, "pending", 0),
    (OperatorFault("insufficient balance"), caller_row, "pending", 0),
    (Unknown("no answer"), staff_row, "pending", 1),
    (Unknown("no answer"), caller_row, "unknown", 1),
]


@pytest.mark.parametrize(("outcome", "queue", "state", "maybe_sent"), SETTLED)
def test_what_each_outcome_makes_of_a_row(
    records: StaffAndReports,
    outcome: Outcome,
    queue: Callable[[StaffAndReports], None],
    state: str,
    maybe_sent: int,
) -> None:
    queue(records)
    (claimed,) = claim(records)

    assert settle(records, claimed, outcome) is not None

    row = records.one(Outbox)
    assert (row.state, row.maybe_sent, row.provider) == (state, maybe_sent, "test")
    assert row.lease_until is None
    assert (row.finished_at is None) == (state == "pending")
    assert row.outcome == getattr(outcome, "reason", "accepted")
    assert row.provider_message_id == ("id-1" if state == "accepted" else None)
    if state == "pending":
        assert records.now() < row.due_at <= records.now() + timedelta(seconds=45)


def test_a_passing_fault_is_tried_again_and_again_but_less_and_less_often(
    records: StaffAndReports,
) -> None:
    staff_row(records)
    waits = []
    for _ in range(7):
        (claimed,) = claim(records)
        row = settle(records, claimed, TryLater("no connection"))
        assert row is not None
        waits.append(round((row.due_at - records.now()).total_seconds()))
        records.make_due()
    assert waits == [2, 5, 15, 30, 45, 45, 45]
    assert records.one(Outbox).maybe_sent == 0


def test_a_disputed_answer_is_tried_again_twice(records: StaffAndReports) -> None:
    staff_row(records)
    (claimed,) = claim(records)
    settle(records, claimed, TryLater("no connection"))
    states = []
    for _ in range(3):
        records.make_due()
        (claimed,) = claim(records)
        settle(records, claimed, TryLater("rejected by gateway", most=2))
        states.append(records.one(Outbox).state)
    assert states == ["pending", "pending", "refused"]
    row = records.one(Outbox)
    assert row.outcome == "rejected by gateway"
    assert row.finished_at is not None


def test_staff_may_get_an_sms_three_times_and_no_more(records: StaffAndReports) -> None:
    staff_row(records)
    sends = 0
    while claimed := claim(records):
        sends += 1
        settle(records, claimed[0], Unknown("no answer"))
        records.make_due()
    assert sends == outbox.MOST_SENDS == 3
    assert records.one(Outbox).state == OutboxState.UNKNOWN


def test_what_died_while_sending_is_sent_again_to_staff_and_never_to_a_caller(
    records: StaffAndReports,
) -> None:
    caller_row(records)
    staff_row(records)
    claim(records)
    records.end_leases()

    assert records.recover() == 2

    assert records.outcomes(STAFF) == {"pending": 1}
    assert records.outcomes(CALLER) == {"unknown": 1}
    assert [one.attempt for one in claim(records)] == [2], "staff at once, the caller not again"


def test_dying_while_sending_three_times_is_enough(records: StaffAndReports) -> None:
    staff_row(records)
    deaths = 0
    while claim(records):
        deaths += 1
        records.end_leases()
        records.recover()
    assert deaths == 3
    row = records.one(Outbox)
    assert (row.state, row.outcome) == (OutboxState.UNKNOWN, "died while sending")


@pytest.mark.parametrize("queue", [staff_row, caller_row])
def test_an_answer_after_the_lease_still_counts_when_nobody_has_claimed_since(
    records: StaffAndReports, queue: Callable[[StaffAndReports], None]
) -> None:
    queue(records)
    (claimed,) = claim(records)
    records.end_leases()
    records.recover()

    assert settle(records, claimed, Accepted("id-1")) is not None

    row = records.one(Outbox)
    assert (row.state, row.provider_message_id) == (OutboxState.ACCEPTED, "id-1")


def test_an_answer_after_the_lease_is_nothing_to_whoever_has_claimed_since(
    records: StaffAndReports,
) -> None:
    staff_row(records)
    (first,) = claim(records)
    records.end_leases()
    records.recover()
    (second,) = claim(records)

    assert settle(records, first, Accepted("id-1")) is None
    assert records.one(Outbox).state == OutboxState.SENDING
    assert settle(records, second, Accepted("id-2")) is not None
    assert records.one(Outbox).provider_message_id == "id-2"


def test_a_late_doubt_does_not_bring_back_an_sms_to_a_caller(records: StaffAndReports) -> None:
    caller_row(records)
    (claimed,) = claim(records)
    records.end_leases()
    records.recover()
    for outcome in (TryLater("no connection"), Unknown("no answer")):
        assert settle(records, claimed, outcome) is None
    assert records.one(Outbox).state == OutboxState.UNKNOWN


def test_an_outcome_is_noted_of_the_sms_that_it_is_about(records: StaffAndReports) -> None:
    records.queue(records.staff(), 3)
    for claimed in reversed(claim(records)):
        settle(records, claimed, Accepted(f"of {claimed.id}"))
    assert {row.provider_message_id == f"of {row.id}" for row in records.all(Outbox)} == {True}


@pytest.mark.parametrize(
    ("audience", "sends", "last"),
    [("staff", 2, False), ("staff", 3, True), ("staff", 4, True), ("caller", 3, False)],
)
def test_the_third_send_to_staff_is_the_last_and_a_caller_has_no_last(
    audience: str, sends: int, *, last: bool
) -> None:
    """`sends`: with the one that it was claimed for."""
    assert outbox.is_last_send(Outbox(audience=audience, maybe_sent=sends)) == last


def test_what_is_for_a_caller_is_a_courtesy_whatever_it_is_called(records: StaffAndReports) -> None:
    with database.writing(records.engine, "test") as session:
        audiences: tuple[outbox.Audience, ...] = ("staff", "caller")
        for audience in audiences:
            outbox.add(
                session,
                dedupe_key=audience,
                audience=audience,
                template="not_understood",
                lives=A_DAY,
                urgency=Urgency.P1,
            )
    urgency = {row.audience: row.urgency for row in records.all(Outbox)}
    assert urgency == {"staff": Urgency.P1, "caller": Urgency.COURTESY}


def test_an_outcome_is_noted_once(records: StaffAndReports) -> None:
    staff_row(records)
    (claimed,) = claim(records)
    settle(records, claimed, Accepted("id-1"))
    assert settle(records, claimed, Unknown("no answer")) is None
    assert records.one(Outbox).state == OutboxState.ACCEPTED


def test_withdrawing_drops_what_waits_for_one_audience_about_one_report(
    records: StaffAndReports,
) -> None:
    records.staff()
    about = records.report(contact=SMS_NOW)
    other = records.report(contact=SMS_NOW)
    with database.writing(records.engine, "test") as session:
        outbox.withdraw(session, about, "caller")

    dropped = records.all(Outbox, Outbox.state == OutboxState.DROPPED)
    assert [(row.audience, row.report_id, row.outcome) for row in dropped] == [
        ("caller", about, "withdrawn")
    ]
    assert records.outcomes(Outbox.report_id == other) == {"pending": 2}


@pytest.mark.parametrize("outcome", [Accepted("id-1"), Refused("risk hold"), Unknown("no answer")])
def test_a_sealed_letter_is_destroyed_when_it_has_left(
    records: StaffAndReports, outcome: Outcome
) -> None:
    with database.writing(records.engine, "test") as session:
        outbox.add_sealed(
            session,
            records.web,
            b'{"number": "+250788123456", "text": "Hello"}',
            dedupe_key="screen",
            template="answer",
            lives=A_DAY,
        )
    assert records.one(Outbox).sealed is not None
    (claimed,) = claim(records)
    settle(records, claimed, outcome)
    assert records.one(Outbox).sealed is None


@pytest.mark.parametrize("message_id", ["", "\0", "x" * 500, "+250788123456'; DROP TABLE outbox"])
def test_any_id_that_a_provider_may_give_can_be_kept(
    records: StaffAndReports, message_id: str
) -> None:
    staff_row(records)
    (claimed,) = claim(records)
    settle(records, claimed, Accepted(message_id))
    row = records.one(Outbox)
    assert row.state == OutboxState.ACCEPTED
    assert row.provider_message_id == (message_id.replace("\0", "")[:120] or None)


def test_the_oldest_that_waits_is_known(records: StaffAndReports) -> None:
    def since() -> object:
        with database.reading(records.engine) as session:
            return outbox.due_since(session)

    assert since() is None
    staff_row(records)
    then = records.now() - timedelta(seconds=40)
    records.change(Outbox, STAFF, due_at=then)
    staff_row(records)
    assert since() == then
    claim(records)
    assert since() is None


def test_the_values_of_a_row_hold_nothing_about_a_person(records: StaffAndReports) -> None:
    records.staff()
    records.report(contact=Contact(by="sms", window="now", other_number="+250788999888"))
    with database.reading(records.engine) as session:
        rows = session.execute(select(Outbox.values, Outbox.template)).all()
    assert {row.template: row.values for row in rows} == {
        "alert": {"minutes": 5},
        "confirmed": {},
    }


@pytest.mark.parametrize("what", ["recover", "hurry"])
def test_whoever_looks_after_the_waiting_passes_over_what_somebody_works_on(
    records: StaffAndReports, what: str
) -> None:
    """On SQLite there is one writer; on PostgreSQL the locked row is passed over."""
    staff_row(records)
    (claimed,) = claim(records)
    if what == "hurry":
        settle(records, claimed, Unknown("no answer"))
    records.end_leases()
    looked: list[object] = []

    def looks() -> None:
        with database.writing(records.engine, "test") as session:
            work = outbox.recover if what == "recover" else outbox.hurry
            looked.append(work(session))

    def begins(session: Session) -> None:
        session.scalars(select(Outbox).with_for_update()).all()

    def ends(session: Session) -> None:
        assert records.engine.dialect.name == "sqlite" or len(looked) == 1

    records.meanwhile(begins, looks, ends)


def test_withdrawing_may_name_the_templates_and_leaves_what_is_on_its_way(
    records: StaffAndReports,
) -> None:
    about = records.report(contact=SMS_NOW)
    with database.writing(records.engine, "test") as session:
        now = database.now(session)
        for template in ("appointment", "check_in", "sending"):
            outbox.add(
                as_of(session, now),
                dedupe_key=template,
                audience="caller",
                template=template,
                lives=A_DAY,
                report_id=about,
            )
    records.change(Outbox, Outbox.template == "sending", state=OutboxState.SENDING)
    with database.writing(records.engine, "test") as session:
        later = database.now(session) + timedelta(seconds=7)
        outbox.withdraw(as_of(session, later), about, "caller", ["appointment", "sending"])
    (dropped,) = records.all(Outbox, Outbox.state == OutboxState.DROPPED)
    assert (dropped.template, dropped.finished_at) == ("appointment", later)
    assert records.outcomes() == {"dropped": 1, "sending": 1, "pending": 2}


def test_what_was_dropped_was_not_sent(records: StaffAndReports) -> None:
    """A claim counts as a send until it is known to be none."""
    staff_row(records)
    records.change(Outbox, maybe_sent=2)
    (claimed,) = claim(records)
    with database.writing(records.engine, "test") as session:
        now = database.now(session)
        outbox.drop(session.get_one(Outbox, claimed.id), now, "settled")
    row = records.one(Outbox)
    assert (row.state, row.maybe_sent, row.finished_at) == (OutboxState.DROPPED, 2, now)
    assert (row.outcome, row.lease_until) == ("settled", None)


@pytest.mark.parametrize(
    ("waiting", "sent", "ago", "may"),
    [
        (False, 1, 60, True),
        (False, 2, 61, True),
        (False, 3, 61, False),
        (False, 1, 59, False),
        (True, 1, 61, False),
    ],
)
def test_one_more_sms_about_an_alert_may_follow_when_the_last_is_long_gone(
    waiting: bool, sent: int, ago: int, may: bool
) -> None:
    """`ago` in seconds; the last one has to be a minute old."""
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    told = Told(sent, now - timedelta(seconds=ago), waiting=waiting)
    assert told.may_be_told(now - timedelta(seconds=60)) == may


def test_of_each_alert_it_is_known_what_was_sent_when_and_whether_one_waits(
    records: StaffAndReports,
) -> None:
    first, second = records.staff(), records.staff()
    report = records.report()
    records.report()
    by_person = {
        alert.staff_id: alert.id for alert in records.all(Alert, Alert.report_id == report)
    }
    with database.writing(records.engine, "test") as session:
        assert outbox.add(
            session,
            dedupe_key="no alert",
            audience="staff",
            template="passed_on",
            lives=A_DAY,
            report_id=report,
            staff_id=first.id,
        )
    long_ago = records.now() - timedelta(minutes=9)
    hers = Outbox.alert_id == by_person[first.id]
    records.change(Outbox, hers, maybe_sent=2, created_at=long_ago, state=OutboxState.ACCEPTED)
    for state, waiting in (("pending", True), ("sending", True), ("accepted", False)):
        records.change(Outbox, Outbox.alert_id == by_person[second.id], state=state)
        with database.reading(records.engine) as session:
            told = outbox.alerts_told(session, report)
        assert set(told) == set(by_person.values())
        assert told[by_person[first.id]] == Told(2, long_ago, waiting=False)
        assert told[by_person[second.id]].waiting == waiting


def test_a_sealed_letter_is_an_answer_to_a_caller_and_opens_in_its_own_row(
    records: StaffAndReports,
) -> None:
    for key in ("one", "other"):
        with database.writing(records.engine, "test") as session:
            outbox.add_sealed(
                session, records.web, key.encode(), dedupe_key=key, template="answer", lives=A_DAY
            )
    one, other = (
        records.one(Outbox, Outbox.dedupe_key == "one"),
        records.one(Outbox, Outbox.dedupe_key == "other"),
    )
    assert (one.audience, one.template, one.urgency) == ("caller", "answer", Urgency.ANSWER)
    assert one.sealed is not None
    assert records.worker.open_sealed("sender", one.sealed, Where("outbox", "sealed", one.id)) == (
        b"one"
    )
    with pytest.raises(CannotOpen):
        records.worker.open_sealed("sender", one.sealed, outbox.sealed_in(other.id))


OTHERS = ("test", "second", "third")


@pytest.mark.parametrize(
    "outcome", [TryLater("no connection"), OperatorFault("insufficient balance")]
)
@pytest.mark.parametrize("queue", [staff_row, caller_row])
def test_what_was_certainly_not_sent_is_due_at_once_until_all_providers_were_tried(
    records: StaffAndReports, outcome: Outcome, queue: Callable[[StaffAndReports], None]
) -> None:
    queue(records)
    told = []
    for provider in ("test", "second", "third", "test"):
        (claimed,) = claim(records)
        with database.writing(records.engine, "test") as session:
            at = session.at
            row = outbox.settle(session, claimed, outcome, provider, OTHERS)
        assert row is not None
        told.append((row.tried, row.due_at <= at))
        if provider == "third":
            records.make_due()
    assert told == [
        (["test"], True),
        (["second", "test"], True),
        ([], False),
        (["test"], True),
    ]


def test_after_doubt_the_next_try_avoids_the_provider(records: StaffAndReports) -> None:
    staff_row(records)
    for provider in ("test", "second"):
        (claimed,) = claim(records)
        with database.writing(records.engine, "test") as session:
            outbox.settle(session, claimed, Unknown("no answer"), provider, OTHERS)
        assert records.one(Outbox).tried == [provider]
        records.make_due()


def test_an_sms_waits_with_its_last_send_for_a_provider_that_is_sure(
    records: StaffAndReports,
) -> None:
    caller_row(records)
    records.queue(records.staff(), 3)
    for sends, row in enumerate(records.all(Outbox, STAFF)):
        records.change(Outbox, Outbox.id == row.id, maybe_sent=sends)

    def left(leaves: outbox.Leaves) -> list[tuple[str, int]]:
        with Session(records.engine, autoflush=False) as session:
            rows = outbox.claim(session, database.now(session), 64, leaves)
            return sorted((row.audience, row.maybe_sent) for row in rows)

    assert left("nothing") == []
    assert left("spare") == [("caller", 1), ("staff", 1), ("staff", 2)]
    assert left("all") == [*left("spare"), ("staff", 3)]
    records.change(Outbox, expires_at=records.now())
    assert len(left("nothing")) == 4, "what has expired is dropped whatever may leave"


def test_what_waits_for_another_try_can_be_hurried(records: StaffAndReports) -> None:
    records.queue(records.staff(), 2)
    (claimed,) = claim(records, most=1)
    settle(records, claimed, Unknown("no answer"))
    fresh = Outbox.attempt == 0
    records.change(Outbox, fresh, due_at=records.now() + timedelta(minutes=9))

    with database.writing(records.engine, "test") as session:
        outbox.hurry(session)

    hurried = records.one(Outbox, ~fresh)
    assert hurried.due_at <= records.now()
    assert hurried.state == OutboxState.PENDING
    assert records.one(Outbox, fresh).due_at > records.now(), "an appointment keeps its time"


def test_what_has_left_or_is_leaving_is_not_hurried(records: StaffAndReports) -> None:
    """When it would have been due once more says what became of it, and stays as it is."""
    records.queue(records.staff(), 2)
    then = records.now() + timedelta(minutes=9)
    for row, state in zip(records.all(Outbox), ("sending", "accepted"), strict=True):
        records.change(Outbox, Outbox.id == row.id, state=state, attempt=1, due_at=then)
    with database.writing(records.engine, "test") as session:
        outbox.hurry(session)
    assert [row.due_at for row in records.all(Outbox)] == [then, then]


def test_the_sms_that_is_risked_is_the_one_sent_and_tried_least(records: StaffAndReports) -> None:
    caller_row(records)
    records.queue(records.staff(), 4)
    rows = records.all(Outbox, STAFF)
    counts = {row.id: (min(n, 2), 9 - n) for n, row in enumerate(rows)}
    for row_id, (sent, tried) in counts.items():
        records.change(Outbox, Outbox.id == row_id, maybe_sent=sent, attempt=tried)

    def risked(kind: Literal["spare", "last"]) -> list[tuple[str, int, int]]:
        found = []
        with Session(records.engine) as session:
            while row := outbox.to_risk(session, database.now(session), kind):
                found.append((row.audience, row.maybe_sent, row.attempt))
                outbox.take(row, database.now(session))
        return found

    spare, last = [("staff", 0, 9), ("staff", 1, 8)], [("staff", 2, 6), ("staff", 2, 7)]
    assert [one for one in risked("spare") if one[2]] == spare
    assert [one for one in risked("last") if one[2]] == [*spare, *last]
    assert risked("last")[-1] == ("caller", 0, 0)


def test_what_has_expired_is_claimed_whatever_may_leave_and_is_risked_on_nobody(
    records: StaffAndReports,
) -> None:
    """It is claimed only to be dropped: the next provider must not be judged by it."""
    records.queue(records.staff(), 2)
    late, fresh = (row.id for row in records.all(Outbox))
    records.change(Outbox, Outbox.id == late, expires_at=records.now() - timedelta(seconds=1))

    with Session(records.engine) as session:
        risked = outbox.to_risk(session, session.at, "last")
        claimed = outbox.claim(session, session.at, 5, "nothing")
    assert risked is not None
    assert risked.id == fresh
    assert [row.id for row in claimed] == [late]


def test_an_sms_remembers_the_alert_that_it_is_about(records: StaffAndReports) -> None:
    nurse = records.staff()
    report = records.report()
    alert = records.one(Alert, Alert.staff_id == nurse.id)
    row = records.one(Outbox, STAFF)
    assert (row.alert_id, row.report_id, row.staff_id) == (alert.id, report, nurse.id)
