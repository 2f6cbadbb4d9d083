"""Delivery reports: once each, in any order, and never lost, whoever is quicker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.cases import escalation
from gateway.sms import outbox, receipts
from gateway.sms.outbox import Claimed
from gateway.sms.providers.contract import Accepted
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Alert, AlertState, DeliveryReport, Outbox, Report, ReportState
from tests.moments import as_of
from tests.staff_and_reports import Person, StaffAndReports

WORDS = ("Sent", "Submitted", "Buffered", "Success", "Failed", "Teleported")


@pytest.fixture
def sent(records: StaffAndReports) -> Claimed:
    """An SMS that the provider has taken, as `id-1`, which is not noted yet."""
    records.queue(records.staff())
    with database.writing(records.engine, "test") as session:
        (row,) = outbox.claim(session, database.now(session), 1)
        return Claimed(row.id, row.attempt)


def note(session: Session, claimed: Claimed) -> None:
    now = database.now(session)
    assert outbox.settle(as_of(session, now), claimed, Accepted("id-1"), "test") is not None


def report(session: Session, status: str = "Success") -> bool:
    return receipts.take_in(session, "id-1", status, None)


def told(records: StaffAndReports, *words: str) -> list[bool]:
    """Each word in a transaction of its own; whether it was new."""
    news = []
    for word in words:
        with database.writing(records.engine, "test") as session:
            news.append(report(session, word))
    return news


def noted(records: StaffAndReports, claimed: Claimed) -> None:
    with database.writing(records.engine, "test") as session:
        note(session, claimed)


def state(records: StaffAndReports) -> str | None:
    return records.one(Outbox).delivery


@pytest.mark.parametrize("early", [True, False])
def test_a_report_before_or_after_our_note(
    records: StaffAndReports, sent: Claimed, *, early: bool
) -> None:
    if early:
        assert told(records, "Sent", "Success") == [True, True]
    noted(records, sent)
    if not early:
        assert told(records, "Sent", "Success") == [True, True]
    assert state(records) == "Success"


@pytest.mark.parametrize(
    "words", [("Buffered", "Sent"), ("Success", "Sent"), ("Failed", "Success")]
)
def test_reports_before_our_note_count_in_the_order_of_their_coming(
    records: StaffAndReports, sent: Claimed, words: tuple[str, str]
) -> None:
    told(records, *words)
    noted(records, sent)
    assert state(records) == words[0]


def test_a_report_that_comes_twice_is_kept_once(records: StaffAndReports, sent: Claimed) -> None:
    noted(records, sent)
    assert told(records, "Success", "Success", "Success") == [True, False, False]
    assert len(records.all(DeliveryReport)) == 1


@pytest.mark.parametrize("first", ["report", "note"])
def test_a_report_and_our_note_at_the_same_time(
    records: StaffAndReports, sent: Claimed, first: str
) -> None:
    """Neither has committed when the other begins."""

    def reports(session: Session) -> None:
        report(session)

    def notes(session: Session) -> None:
        note(session, sent)

    order = (reports, notes) if first == "report" else (notes, reports)
    records.at_once(*order)

    assert state(records) == "Success"
    assert records.one(Outbox).provider_message_id == "id-1"


def test_two_copies_of_a_report_at_the_same_time(records: StaffAndReports, sent: Claimed) -> None:
    noted(records, sent)
    news: list[bool] = []

    def takes_in(session: Session) -> None:
        news.append(report(session))

    records.at_once(takes_in, takes_in)

    assert sorted(news) == [False, True]
    assert state(records) == "Success"


def test_a_word_that_nobody_knows_is_kept(records: StaffAndReports, sent: Claimed) -> None:
    noted(records, sent)
    told(records, "Teleported")
    assert [kept.status for kept in records.all(DeliveryReport)] == ["Teleported"]
    assert state(records) == "Teleported"
    told(records, "Sent", "Teleported twice", "Success")
    assert state(records) == "Success"
    assert len(records.all(DeliveryReport)) == 4


def test_a_report_of_an_sms_that_is_not_ours_is_kept(records: StaffAndReports) -> None:
    assert told(records, "Success") == [True]
    assert records.all(Outbox) == []


@pytest.mark.parametrize("text", ["", "\0", "a" * 500, "Success\0"])
def test_whatever_a_stranger_sends_can_be_kept(records: StaffAndReports, text: str) -> None:
    with database.writing(records.engine, "test") as session:
        assert receipts.take_in(session, text, text, text)
    kept = records.one(DeliveryReport)
    assert len(kept.provider_message_id) <= 120
    assert "\0" not in kept.provider_message_id + kept.status + (kept.reason or "")


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_state_only_moves_on(words: Sequence[str]) -> None:
    states: list[str | None] = [None]
    for word in words:
        states.append(receipts.further(states[-1], word))
    final = [one for one in states if one in receipts.FINAL]
    assert len(set(final)) <= 1, "a final state was taken back"
    assert states[len(states) - len(final) :] == final, "a final state was left"
    ranks = [receipts.RANK.get(one or "", 0) for one in states if one not in receipts.FINAL]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize(
    ("known", "told", "then"),
    [
        (None, "Teleported", "Teleported"),
        ("Sent", "Buffered", "Buffered"),
        ("Sent", "Submitted", "Submitted"),
        ("Buffered", "Sent", "Buffered"),
        ("Buffered", "Submitted", "Buffered"),
        ("Submitted", "Buffered", "Submitted"),
        ("Teleported", "Sent", "Sent"),
        ("Sent", "Teleported", "Sent"),
        ("Teleported", "Beamed", "Teleported"),
        ("Buffered", "Failed", "Failed"),
        ("Failed", "Success", "Failed"),
        ("Success", "Sent", "Success"),
    ],
)
def test_the_more_advanced_of_two_states_stands(known: str | None, told: str, then: str) -> None:
    """Of two that are equally far the first; a word that nobody knows is the least of all."""
    assert receipts.further(known, told) == then


def test_the_order_of_interim_reports_does_not_matter() -> None:
    for order in itertools.permutations(("Sent", "Buffered", "Success")):
        state: str | None = None
        for word in order:
            state = receipts.further(state, word)
        assert state == "Success"


DEAF = ("Failed", "Rejected", "AbsentSubscriber", "Expired")


@pytest.mark.parametrize("word", DEAF)
@pytest.mark.parametrize("early", [True, False])
def test_an_alert_that_did_not_arrive_goes_to_the_next_one_at_once(
    records: StaffAndReports, word: str, *, early: bool
) -> None:
    """Whether the network says so before or after we have noted what it calls the SMS."""
    records.staff()
    lead = records.staff(role="lead")
    report = records.report()
    post = records.post()
    if early:
        post.delivered("id-1", word, None)
    records.deliver()
    if not early:
        post.delivered("id-1", word, None)
    assert records.one(Alert).state == AlertState.UNREACHABLE
    with database.writing(records.engine, "test") as session:
        assert escalation.escalate(session, records.policy, report)
    assert lead.id in records.asked(report)


def test_an_sms_that_arrived_goes_to_nobody_else(records: StaffAndReports) -> None:
    records.staff()
    report = records.report()
    until = records.report_now(report).due_at
    records.deliver()
    records.post().delivered("id-1", "Success", None)
    records.post().delivered("id-1", "Failed", None)
    assert records.one(Alert).state == AlertState.OPEN
    assert records.report_now(report).due_at == until


def missed(records: StaffAndReports) -> list[str]:
    with database.writing(records.engine, "test") as session:
        within = timedelta(minutes=3)
        return [row.id for row in receipts.missed(session, within)]


@pytest.mark.parametrize(("word", "told"), [(None, 1), ("Sent", 1), ("Success", 0), ("Failed", 0)])
def test_an_alert_of_which_the_network_says_nothing_is_missed_once(
    records: StaffAndReports, word: str | None, told: int
) -> None:
    records.staff()
    records.report()
    records.deliver()
    if word:
        records.post().delivered("id-1", word, None)
    assert missed(records) == []
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=3, seconds=1))
    assert len(missed(records)) == told
    assert missed(records) == []


@pytest.mark.parametrize("state", ["sending", "refused", "dropped", "unknown"])
def test_an_alert_that_did_not_leave_is_not_missed(records: StaffAndReports, state: str) -> None:
    """Whoever did not take it has nothing to say of it: others look after that."""
    records.staff()
    records.report()
    long_ago = records.now() - timedelta(hours=1)
    records.change(Outbox, state=state, finished_at=long_ago)
    assert missed(records) == []


def test_an_alert_that_was_answered_is_not_missed_though_the_report_waits(
    records: StaffAndReports,
) -> None:
    nurse, other = records.staff(), records.staff()
    report = records.report()
    records.deliver()
    records.text(nurse, f"2 {records.code(report)} {records.digits(report, nurse)}")
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=4))
    (only,) = missed(records)
    assert records.one(Outbox, Outbox.id == only).staff_id == other.id


def test_what_is_no_alert_is_never_missed(records: StaffAndReports) -> None:
    """It is about a report that waits, as the alert is, and goes to the same person."""
    nurse = records.staff()
    more(records, nurse, records.report(), None)
    records.deliver()
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=4))
    (only,) = missed(records)
    assert records.one(Outbox, Outbox.id == only).template == "alert"


def stranded(records: StaffAndReports) -> list[str]:
    with database.reading(records.engine) as session:
        return [row.id for row in receipts.stranded(session)]


@pytest.mark.parametrize(
    ("state", "word", "is_"),
    [
        ("pending", None, False),
        ("sending", None, False),
        ("accepted", None, False),
        ("accepted", "Sent", False),
        ("accepted", "Success", False),
        ("accepted", "Failed", True),
        ("accepted", "AbsentSubscriber", True),
        ("refused", None, True),
        ("dropped", None, True),
        ("unknown", None, True),
    ],
)
def test_an_alert_that_is_known_to_be_in_vain_is_stranded_until_somebody_else_is_asked(
    records: StaffAndReports, state: str, word: str | None, *, is_: bool
) -> None:
    """The one who noted it may have died before asking anybody."""
    records.staff()
    records.report()
    records.change(Outbox, state=state, delivery=word)
    row = records.one(Outbox)
    assert stranded(records) == ([row.id] if is_ else [])
    assert receipts.is_in_vain(row) == is_


@pytest.mark.parametrize("how", ["answered", "accepted", "told once more", "no alert"])
def test_what_was_seen_to_is_not_stranded(records: StaffAndReports, how: str) -> None:
    nurse, _ = records.staff(), records.staff()
    report = records.report()
    hers = Outbox.staff_id == nurse.id
    records.change(Outbox, hers, state="refused")
    records.change(Outbox, ~hers, created_at=records.now() + timedelta(minutes=1))
    assert len(stranded(records)) == 1, "what her colleague was told since is no help to her"
    match how:
        case "answered":
            records.change(Alert, Alert.staff_id == nurse.id, state=AlertState.UNREACHABLE)
        case "accepted":
            records.change(Report, Report.id == report, state=ReportState.ACCEPTED)
        case "told once more":
            alert = records.one(Alert, Alert.staff_id == nurse.id)
            more(records, nurse, report, alert.id)
        case _:
            records.change(Outbox, hers, alert_id=None)
    assert stranded(records) == []


def test_the_reason_of_a_report_is_kept_with_it(records: StaffAndReports) -> None:
    with database.writing(records.engine, "test") as session:
        now = database.now(session)
        assert receipts.take_in(
            as_of(session, now), "id-1", "Failed", "UserNotInNetwork" + "x" * 99
        )
        assert receipts.take_in(as_of(session, now), "id-2", "Success" + "y" * 99, "")
    rows = records.all(DeliveryReport)
    first, second = sorted(rows, key=lambda row: row.provider_message_id)
    assert first.reason == ("UserNotInNetwork" + "x" * 99)[: receipts.LONGEST_WORD]
    assert second.reason is None
    assert len(second.status) == receipts.LONGEST_WORD


def test_a_report_that_comes_again_changes_nothing(records: StaffAndReports, sent: Claimed) -> None:
    """Given a later word, when an earlier one is told once more, then the later one stands."""
    noted(records, sent)
    told(records, "Teleported")
    records.change(Outbox, delivery=None)
    assert told(records, "Teleported") == [False]
    assert state(records) is None


def test_an_sms_is_found_by_the_id_that_its_provider_gave(
    records: StaffAndReports, sent: Claimed
) -> None:
    with database.writing(records.engine, "test") as session:
        long_id, now = "x" * 500, database.now(session)
        assert outbox.settle(as_of(session, now), sent, Accepted(long_id), "test") is not None
    with database.reading(records.engine) as session:
        found = receipts.about(session, long_id)
        assert found is not None
        assert found.id == sent.id
        assert receipts.about(session, "id-1") is None


@pytest.mark.parametrize("state", [ReportState.ACCEPTED, ReportState.CLOSED, ReportState.DELETED])
def test_of_a_report_that_waits_no_more_nothing_is_missed(
    records: StaffAndReports, state: str
) -> None:
    records.staff()
    records.report()
    records.deliver()
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=4))
    records.change(Report, state=state)
    assert missed(records) == []


@pytest.mark.parametrize(("locked", "found"), [(Outbox, 0), (Report, 1), (Alert, 1)])
def test_who_looks_for_what_is_missed_waits_for_nobody(
    records: StaffAndReports, locked: type[Outbox | Report | Alert], found: int
) -> None:
    """What somebody notes about the SMS itself comes first; a report in use hides nothing.

    On SQLite there is one writer.
    """
    records.staff()
    records.report()
    records.deliver()
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=4))
    looks: list[int] = []

    def begins(session: Session) -> None:
        session.scalars(select(locked).with_for_update()).all()

    def ends(session: Session) -> None:
        assert records.engine.dialect.name == "sqlite" or looks == [found]

    records.meanwhile(begins, lambda: looks.append(len(missed(records))), ends)


def more(records: StaffAndReports, person: Person, report: str, alert: str | None) -> None:
    """One more SMS about a report to somebody who was alerted about it."""
    with database.writing(records.engine, "test") as session:
        outbox.add(
            as_of(session, database.now(session) + timedelta(seconds=1 if alert else 0)),
            dedupe_key="more",
            audience="staff",
            template="alert" if alert else "passed_on",
            lives=timedelta(minutes=30),
            report_id=report,
            staff_id=person.id,
            alert_id=alert,
        )


def test_of_a_report_that_somebody_has_nothing_is_missed(records: StaffAndReports) -> None:
    nurse = records.staff()
    report = records.report()
    records.deliver()
    records.text(nurse, f"1 {records.code(report)} {records.digits(report, nurse)}")
    records.change(Outbox, finished_at=records.now() - timedelta(minutes=4))
    assert missed(records) == []
