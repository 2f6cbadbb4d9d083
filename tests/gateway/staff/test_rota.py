"""When somebody is on duty, what she does about it, and the rota that an operator imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event
from sqlalchemy.orm import Session

from commands.cli import isange
from gateway.country.reading import BadFile
from gateway.runtime.metrics import ALARMS
from gateway.runtime.settings import Settings
from gateway.staff import duty, roster, rota, rota_file
from gateway.staff.rota import Duty, Span
from gateway.staff.rota_file import Imported, LeavesNobody
from gateway.store import database
from gateway.store.models import Audit, Outbox, Shift, Staff, Swap
from gateway.wiring import House
from tests.staff_and_reports import CENTRE, OTHER_CENTRE, Office, Person, on_sqlite

AN_HOUR = timedelta(hours=1)


def has_shift(office: Office, person: Person, begins: timedelta, ends: timedelta) -> Span:
    """A shift of hers from and to so long after now."""
    with database.writing(office.engine, "test") as session:
        at = database.now(session)
        when = Span(at + begins, at + ends)
        rota.add_shift(session, session.get_one(Staff, person.id), when)
    return when


def on_duty(office: Office) -> set[str]:
    with database.reading(office.engine) as session:
        return {one.id for one in roster.on_duty(session, CENTRE)}


def now_of(office: Office, person: Person) -> Duty:
    with database.reading(office.engine) as session:
        row = session.get_one(Staff, person.id)
        return rota.duty_of(session, row, database.now(session))


def does(office: Office, person: Person, act: Callable[[Session, Staff, datetime], object]) -> None:
    with database.writing(office.engine, "test") as session:
        act(session, session.get_one(Staff, person.id), database.now(session))


def asks(office: Office, person: Person, colleague: Person) -> None:
    def ask(session: Session, one: Staff, at: datetime) -> object:
        return duty.ask_to_take_over(session, one, session.get_one(Staff, colleague.id), at)

    does(office, person, ask)


def acts(office: Office) -> list[str]:
    return [row.act for row in sorted(office.all(Audit), key=lambda row: row.id)]


def told(office: Office, person: Person) -> list[str]:
    return [row.template for row in office.all(Outbox, Outbox.staff_id == person.id)]


def alarms(kind: str) -> float:
    return float(ALARMS.labels(kind)._value.get())


SHIFTS = [
    (-AN_HOUR, AN_HOUR, True),
    (-2 * AN_HOUR, -AN_HOUR, False),
    (AN_HOUR, 2 * AN_HOUR, False),
    (timedelta(0), AN_HOUR, True),
    (-AN_HOUR, timedelta(0), False),
]


@pytest.mark.parametrize(("begins", "ends", "on"), SHIFTS)
def test_a_shift_that_covers_now_is_duty(
    office: Office, begins: timedelta, ends: timedelta, on: bool
) -> None:
    nurse = office.staff(on_duty=False)
    has_shift(office, nurse, begins, ends)
    assert on_duty(office) == ({nurse.id} if on else set())
    assert now_of(office, nurse).on is on


def test_either_shift_or_switch_is_enough(office: Office) -> None:
    switched, both, neither = office.staff(), office.staff(), office.staff(on_duty=False)
    has_shift(office, both, -AN_HOUR, AN_HOUR)
    assert on_duty(office) == {switched.id, both.id}
    assert now_of(office, neither) == Duty(on=False)
    assert now_of(office, both) == Duty(on=True), "a switch has no end"


def test_a_duty_ends_with_the_last_of_its_shifts(office: Office) -> None:
    nurse = office.staff(on_duty=False)
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    later = has_shift(office, nurse, -AN_HOUR, 3 * AN_HOUR)
    assert now_of(office, nurse) == Duty(on=True, until=later.ends)


@on_sqlite
def test_who_is_asked_is_one_query(office: Office) -> None:
    for _ in range(3):
        has_shift(office, office.staff(on_duty=False), -AN_HOUR, AN_HOUR)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(office.engine, "before_cursor_execute", note)
    assert len(on_duty(office)) == 3
    event.remove(office.engine, "before_cursor_execute", note)
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_an_alert_finds_who_is_on_duty_by_the_rota(office: Office) -> None:
    nurse, at_home = office.staff(on_duty=False), office.staff(on_duty=False)
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    has_shift(office, at_home, AN_HOUR, 2 * AN_HOUR)
    assert office.asked(office.report()) == {nurse.id}


def test_on_and_off(office: Office) -> None:
    nurse = office.staff(on_duty=False)
    for _ in range(2):
        does(office, nurse, duty.come_on)
        assert now_of(office, nurse) == Duty(on=True)
    for _ in range(2):
        does(office, nurse, duty.go_off)
        assert now_of(office, nurse) == Duty(on=False)
    assert acts(office) == ["on duty", "off duty"], "what changes nothing is no act"


def test_on_within_a_shift_keeps_its_end(office: Office) -> None:
    nurse = office.staff(on_duty=False)
    when = has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    does(office, nurse, duty.come_on)
    assert now_of(office, nurse) == Duty(on=True, until=when.ends)


def test_off_ends_the_shift_that_runs_and_no_later_one(office: Office) -> None:
    nurse = office.staff(on_duty=False)
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    tomorrow = has_shift(office, nurse, 24 * AN_HOUR, 32 * AN_HOUR)
    does(office, nurse, duty.go_off)
    assert now_of(office, nurse) == Duty(on=False)
    assert tomorrow.ends in {row.ends_at for row in office.all(Shift)}


def test_the_lead_and_the_operator_hear_when_nobody_is_left(office: Office) -> None:
    nurse, other = office.staff(), office.staff(role="counsellor")
    office.staff(role="investigator")
    lead, operator = office.staff(role="lead"), office.staff("national", "operator")
    before = alarms("nobody_on_duty")
    does(office, nurse, duty.go_off)
    assert told(office, lead) == [], "one is left"
    does(office, other, duty.go_off)
    assert told(office, lead) == ["nobody_on_duty"]
    assert told(office, operator) == ["alarm"]
    assert alarms("nobody_on_duty") == before + 1
    does(office, other, duty.go_off)
    assert alarms("nobody_on_duty") == before + 1, "she was off"


def see_ends(office: Office) -> None:
    with database.writing(office.engine, "test") as session:
        duty.see_shifts_end(session, database.now(session))


def test_a_rota_that_runs_out_is_told_once(office: Office) -> None:
    nurse, other = office.staff(on_duty=False), office.staff(role="counsellor", on_duty=False)
    lead, operator = office.staff(role="lead"), office.staff("national", "operator")
    before = alarms("nobody_on_duty")
    has_shift(office, nurse, -8 * AN_HOUR, -AN_HOUR)
    has_shift(office, other, -AN_HOUR, AN_HOUR)
    see_ends(office)
    assert told(office, lead) == [], "the next one has come"

    has_shift(office, nurse, -AN_HOUR, timedelta())
    office.change(Shift, Shift.staff_id == other.id, ends_at=office.now())
    for _ in range(2):
        see_ends(office)
    assert told(office, lead) == ["nobody_on_duty"]
    assert told(office, operator) == ["alarm"]
    assert alarms("nobody_on_duty") == before + 1


def test_who_went_home_early_is_not_told_of_again(office: Office) -> None:
    nurse, lead = office.staff(on_duty=False), office.staff(role="lead")
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    does(office, nurse, duty.go_off)
    see_ends(office)
    assert told(office, lead) == ["nobody_on_duty"]


def test_the_end_of_an_investigators_shift_leaves_nobody_behind(office: Office) -> None:
    investigator = office.staff(role="investigator", on_duty=False)
    before = alarms("nobody_on_duty")
    has_shift(office, investigator, -AN_HOUR, timedelta())
    see_ends(office)
    assert alarms("nobody_on_duty") == before


def test_who_is_not_asked_first_leaves_nobody_behind(office: Office) -> None:
    before = alarms("nobody_on_duty")
    for role in ("lead", "investigator"):
        does(office, office.staff(role=role), duty.go_off)
    assert alarms("nobody_on_duty") == before


def test_at_the_national_desk_anybody_counts(office: Office) -> None:
    first, last = office.staff("national", "national"), office.staff("national", "national")
    before = alarms("nobody_on_duty")
    does(office, first, duty.go_off)
    assert alarms("nobody_on_duty") == before
    does(office, last, duty.go_off)
    assert alarms("nobody_on_duty") == before + 1


def test_of_two_who_leave_at_the_same_time_the_second_is_the_last(office: Office) -> None:
    nurse, other, lead = office.staff(), office.staff(), office.staff(role="lead")
    office.together(
        lambda: does(office, nurse, duty.go_off), lambda: does(office, other, duty.go_off)
    )
    assert told(office, lead) == ["nobody_on_duty"]


def test_a_colleague_takes_over_the_rest_of_a_shift(office: Office) -> None:
    nurse, colleague = office.staff(on_duty=False), office.staff(on_duty=False)
    when = has_shift(office, nurse, -AN_HOUR, 5 * AN_HOUR)
    asks(office, nurse, colleague)
    assert told(office, colleague) == ["swap_request"]
    assert on_duty(office) == {nurse.id}, "until she answers"

    does(office, colleague, duty.come_on)
    assert now_of(office, colleague) == Duty(on=True, until=when.ends)
    assert now_of(office, nurse) == Duty(on=False)
    assert told(office, nurse) == ["swapped"]
    assert acts(office) == ["asked to swap", "took over"]


def test_a_duty_without_end_is_taken_over_without_end(office: Office) -> None:
    nurse, colleague = office.staff(), office.staff(on_duty=False)
    asks(office, nurse, colleague)
    does(office, colleague, duty.come_on)
    assert on_duty(office) == {colleague.id}
    assert now_of(office, colleague) == Duty(on=True)


def test_the_first_of_several_colleagues_takes_over(office: Office) -> None:
    nurse, first, second = office.staff(), office.staff(on_duty=False), office.staff(on_duty=False)
    asks(office, nurse, first)
    asks(office, nurse, second)
    does(office, first, duty.come_on)
    does(office, nurse, duty.come_on)  # She thinks better of it: nothing is taken from her again.
    does(office, second, duty.come_on)
    assert on_duty(office) == {nurse.id, first.id, second.id}


def test_two_colleagues_who_answer_at_the_same_time(office: Office) -> None:
    nurse, first, second = office.staff(), office.staff(on_duty=False), office.staff(on_duty=False)
    asks(office, nurse, first)
    asks(office, nurse, second)
    office.together(
        lambda: does(office, first, duty.come_on), lambda: does(office, second, duty.come_on)
    )
    assert acts(office).count("took over") == 1
    assert on_duty(office) == {first.id, second.id}
    assert told(office, nurse) == ["swapped"]


def test_an_answer_takes_one_duty_that_of_who_asked_first(office: Office) -> None:
    nurse, other, colleague = office.staff(), office.staff(), office.staff(on_duty=False)
    asks(office, nurse, colleague)
    asks(office, other, colleague)
    does(office, colleague, duty.come_on)
    assert on_duty(office) == {other.id, colleague.id}
    does(office, colleague, duty.come_on)
    assert on_duty(office) == {colleague.id}


@pytest.mark.parametrize("why", ["too late", "off meanwhile", "over meanwhile"])
def test_a_swap_that_is_void_moves_nothing(office: Office, why: str) -> None:
    nurse, colleague = office.staff(on_duty=False), office.staff(on_duty=False)
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    asks(office, nurse, colleague)
    if why == "too late":
        office.change(Swap, expires_at=office.now())
    elif why == "off meanwhile":
        does(office, nurse, duty.go_off)
    else:
        office.change(Shift, ends_at=office.now())
    before = now_of(office, nurse)
    does(office, colleague, duty.come_on)
    assert now_of(office, nurse) == before
    assert now_of(office, colleague) == Duty(on=True), "she is on duty all the same"
    assert "took over" not in acts(office)


def test_a_swap_may_be_answered_for_two_hours(office: Office) -> None:
    nurse, colleague = office.staff(), office.staff()
    asks(office, nurse, colleague)
    swap = office.one(Swap)
    assert swap.expires_at - swap.asked_at == timedelta(hours=2)


def test_a_colleague_is_asked_once(office: Office) -> None:
    nurse, colleague = office.staff(), office.staff()
    for _ in range(3):
        asks(office, nurse, colleague)
    assert told(office, colleague) == ["swap_request"]


def test_who_cannot_take_over_is_not_asked(office: Office) -> None:
    nurse = office.staff()
    others = [
        nurse,
        office.staff(OTHER_CENTRE),
        office.staff(role="investigator"),
        office.staff(role="operator"),
        blocked := office.staff(),
    ]
    office.change(Staff, Staff.id == blocked.id, opted_out_at=office.now())
    for other in others:
        asks(office, nurse, other)
    assert office.all(Swap) == []
    assert office.all(Outbox) == []


def test_who_is_off_duty_has_nothing_to_give_away(office: Office) -> None:
    nurse, colleague = office.staff(on_duty=False), office.staff()
    asks(office, nurse, colleague)
    assert office.all(Swap) == []


def gaps(office: Office, days: int = 7) -> dict[str, list[tuple[float, float]]]:
    """Hours from now, rounded."""
    with database.reading(office.engine) as session:
        at = database.now(session)
        span = Span(at, at + timedelta(days=days))
        found = rota.gaps(session, span, roster.asked_first())
        return {
            centre: [
                (round((one.begins - at) / AN_HOUR, 1), round((one.ends - at) / AN_HOUR, 1))
                for one in spans
            ]
            for centre, spans in found.items()
        }


def test_gaps_are_found_before_they_come(office: Office) -> None:
    nurse, other = office.staff(on_duty=False), office.staff(on_duty=False)
    assert gaps(office) == {}, "there is no rota"
    has_shift(office, nurse, -AN_HOUR, 8 * AN_HOUR)
    has_shift(office, other, 7 * AN_HOUR, 16 * AN_HOUR)
    has_shift(office, nurse, 18 * AN_HOUR, 19 * AN_HOUR)
    has_shift(office, nurse, 15.9 * AN_HOUR, 17 * AN_HOUR)
    assert gaps(office, days=1) == {CENTRE: [(17, 18), (19, 24)]}
    has_shift(office, other, 16.9 * AN_HOUR, 25 * AN_HOUR)
    assert gaps(office, days=1) == {}


def test_gaps_are_of_those_who_are_asked_first(office: Office) -> None:
    nurse, lead = office.staff(on_duty=False), office.staff(role="lead", on_duty=False)
    has_shift(office, nurse, -AN_HOUR, AN_HOUR)
    has_shift(office, lead, -AN_HOUR, 30 * AN_HOUR)
    assert gaps(office, days=1) == {CENTRE: [(1, 24)]}
    office.staff()
    assert gaps(office, days=1) == {}, "somebody is on by her own switch"


@pytest.fixture
def house(settings: Callable[..., Settings], database_url: str, office: Office) -> Iterator[House]:
    """Where the operator works."""
    made = House(settings("staff", DATABASE_URL=database_url), "staff")
    yield made
    made.database.dispose()
    made.redis.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A rota as a file, line by line."""

    def make(*lines: str) -> Path:
        path = tmp_path / "rota.csv"
        path.write_text("\n".join(["phone,from,to", *lines]) + "\n", "utf-8")
        return path

    return make


def shift(office: Office, person: Person, begins: float, ends: float) -> str:
    """A line; hours from now."""
    now = office.now().astimezone(office.pack.timezone)
    times = (f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (begins, ends))
    return ",".join((person.number, *times))


def hours(office: Office, person: Person) -> list[tuple[float, float]]:
    """Her shifts, as rounded hours from now."""
    now = office.now()
    rows = office.all(Shift, Shift.staff_id == person.id)
    spans = [((row.starts_at - now) / AN_HOUR, (row.ends_at - now) / AN_HOUR) for row in rows]
    return sorted((round(begins), round(ends)) for begins, ends in spans)


Write = Callable[..., Path]


def test_times_of_a_file_are_those_of_the_country(
    office: Office, house: House, write: Write
) -> None:
    nurse = office.staff()
    year = office.now().year + 1
    file = write(f"{nurse.number},{year}-03-01 06:00,{year}-03-01T14:00")
    rota_file.import_file(house, file)
    row = office.one(Shift, Shift.starts_at > office.now())
    assert f"{row.starts_at:%m-%d %H:%M}" == "03-01 04:00"
    assert row.ends_at - row.starts_at == 8 * AN_HOUR


def test_the_rota_takes_the_place_of_the_switches(
    office: Office, house: House, write: Write
) -> None:
    nurse, other, elsewhere = office.staff(), office.staff(), office.staff(OTHER_CENTRE)
    done = rota_file.import_file(house, write(shift(office, nurse, -1, 7)))
    assert done == Imported({CENTRE: 1}, {CENTRE: 2})
    assert on_duty(office) == {nurse.id}
    assert now_of(office, other) == Duty(on=False)
    assert now_of(office, elsewhere).on, "her centre has no rota"
    assert office.one(Audit).detail == CENTRE


def test_until_the_rota_begins_who_is_on_stays_on(
    office: Office, house: House, write: Write
) -> None:
    nurse, other = office.staff(), office.staff(on_duty=False)
    rota_file.import_file(house, write(shift(office, other, 24, 32)))
    assert on_duty(office) == {nurse.id}
    assert hours(office, nurse) == [(0, 24)]
    assert not office.one(Staff, Staff.id == nurse.id).on_duty


def test_a_rota_that_leaves_nobody_on_duty_now_is_refused(
    office: Office, house: House, write: Write
) -> None:
    nurse, lead = office.staff(), office.staff(role="lead")
    file = write(shift(office, nurse, -9, -1), shift(office, nurse, 10, 20))
    with pytest.raises(LeavesNobody, match=f"at {CENTRE}: .* --force"):
        rota_file.import_file(house, file)
    assert on_duty(office) == {nurse.id}
    assert office.all(Shift) == []
    assert office.all(Audit) == []
    rota_file.import_file(house, file, force=True)
    assert on_duty(office) == set()
    assert told(office, lead) == [], "the operator knows what he does"


def test_a_file_takes_the_place_of_what_lies_in_its_time(
    office: Office, house: House, write: Write
) -> None:
    nurse, other = office.staff(on_duty=False), office.staff(on_duty=False)
    elsewhere = office.staff(OTHER_CENTRE)
    for begins, ends in ((-30, -20), (-2, 2), (30, 40), (60, 70)):
        has_shift(office, nurse, begins * AN_HOUR, ends * AN_HOUR)
    has_shift(office, elsewhere, 30 * AN_HOUR, 40 * AN_HOUR)
    rota_file.import_file(house, write(shift(office, other, -5, 20), shift(office, other, 35, 50)))
    assert hours(office, nurse) == [(-30, -20), (-2, 0), (60, 70)]
    assert hours(office, other) == [(-5, 20), (35, 50)]
    assert hours(office, elsewhere) == [(30, 40)]


def test_the_same_file_twice_is_the_same_rota(office: Office, house: House, write: Write) -> None:
    nurse = office.staff(on_duty=False)
    file = write(shift(office, nurse, -1, 7), shift(office, nurse, 24, 32))
    for _ in range(2):
        rota_file.import_file(house, file)
    assert now_of(office, nurse).on
    coming = [row for row in office.all(Shift) if row.ends_at > office.now()]
    assert len(coming) == 2


def test_a_week_can_be_repeated(office: Office, house: House, write: Write) -> None:
    nurse = office.staff()
    done = rota_file.import_file(house, write(shift(office, nurse, -1, 7)), weeks=3)
    assert done.shifts == {CENTRE: 3}
    assert hours(office, nurse) == [(-1, 7), (7 * 24 - 1, 7 * 24 + 7), (14 * 24 - 1, 14 * 24 + 7)]


def test_every_fault_is_named_by_its_line_and_nothing_is_done(
    office: Office, house: House, write: Write
) -> None:
    nurse, operator = office.staff(), office.staff("national", "operator")
    good = shift(office, nurse, 24, 32)
    file = write(
        good,
        f"0788999888,{good.partition(',')[2]}",
        f"not a number,{good.partition(',')[2]}",
        f"{operator.number},{good.partition(',')[2]}",
        f"{nurse.number},tomorrow,2026-02-30 06:00",
        f"{nurse.number},2026-02-01,2026-02-01 06:00+02:00",
        shift(office, nurse, 40, 40),
        shift(office, nurse, 40, 40 + 7 * 24 + 1),
        f"{nurse.number},9999-12-31 22:00,9999-12-31 23:59",
        shift(office, nurse, 31, 40),
        nurse.number,
    )
    with pytest.raises(BadFile) as refused:
        rota_file.import_file(house, file)
    found = sorted((one.line, one.field) for one in refused.value.problems)
    assert found == [
        (3, "phone"),
        (4, "phone"),
        (5, "phone"),
        (6, "from"),
        (6, "to"),
        (7, "from"),
        (7, "to"),
        (8, "to"),
        (9, "to"),
        (10, "from"),
        (10, "to"),
        (11, "from"),
        (12, "line"),
    ]
    for number in (nurse.number, operator.number, "788999888"):
        assert number[4:] not in str(refused.value)
    assert office.all(Shift) == []
    assert now_of(office, nurse).on


@on_sqlite
@pytest.mark.parametrize(
    "text", ["", "phone,from\n", "phone,from,to\n\n", "phone,from,to\n\x00\n", "\xff", '"']
)
def test_what_is_no_rota_is_refused(
    office: Office, house: House, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rota.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadFile):
        rota_file.import_file(house, path)


@on_sqlite
def test_a_rota_of_days_gone_by_is_refused(office: Office, house: House, write: Write) -> None:
    nurse = office.staff()
    with pytest.raises(BadFile, match="days to come"):
        rota_file.import_file(house, write(shift(office, nurse, -20, -10)))


@pytest.fixture
def run(house: House) -> Callable[..., tuple[int, str]]:
    """`isange rota`; its exit status and what it prints."""
    environment = {
        "DATABASE_URL": house.settings.database_url,
        "REDIS_URL": house.settings.redis_url,
        "ISANGE_KEYS": str(house.settings.keys),
    }

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(isange, ["rota", *words], env=environment)
        return result.exit_code, result.output

    return run


@on_sqlite
def test_the_command_says_what_it_did(
    office: Office, write: Write, run: Callable[..., tuple[int, str]]
) -> None:
    nurse = office.staff()
    file = write(shift(office, nurse, -1, 7), shift(office, nurse, 24, 32))
    assert run("import", str(file)) == (
        0,
        f"{CENTRE}: 2 shifts are on the rota.\n"
        f"{CENTRE}: 1 who were on by their own switch follow the rota now.\n",
    )


@on_sqlite
def test_the_rota_is_shown_by_role_and_without_numbers(
    office: Office, run: Callable[..., tuple[int, str]]
) -> None:
    nurse, lead = office.staff(on_duty=False), office.staff(role="lead")
    office.staff(OTHER_CENTRE)
    end = has_shift(office, nurse, -AN_HOUR, AN_HOUR).ends.astimezone(office.pack.timezone)
    status, said = run("show", CENTRE)
    assert (status, said.splitlines()) == (
        0,
        [
            CENTRE,
            f"  health        until {end:%a %Y-%m-%d %H:%M}  ({nurse.id})",
            f"  lead          until she switches off  ({lead.id})",
        ],
    )
    status, said = run("show")
    assert f"{OTHER_CENTRE}\n  health" in said
    assert "gihundwe\n  nobody" in said
    assert nurse.number[4:] not in said


@on_sqlite
def test_a_centre_that_there_is_not(office: Office, run: Callable[..., tuple[int, str]]) -> None:
    assert run("show", "nowhere")[0] != 0
