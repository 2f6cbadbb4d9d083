"""`isange doctor`: each thing that is wrong is one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from gateway.operations import doctor
from gateway.runtime.phones import Msisdn
from gateway.runtime.settings import Settings
from gateway.staff import roster, rota
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.models import Centre, Outbox, ProcessSeen, ProviderHealth, Report, Staff
from gateway.vault.roles import Role
from gateway.wiring import Parts
from tests.one_process_line import Line


def told(parts: Parts) -> str:
    return "\n".join(doctor.faults(parts))


def verify_centres(line: Line) -> None:
    with database.writing(line.web.database, "test") as session:
        session.execute(update(Centre).values(verified_on="2026-01-31", verified_by="A. N. Other"))


def test_a_new_installation_is_told_what_it_lacks(settings: Callable[..., Settings]) -> None:
    said = told(Parts(settings("staff"), "staff"))
    assert "facts of the country are not verified" in said
    assert "isange centres import" in said
    assert "nobody is on duty at the national desk" in said


def test_who_has_nobody_on_duty_is_named(line: Line) -> None:
    verify_centres(line)
    line.staff("national", "national")
    for centre in line.web.pack.centres:
        if centre.id != "kabutare":
            line.staff(centre.id)
    said = told(line.staff_parts)
    assert "nobody is on duty now at kabutare: call their leads" in said
    assert "the national desk has no lead" in said
    line.staff("national", "lead")
    assert "national desk" not in told(line.staff_parts)
    assert "alarms wake nobody" in said
    line.staff("national", "operator")
    assert "alarms wake nobody" not in told(line.staff_parts)
    assert "centres are not verified" not in said


def test_what_waits_too_long_is_told(line: Line) -> None:
    line.staff("national", "national")
    line.phone().dial().press(1, 1, 1).hangs_up()
    assert "an SMS waits" not in told(line.staff_parts)

    with database.writing(line.web.database, "test") as session:
        long_ago = database.now(session) - timedelta(hours=1)
        session.execute(update(Outbox).values(due_at=long_ago))
        session.execute(update(Report).values(created_at=long_ago))

    said = told(line.staff_parts)
    assert "an SMS waits for 3600 s" in said
    assert "a report is accepted by nobody after 60 minutes" in said


def test_a_provider_that_fails_is_told(line: Line) -> None:
    with database.writing(line.web.database, "test") as session:
        session.add(
            ProviderHealth(
                name="kannel", points=10, failures=3, alive=False, failing_since=session.at
            )
        )
        session.add(ProviderHealth(name="africastalking", points=100, failures=0, alive=True))
    said = told(line.staff_parts)
    assert "kannel has taken no SMS since" in said
    assert "africastalking" not in said


def test_a_clock_that_does_not_tick_is_told(line: Line) -> None:
    assert "no clock has run yet" in told(line.staff_parts)
    line.clock.tick()
    assert "clock" not in told(line.staff_parts)
    with database.writing(line.web.database, "test") as session:
        session.execute(update(ProcessSeen).values(at=database.now(session) - timedelta(minutes=5)))
    assert "the clock last ticked 300 s ago" in told(line.staff_parts)


def test_gaps_in_the_rota_are_told_in_the_time_of_the_country(line: Line) -> None:
    number = line.staff("kabutare", on_duty=False)
    assert "the rota of" not in told(line.staff_parts)
    with database.writing(line.web.database, "test") as session:
        nurse = roster.by_number(session, line.web.vault, Msisdn(number))
        assert nurse is not None
        ends, begins = session.at + timedelta(hours=5), session.at + timedelta(hours=9)
        rota.add_shift(session, nurse, Span(session.at, ends))
        rota.add_shift(session, nurse, Span(begins, session.at + timedelta(hours=17)))
    zone = line.web.pack.timezone
    from_, to = (f"{one.astimezone(zone):%a %Y-%m-%d %H:%M}" for one in (ends, begins))
    said = told(line.staff_parts)
    assert f"the rota of kabutare names nobody from {from_} to {to} (and 1 times more)" in said


def test_silent_phones_are_counted(line: Line) -> None:
    line.staff("kabutare")
    assert "duty phones" not in told(line.staff_parts)
    with database.writing(line.web.database, "test") as session:
        long_ago = database.now(session) - timedelta(days=3)
        session.execute(update(Staff).values(tested_at=long_ago, test_answered_at=None))
    assert "1 duty phones did not answer" in told(line.staff_parts)


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
    said = told(Parts(settings("staff", **{setting: value}), "staff"))
    assert words in said
    assert "facts of the country are not verified" in said


@pytest.mark.parametrize(
    ("seconds", "said"), [(3, "+3 s"), (-3600, "-3600 s"), (1.5, None), (-0.2, None), (0, None)]
)
def test_a_clock_that_is_wrong_is_told(seconds: float, said: str | None) -> None:
    found = list(doctor.clock_faults(timedelta(seconds=seconds)))
    assert [said in one for one in found if said] == [True] * (said is not None)
    assert bool(found) == (said is not None)


def test_the_clock_of_one_machine_agrees_with_itself(line: Line) -> None:
    assert "the clock of this machine" not in told(line.staff_parts)


@pytest.mark.parametrize(
    ("role", "name"), [("web", "ISANGE_CALLBACK_SECRETS"), ("staff", "ISANGE_STAFF_SECRETS")]
)
def test_an_app_that_nobody_could_call_is_told(
    settings: Callable[..., Settings], role: Role, name: str
) -> None:
    missing = f"{name} is not set: see docs/settings.md"
    assert missing in told(Parts(settings(role, **{name: ""}), role))
    assert missing not in told(Parts(settings(role), role))
    assert name not in told(Parts(settings("worker"), "worker"))
