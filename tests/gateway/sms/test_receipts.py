"""Delivery reports: once each, in any order, and never lost, whoever is quicker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.cases import escalation
from gateway.sms import outbox, receipts
from gateway.sms.outbox import Claimed
from gateway.sms.providers.contract import Accepted
from gateway.store import database
from gateway.store.models import Alert, AlertState, DeliveryReport, Outbox, Report, ReportState
from tests.staff_and_reports import Office, Person

WORDS = ("Sent", "Submitted", "Buffered", "Success", "Failed", "Teleported")


@pytest.fixture
def sent(office: Office) -> Claimed:
    """An SMS that the provider has taken, as `id-1`, which is not noted yet."""
    office.queue(office.staff())
    with database.writing(office.engine, "test") as session:
        (row,) = outbox.claim(session, database.now(session), 1)
        return Claimed(row.id, row.attempt)


def note(session: Session, claimed: Claimed) -> None:
    now = database.now(session)
    assert outbox.settle(session, claimed, Accepted("id-1"), "test", now) is not None


def report(session: Session, status: str = "Success") -> bool:
    return receipts.take_in(session, "id-1", status, None, database.now(session))


def told(office: Office, *words: str) -> list[bool]:
    """Each word in a transaction of its own; whether it was new."""
    news = []
    for word in words:
        with database.writing(office.engine, "test") as session:
            news.append(report(session, word))
    return news


def noted(office: Office, claimed: Claimed) -> None:
    with database.writing(office.engine, "test") as session:
        note(session, claimed)


def state(office: Office) -> str | None:
    return office.one(Outbox).delivery


@pytest.mark.parametrize("early", [True, False])
def test_a_report_before_or_after_our_note(office: Office, sent: Claimed, *, early: bool) -> None:
    if early:
        assert told(office, "Sent", "Success") == [True, True]
    noted(office, sent)
    if not early:
        assert told(office, "Sent", "Success") == [True, True]
    assert state(office) == "Success"


@pytest.mark.parametrize(
    "words", [("Buffered", "Sent"), ("Success", "Sent"), ("Failed", "Success")]
)
def test_reports_before_our_note_count_in_the_order_of_their_coming(
    office: Office, sent: Claimed, words: tuple[str, str]
) -> None:
    told(office, *words)
    noted(office, sent)
    assert state(office) == words[0]


def test_a_report_that_comes_twice_is_kept_once(office: Office, sent: Claimed) -> None:
    noted(office, sent)
    assert told(office, "Success", "Success", "Success") == [True, False, False]
    assert len(office.all(DeliveryReport)) == 1


@pytest.mark.parametrize("first", ["report", "note"])
def test_a_report_and_our_note_at_the_same_time(office: Office, sent: Claimed, first: str) -> None:
    """Neither has committed when the other begins."""

    def reports(session: Session) -> None:
        report(session)

    def notes(session: Session) -> None:
        note(session, sent)

    order = (reports, notes) if first == "report" else (notes, reports)
    office.at_once(*order)

    assert state(office) == "Success"
    assert office.one(Outbox).provider_message_id == "id-1"


def test_two_copies_of_a_report_at_the_same_time(office: Office, sent: Claimed) -> None:
    noted(office, sent)
    news: list[bool] = []

    def takes_in(session: Session) -> None:
        news.append(report(session))

    office.at_once(takes_in, takes_in)

    assert sorted(news) == [False, True]
    assert state(office) == "Success"


def test_a_word_that_nobody_knows_is_kept(office: Office, sent: Claimed) -> None:
    noted(office, sent)
    told(office, "Teleported")
    assert [kept.status for kept in office.all(DeliveryReport)] == ["Teleported"]
    assert state(office) == "Teleported"
    told(office, "Sent", "Teleported twice", "Success")
    assert state(office) == "Success"
    assert len(office.all(DeliveryReport)) == 4


def test_a_report_of_an_sms_that_is_not_ours_is_kept(office: Office) -> None:
    assert told(office, "Success") == [True]
    assert office.all(Outbox) == []


@pytest.mark.parametrize("text", ["", "\0", "a" * 500, "Success\0"])
def test_whatever_a_stranger_sends_can_be_kept(office: Office, text: str) -> None:
    with database.writing(office.engine, "test") as session:
        assert receipts.take_in(session, text, text, text, database.now(session))
    kept = office.one(DeliveryReport)
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
    office: Office, word: str, *, early: bool
) -> None:
    """Whether the network says so before or after we have noted what it calls the SMS."""
    office.staff()
    lead = office.staff(role="lead")
    report = office.report()
    post = office.post()
    if early:
        post.delivered("id-1", word, None)
    office.deliver()
    if not early:
        post.delivered("id-1", word, None)
    assert office.one(Alert).state == AlertState.UNREACHABLE
    with database.writing(office.engine, "test") as session:
        assert escalation.climb(session, office.ladder, report, database.now(session))
    assert lead.id in office.asked(report)


def test_an_sms_that_arrived_goes_to_nobody_else(office: Office) -> None:
    office.staff()
    report = office.report()
    until = office.report_now(report).climb_at
    office.deliver()
    office.post().delivered("id-1", "Success", None)
    office.post().delivered("id-1", "Failed", None)
    assert office.one(Alert).state == AlertState.OPEN
    assert office.report_now(report).climb_at == until


def missed(office: Office) -> list[str]:
    with database.writing(office.engine, "test") as session:
        within = timedelta(minutes=3)
        return [row.id for row in receipts.missed(session, database.now(session), within)]


@pytest.mark.parametrize(("word", "told"), [(None, 1), ("Sent", 1), ("Success", 0), ("Failed", 0)])
def test_an_alert_of_which_the_network_says_nothing_is_missed_once(
    office: Office, word: str | None, told: int
) -> None:
    office.staff()
    office.report()
    office.deliver()
    if word:
        office.post().delivered("id-1", word, None)
    assert missed(office) == []
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=3, seconds=1))
    assert len(missed(office)) == told
    assert missed(office) == []


@pytest.mark.parametrize("state", ["sending", "refused", "dropped", "unknown"])
def test_an_alert_that_did_not_leave_is_not_missed(office: Office, state: str) -> None:
    """Whoever did not take it has nothing to say of it: others look after that."""
    office.staff()
    office.report()
    long_ago = office.now() - timedelta(hours=1)
    office.change(Outbox, state=state, finished_at=long_ago)
    assert missed(office) == []


def test_an_alert_that_was_answered_is_not_missed_though_the_report_waits(office: Office) -> None:
    nurse, other = office.staff(), office.staff()
    report = office.report()
    office.deliver()
    office.text(nurse, f"2 {office.code(report)} {office.digits(report, nurse)}")
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    (only,) = missed(office)
    assert office.one(Outbox, Outbox.id == only).staff_id == other.id


def test_what_is_no_alert_is_never_missed(office: Office) -> None:
    """It is about a report that waits, as the alert is, and goes to the same person."""
    nurse = office.staff()
    more(office, nurse, office.report(), None)
    office.deliver()
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    (only,) = missed(office)
    assert office.one(Outbox, Outbox.id == only).template == "alert"


def stranded(office: Office) -> list[str]:
    with database.reading(office.engine) as session:
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
    office: Office, state: str, word: str | None, *, is_: bool
) -> None:
    """The one who noted it may have died before asking anybody."""
    office.staff()
    office.report()
    office.change(Outbox, state=state, delivery=word)
    row = office.one(Outbox)
    assert stranded(office) == ([row.id] if is_ else [])
    assert receipts.is_in_vain(row) == is_


@pytest.mark.parametrize("how", ["answered", "accepted", "told once more", "no alert"])
def test_what_was_seen_to_is_not_stranded(office: Office, how: str) -> None:
    nurse, _ = office.staff(), office.staff()
    report = office.report()
    hers = Outbox.staff_id == nurse.id
    office.change(Outbox, hers, state="refused")
    office.change(Outbox, ~hers, created_at=office.now() + timedelta(minutes=1))
    assert len(stranded(office)) == 1, "what her colleague was told since is no help to her"
    match how:
        case "answered":
            office.change(Alert, Alert.staff_id == nurse.id, state=AlertState.UNREACHABLE)
        case "accepted":
            office.change(Report, Report.id == report, state=ReportState.ACCEPTED)
        case "told once more":
            alert = office.one(Alert, Alert.staff_id == nurse.id)
            more(office, nurse, report, alert.id)
        case _:
            office.change(Outbox, hers, alert_id=None)
    assert stranded(office) == []


def test_the_reason_of_a_report_is_kept_with_it(office: Office) -> None:
    with database.writing(office.engine, "test") as session:
        now = database.now(session)
        assert receipts.take_in(session, "id-1", "Failed", "UserNotInNetwork" + "x" * 99, now)
        assert receipts.take_in(session, "id-2", "Success" + "y" * 99, "", now)
    rows = office.all(DeliveryReport)
    first, second = sorted(rows, key=lambda row: row.provider_message_id)
    assert first.reason == ("UserNotInNetwork" + "x" * 99)[: receipts.LONGEST_WORD]
    assert second.reason is None
    assert len(second.status) == receipts.LONGEST_WORD


def test_a_report_that_comes_again_changes_nothing(office: Office, sent: Claimed) -> None:
    """Given a later word, when an earlier one is told once more, then the later one stands."""
    noted(office, sent)
    told(office, "Teleported")
    office.change(Outbox, delivery=None)
    assert told(office, "Teleported") == [False]
    assert state(office) is None


def test_an_sms_is_found_by_the_id_that_its_provider_gave(office: Office, sent: Claimed) -> None:
    with database.writing(office.engine, "test") as session:
        long_id, now = "x" * 500, database.now(session)
        assert outbox.settle(session, sent, Accepted(long_id), "test", now) is not None
    with database.reading(office.engine) as session:
        found = receipts.about(session, long_id)
        assert found is not None
        assert found.id == sent.id
        assert receipts.about(session, "id-1") is None


@pytest.mark.parametrize("state", [ReportState.ACCEPTED, ReportState.CLOSED, ReportState.DELETED])
def test_of_a_report_that_waits_no_more_nothing_is_missed(office: Office, state: str) -> None:
    office.staff()
    office.report()
    office.deliver()
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    office.change(Report, state=state)
    assert missed(office) == []


@pytest.mark.parametrize(("locked", "found"), [(Outbox, 0), (Report, 1), (Alert, 1)])
def test_who_looks_for_what_is_missed_waits_for_nobody(
    office: Office, locked: type[Outbox | Report | Alert], found: int
) -> None:
    """What somebody notes about the SMS itself comes first; a report in use hides nothing.

    On SQLite there is one writer.
    """
    office.staff()
    office.report()
    office.deliver()
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    looks: list[int] = []

    def begins(session: Session) -> None:
        session.scalars(select(locked).with_for_update()).all()

    def ends(session: Session) -> None:
        assert office.engine.dialect.name == "sqlite" or looks == [found]

    office.meanwhile(begins, lambda: looks.append(len(missed(office))), ends)


def more(office: Office, person: Person, report: str, alert: str | None) -> None:
    """One more SMS about a report to somebody who was alerted about it."""
    with database.writing(office.engine, "test") as session:
        outbox.add(
            session,
            dedupe_key="more",
            audience="staff",
            template="alert" if alert else "passed_on",
            at=database.now(session) + timedelta(seconds=1 if alert else 0),
            lives=timedelta(minutes=30),
            report_id=report,
            staff_id=person.id,
            alert_id=alert,
        )


def test_of_a_report_that_somebody_has_nothing_is_missed(office: Office) -> None:
    nurse = office.staff()
    report = office.report()
    office.deliver()
    office.text(nurse, f"1 {office.code(report)} {office.digits(report, nurse)}")
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    assert missed(office) == []
