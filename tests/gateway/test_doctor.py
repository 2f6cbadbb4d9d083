"""`isange doctor`: each thing that is wrong is one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway import database, doctor
from gateway.models import Centre, Outbox, Report
from gateway.settings import Settings
from gateway.wiring import House
from tests.lines import Line


def told(house: House) -> str:
    return "\n".join(doctor.faults(house))


def verify_centres(line: Line) -> None:
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Centre).values(verified_on="2026-01-31", verified_by="A. N. Other"))


def test_a_new_installation_is_told_what_it_lacks(settings: Callable[..., Settings]) -> None:
    said = told(House(settings("staff"), "staff"))
    assert "facts of the country are not verified" in said
    assert "isange centres import" in said
    assert "nobody is on duty at the national desk" in said


def test_who_has_nobody_on_duty_is_named(line: Line) -> None:
    verify_centres(line)
    line.staff("national", "national")
    for centre in line.web.pack.centres:
        if centre.id != "kabutare":
            line.staff(centre.id)
    said = told(line.staff_house)
    assert "1 centres have nobody on duty, kabutare" in said
    assert "national desk" not in said
    assert "centres are not verified" not in said


def test_what_waits_too_long_is_counted(line: Line) -> None:
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    assert "wait longer" not in told(line.staff_house)

    with database.writing(line.web.database, "test") as session:
        long_ago = database.now(session) - timedelta(hours=1)
        session.execute(update(Outbox).values(due_at=long_ago))
        session.execute(update(Report).values(created_at=long_ago))

    said = told(line.staff_house)
    assert "1 SMS wait longer than a minute" in said
    assert "1 reports are accepted by nobody" in said


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("REDIS_URL", "redis://127.0.0.1:1", "Redis cannot be reached"),
        ("DATABASE_URL", "sqlite:////nowhere/isange.db", "the database cannot be read"),
        ("ISANGE_KEYS", "/nowhere", "isange keys new"),
    ],
)
def test_one_fault_hides_no_other(
    settings: Callable[..., Settings], setting: str, value: str, words: str
) -> None:
    said = told(House(settings("staff", **{setting: value}), "staff"))
    assert words in said
    assert "facts of the country are not verified" in said
