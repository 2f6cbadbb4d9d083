"""A report over real HTTP and real processes, from the first key to the accepted alert."""

from __future__ import annotations

import pytest

from tests.faults.demos import Demo
from tests.services import wait_until

pytestmark = pytest.mark.system


def test_a_nurse_has_the_alert_in_time_and_accepts_it(demo: Demo) -> None:
    staff = demo.staff("kabutare")
    nurse, counsellor = staff["health"], staff["counsellor"]

    report = demo.phone().report()

    alert = demo.wait_for_sms(nurse, report.code)
    demo.wait_for_sms(counsellor, report.code)
    assert f"{report.code} P1 new" in alert.text
    assert not demo.sent(to=staff["investigator"], about=report.code)
    assert not demo.sent(to=staff["lead"], about=report.code)

    demo.answer(alert)

    wait_until(lambda: demo.sent(to=nurse, about=f"{report.code} is yours"), "she has it")
    told = f"{report.code} accepted by health worker"
    wait_until(lambda: demo.sent(to=counsellor, about=told), "the others are told")
    assert demo.records.reports()[report.code] == "accepted"


def test_who_accepts_too_late_gets_a_kind_answer(demo: Demo) -> None:
    staff = demo.staff("kabutare")
    report = demo.phone().report()
    first = demo.wait_for_sms(staff["health"], report.code)
    second = demo.wait_for_sms(staff["counsellor"], report.code)
    demo.answer(first)
    taken = f"{report.code} accepted by health worker"
    wait_until(lambda: demo.sent(to=second.to, about=taken), "the others are told")

    demo.answer(second)

    wait_until(lambda: len(demo.sent(to=second.to, about=taken)) == 2, "she is answered")
    assert not demo.sent(to=second.to, about="is yours")


def test_a_caller_who_allowed_it_gets_one_line_that_says_nothing(demo: Demo) -> None:
    report = demo.phone().report()

    wait_until(lambda: demo.sent(to=report.caller), "the caller has her SMS")
    demo.wait_for_settled(report.code)

    assert [sms.text for sms in demo.sent(to=report.caller)] == [
        "Hello. Your appointment is confirmed. Thank you."
    ]


def test_delivery_reports_are_recorded(demo: Demo) -> None:
    report = demo.phone().report()

    demo.wait_for_settled(report.code)

    wait_until(
        lambda: {row.delivery for row in demo.records.outbox(report.code)} == {"Success"},
        "every SMS about it is known to have arrived",
    )
    assert len(demo.records.outbox(report.code)) == 3
