"""A network names one call after another the same: a call that starts again is a new call."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from gateway.store import database
from gateway.store.models import Audit, CodeTry
from tests.conversations.calls import reported
from tests.conversations.conftest import PartsAtAnHour
from tests.conversations.kept import Kept
from tests.conversations.test_my_code import NO_MATCH, unknown_code
from tests.one_process_line import Line, digits
from tests.samples import HER_SECRET, PIN

SOME_TIME = 20
"""Seconds after which no copy of a request is still under way."""

A_WHILE = 61
"""Seconds without a key after which the network has ended a call."""

Wait = Callable[[float], None]


@pytest.fixture
def wait(line: Line) -> Wait:
    """Nobody presses a key for so many seconds, on any phone."""

    def pauses(seconds: float) -> None:
        for parts in (line.web, line.staff_parts):
            assert isinstance(parts, PartsAtAnHour)
            parts.pauses.append(seconds)

    return pauses


@pytest.mark.parametrize("pause", [0, 1, SOME_TIME, 311])
def test_danger_after_danger_alerts_anew(line: Line, wait: Wait, pause: int) -> None:
    duty = line.staff("national", "national")
    phone = line.phone().dial().press(1, 1, 1).hangs_up()
    first = phone.code
    (alert,) = line.deliver()
    line.text(duty, f"1 {first} {digits(alert)}")
    wait(pause)

    phone.redial().sees("Urgent help now").press(1, 1, 1).sees("Your request is sent").hangs_up()

    assert phone.code != first
    assert [sms.to for sms in line.deliver() if phone.code in sms.text] == [duty]


def test_the_last_step_that_comes_once_more_alerts_nobody_anew(line: Line, wait: Wait) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().press(1, 1, 1)
    sent = phone.screen
    wait(SOME_TIME / 2)
    assert phone.repeat().screen == sent
    assert len(line.deliver()) == 1


def test_danger_after_browsing_that_was_cut(line: Line, wait: Wait) -> None:
    duty = line.staff("national", "national")
    phone = line.phone().dial().press(2, 1, 1, 4, 9, 4, 2, "", 7, 9, 9, 1, 1, 9)
    assert not phone.ended
    wait(SOME_TIME)

    phone.redial().sees("Urgent help now").press(1).sees("In danger now?").press(1, 1).hangs_up()

    assert [sms.to for sms in line.deliver() if f"{phone.code} P1 new" in sms.text] == [duty]


def test_dialling_through_after_browsing_that_was_cut(line: Line, wait: Wait) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().press(2, 1, 1, 4, 9, 4, 2)
    wait(A_WHILE)

    phone.redial("1*1").sees("Is it safe for us to call THIS number now?")

    phone.press(1).sees("Your request is sent").hangs_up()
    assert len(line.deliver()) == 1


def test_dialling_through_after_the_end_never_shows_the_old_answer(line: Line, wait: Wait) -> None:
    phone = line.phone().dial("1*1").press(1).hangs_up()
    wait(SOME_TIME)
    phone.redial("1*1").sees("Is it safe for us to call THIS number now?")


def test_a_copy_of_the_first_request_that_comes_late_takes_nobody_back(
    line: Line, wait: Wait
) -> None:
    phone = line.phone().dial().press(2, 1, 1)
    wait(SOME_TIME / 2)
    phone.redial().sees("Urgent help now")  # It is the network's copy: her phone shows nothing.
    phone.press("2*1*1*4").sees("What happened?")


def test_who_reports_a_child_again_alerts_anew(line: Line, wait: Wait, kept: Kept) -> None:
    line.staff("national", "national")
    phone = line.phone().dial().press(3, 1, 1).sees("The centre is alerted. {how}")
    wait(SOME_TIME)
    phone.redial().press(3, 1, 1).sees("The centre is alerted. {how}")
    assert kept.rows()["reports"] == 2


def test_each_call_that_was_cut_leaves_its_own_draft(line: Line, wait: Wait, kept: Kept) -> None:
    keys = (2, 1, 1, 4, 1, 1, 1, 3, 2, 1, 1, 1)
    phone = line.phone().dial().press(*keys).sees("If the line cuts, may we send").press(1)
    assert kept.rows()["reports"] == 1
    wait(SOME_TIME)
    phone.redial().press(*keys).press(1)
    assert kept.rows()["reports"] == 2
    phone.press(0).hangs_up()
    assert kept.rows()["reports"] == 1, "she left the second, and knows nothing of the first"


def test_each_wrong_try_counts(line: Line, wait: Wait) -> None:
    code = unknown_code(reported(line))
    phone = line.phone().dial().choose("My code").press(code, HER_SECRET).sees(NO_MATCH)
    wait(SOME_TIME)
    phone.redial().choose("My code").press(code, HER_SECRET).sees(NO_MATCH)
    with database.reading(line.web.database) as session:
        assert session.scalar(select(func.count()).select_from(CodeTry)) == 2


def test_each_signing_in_is_in_the_log(line: Line, wait: Wait) -> None:
    phone = line.staff_phone(line.staff("kabutare")).dial().press(PIN)
    wait(SOME_TIME)
    phone.redial().press(PIN)
    phone.repeat()
    with database.reading(line.web.database) as session:
        entered = select(func.count()).where(Audit.act == "signed in")
        assert session.scalar(entered) == 2
