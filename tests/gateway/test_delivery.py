"""Delivery reports: once each, in any order, and never lost, whoever is quicker."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from gateway import database, delivery, escalation, outbox
from gateway.models import Alert, AlertState, DeliveryReport, Outbox
from gateway.outbox import Claimed
from gateway.providers import Accepted
from tests.office import Office

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
    return delivery.take_in(session, "id-1", status, None, database.now(session))


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
        assert delivery.take_in(session, text, text, text, database.now(session))
    kept = office.one(DeliveryReport)
    assert len(kept.provider_message_id) <= 120
    assert "\0" not in kept.provider_message_id + kept.status + (kept.reason or "")


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_state_only_moves_on(words: Sequence[str]) -> None:
    states: list[str | None] = [None]
    for word in words:
        states.append(delivery.further(states[-1], word))
    final = [one for one in states if one in delivery.FINAL]
    assert len(set(final)) <= 1, "a final state was taken back"
    assert states[len(states) - len(final) :] == final, "a final state was left"
    ranks = [delivery.RANK.get(one or "", 0) for one in states if one not in delivery.FINAL]
    assert ranks == sorted(ranks)


def test_the_order_of_interim_reports_does_not_matter() -> None:
    for order in itertools.permutations(("Sent", "Buffered", "Success")):
        state: str | None = None
        for word in order:
            state = delivery.further(state, word)
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
        return [row.id for row in delivery.missed(session, database.now(session), within)]


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


def test_of_a_report_that_somebody_has_nothing_is_missed(office: Office) -> None:
    nurse = office.staff()
    report = office.report()
    office.deliver()
    office.text(nurse, f"1 {office.code(report)} {office.digits(report, nurse)}")
    office.change(Outbox, finished_at=office.now() - timedelta(minutes=4))
    assert missed(office) == []
