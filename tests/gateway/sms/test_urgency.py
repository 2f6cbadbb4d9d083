"""Which SMS leaves first when not all can at once: the worst, and none waits for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement

from gateway.sms import outbox
from gateway.staff import operators
from gateway.store import database
from gateway.store.models import Outbox, Report, Urgency
from menus.intents import About
from tests.sms_provider import Provider
from tests.staff_and_reports import A_DAY, P1, SMS_NOW, StaffAndReports, on_sqlite
from workers import deliver

P2: Mapping[str, str] = {"age": "adult", "need": "beaten", "when": "within_72h"}
P3: Mapping[str, str] = {"age": "adult", "need": "beaten", "when": "older"}


def waits_longer(records: StaffAndReports, *which: ColumnElement[bool]) -> None:
    due_at = records.now() - timedelta(minutes=3)
    records.change(Outbox, *which, due_at=due_at)


def claimed(records: StaffAndReports, most: int, *, fair: bool = False) -> list[Urgency]:
    with database.writing(records.engine, "test") as session:
        rows = outbox.claim(session, database.now(session), most, fair=fair)
        return [Urgency(row.urgency) for row in rows]


def test_the_alert_about_the_worst_report_overtakes_five_hundred_that_wait(
    records: StaffAndReports,
) -> None:
    nurse = records.staff()
    records.queue(nurse, 500, urgency=Urgency.P3)
    waits_longer(records, Outbox.urgency == Urgency.P3)
    records.report(answers=P1)

    assert claimed(records, 3) == [Urgency.P1, Urgency.P3, Urgency.P3]


@pytest.mark.parametrize(
    ("about", "answers", "urgency"),
    [
        ("danger", {}, Urgency.P1),
        ("myself", P1, Urgency.P1),
        ("myself", P2, Urgency.P2),
        ("myself", P3, Urgency.P3),
    ],
)
def test_an_alert_is_as_urgent_as_its_report(
    records: StaffAndReports, about: About, answers: Mapping[str, str], urgency: Urgency
) -> None:
    records.staff()
    report = records.report(about, answers=answers)
    assert records.one(Report).priority == urgency.name
    assert records.one(Outbox, Outbox.report_id == report).urgency == urgency


def test_what_is_news_leaves_after_every_alert_and_callers_come_last(
    records: StaffAndReports,
) -> None:
    records.queue(records.staff(), urgency=Urgency.NEWS)
    records.report(answers=P3, contact=SMS_NOW)
    with database.writing(records.engine, "test") as session:
        outbox.add_sealed(
            session, records.web, b"{}", dedupe_key="screen", template="answer", lives=A_DAY
        )
    waits_longer(records, Outbox.urgency >= Urgency.NEWS)
    waits_longer(records, Outbox.urgency == Urgency.COURTESY)

    assert claimed(records, 9) == [Urgency.P3, Urgency.NEWS, Urgency.ANSWER, Urgency.COURTESY]


def test_an_operator_is_woken_before_what_can_wait(records: StaffAndReports) -> None:
    operator = records.staff(role="operator")
    records.queue(operator, 20, urgency=Urgency.P2)
    with database.writing(records.engine, "test") as session:
        operators.wake(session, "nobody_to_alert")
    assert claimed(records, 1) == [Urgency.P1]


def test_a_fair_claim_begins_with_the_sms_to_staff_that_waits_longest(
    records: StaffAndReports,
) -> None:
    nurse = records.staff()
    records.report(contact=SMS_NOW)
    waits_longer(records, Outbox.audience == "caller")
    records.queue(nurse, 2, urgency=Urgency.P3)
    waits_longer(records, Outbox.urgency == Urgency.P3)
    records.queue(nurse, 3, urgency=Urgency.P1)

    assert claimed(records, 3, fair=True) == [Urgency.P3, Urgency.P1, Urgency.P1]
    assert claimed(records, 1, fair=True) == [Urgency.P3]


@pytest.mark.parametrize("most", [0, 1])
def test_a_fair_claim_takes_no_more_than_it_may(records: StaffAndReports, most: int) -> None:
    records.queue(records.staff(), 3)
    assert len(claimed(records, most, fair=True)) == most


@on_sqlite
def test_what_can_wait_does_not_wait_for_ever_in_a_flood_of_worse(
    records: StaffAndReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever an SMS has left there are two worse ones more, 200 times.

    However many rows a claim takes, after so many claims the one that waits longest is among them.
    """
    nurse, patient = records.staff(), records.staff()
    records.queue(nurse, deliver.AT_ONCE, urgency=Urgency.P1)
    records.queue(patient, urgency=Urgency.P3)
    waits_longer(records, Outbox.urgency == Urgency.P3)
    provider = Provider()

    def floods(number: str) -> None:
        if len(provider.taken) < 200:
            records.queue(nurse, 2, urgency=Urgency.P1)

    claim, claims = outbox.claim, list[set[str | None]]()

    def noted(*args: Any, **how: Any) -> Sequence[Outbox]:
        rows = claim(*args, **how)
        claims.append({row.staff_id for row in rows})
        return rows

    monkeypatch.setattr(outbox, "claim", noted)
    provider.does = floods
    records.delivery(provider).drain()

    assert claims[0] == {nurse.id}
    assert patient.id in set().union(*claims[: deliver.FAIR])
    assert provider.counted()[patient.number] == 1
    assert len(provider.taken) > deliver.FAIR * deliver.AT_ONCE
