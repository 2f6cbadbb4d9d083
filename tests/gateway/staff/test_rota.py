"""When somebody is on duty, what she does about it, and the rota that an operator imports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from commands.cli import isange
from gateway.country.reading import BadFile
from gateway.runtime.settings import Settings
from gateway.staff import duty, roster, rota, rota_file
from gateway.staff.rota import Duty, Span
from gateway.staff.rota_file import Imported, LeavesNobody
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Audit, Outbox, Shift, Staff, Swap
from gateway.wiring import Parts
from tests.alarm_counts import alarms
from tests.samples import CENTRE, OTHER_CENTRE
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite

AN_HOUR = timedelta(hours=1)


def has_shift(records: StaffAndReports, person: Person, begins: timedelta, ends: timedelta) -> Span:
    """A shift of hers from and to so long after now."""
    with database.writing(records.engine, "test") as session:
        when = Span(session.at + begins, session.at + ends)
        rota.add_shift(session, session.get_one(Staff, person.id), when)
    return when


def on_duty(records: StaffAndReports) -> set[str]:
    with database.reading(records.engine) as session:
        return {one.id for one in roster.on_duty(session, CENTRE)}


def now_of(records: StaffAndReports, person: Person) -> Duty:
    with database.reading(records.engine) as session:
        row = session.get_one(Staff, person.id)
        return rota.duty_of(session, row)


def does(records: StaffAndReports, person: Person, act: Callable[[Session, Staff], object]) -> None:
    with database.writing(records.engine, "test") as session:
        act(session, session.get_one(Staff, person.id))


def asks(records: StaffAndReports, person: Person, colleague: Person) -> None:
    def ask(session: Session, one: Staff) -> object:
        return duty.ask_to_take_over(session, one, session.get_one(Staff, colleague.id))

    does(records, person, ask)


def acts(records: StaffAndReports) -> list[str]:
    return [row.act for row in sorted(records.all(Audit), key=lambda row: row.id)]


def told(records: StaffAndReports, person: Person) -> list[str]:
    return [row.template for row in records.all(Outbox, Outbox.staff_id == person.id)]


SHIFTS = [
    (-AN_HOUR, AN_HOUR, True),
    (-2 * AN_HOUR, -AN_HOUR, False),
    (AN_HOUR, 2 * AN_HOUR, False),
    (timedelta(0), AN_HOUR, True),
    (-AN_HOUR, timedelta(0), False),
]


@pytest.mark.parametrize(("begins", "ends", "on"), SHIFTS)
def test_a_shift_that_covers_now_is_duty(
    records: StaffAndReports, begins: timedelta, ends: timedelta, on: bool
) -> None:
    nurse = records.staff(on_duty=False)
    has_shift(records, nurse, begins, ends)
    assert on_duty(records) == ({nurse.id} if on else set())
    assert now_of(records, nurse).on is on


def test_either_shift_or_switch_is_enough(records: StaffAndReports) -> None:
    switched, both, neither = records.staff(), records.staff(), records.staff(on_duty=False)
    has_shift(records, both, -AN_HOUR, AN_HOUR)
    assert on_duty(records) == {switched.id, both.id}
    assert now_of(records, neither) == Duty(on=False)
    assert now_of(records, both) == Duty(on=True), "a switch has no end"


def test_a_duty_ends_with_the_last_of_its_shifts(records: StaffAndReports) -> None:
    nurse = records.staff(on_duty=False)
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    later = has_shift(records, nurse, -AN_HOUR, 3 * AN_HOUR)
    assert now_of(records, nurse) == Duty(on=True, until=later.ends)


@on_sqlite
def test_who_is_asked_is_one_query(records: StaffAndReports) -> None:
    for _ in range(3):
        has_shift(records, records.staff(on_duty=False), -AN_HOUR, AN_HOUR)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(records.engine, "before_cursor_execute", note)
    assert len(on_duty(records)) == 3
    event.remove(records.engine, "before_cursor_execute", note)
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def test_an_alert_finds_who_is_on_duty_by_the_rota(records: StaffAndReports) -> None:
    nurse, at_home = records.staff(on_duty=False), records.staff(on_duty=False)
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    has_shift(records, at_home, AN_HOUR, 2 * AN_HOUR)
    assert records.asked(records.report()) == {nurse.id}


def test_on_and_off(records: StaffAndReports) -> None:
    nurse = records.staff(on_duty=False)
    for _ in range(2):
        does(records, nurse, duty.come_on)
        assert now_of(records, nurse) == Duty(on=True)
    for _ in range(2):
        does(records, nurse, duty.go_off)
        assert now_of(records, nurse) == Duty(on=False)
    assert acts(records) == ["on duty", "off duty"], "what changes nothing is no act"


def test_on_within_a_shift_keeps_its_end(records: StaffAndReports) -> None:
    nurse = records.staff(on_duty=False)
    when = has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    does(records, nurse, duty.come_on)
    assert now_of(records, nurse) == Duty(on=True, until=when.ends)


def test_off_ends_the_shift_that_runs_and_no_later_one(records: StaffAndReports) -> None:
    nurse = records.staff(on_duty=False)
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    tomorrow = has_shift(records, nurse, 24 * AN_HOUR, 32 * AN_HOUR)
    does(records, nurse, duty.go_off)
    assert now_of(records, nurse) == Duty(on=False)
    assert tomorrow.ends in {row.ends_at for row in records.all(Shift)}


def test_the_lead_and_the_operator_hear_when_nobody_is_left(records: StaffAndReports) -> None:
    nurse, other = records.staff(), records.staff(role="counsellor")
    records.staff(role="investigator")
    lead, operator = records.staff(role="lead"), records.staff("national", "operator")
    before = alarms("nobody_on_duty")
    does(records, nurse, duty.go_off)
    assert told(records, lead) == [], "one is left"
    does(records, other, duty.go_off)
    assert told(records, lead) == ["nobody_on_duty"]
    assert told(records, operator) == ["alarm"]
    assert alarms("nobody_on_duty") == before + 1
    does(records, other, duty.go_off)
    assert alarms("nobody_on_duty") == before + 1, "she was off"


def see_ends(records: StaffAndReports) -> None:
    with database.writing(records.engine, "test") as session:
        duty.see_shifts_end(session)


def test_a_rota_that_runs_out_is_told_once(records: StaffAndReports) -> None:
    nurse, other = records.staff(on_duty=False), records.staff(role="counsellor", on_duty=False)
    lead, operator = records.staff(role="lead"), records.staff("national", "operator")
    before = alarms("nobody_on_duty")
    has_shift(records, nurse, -8 * AN_HOUR, -AN_HOUR)
    has_shift(records, other, -AN_HOUR, AN_HOUR)
    see_ends(records)
    assert told(records, lead) == [], "the next one has come"

    has_shift(records, nurse, -AN_HOUR, timedelta())
    records.change(Shift, Shift.staff_id == other.id, ends_at=records.now())
    for _ in range(2):
        see_ends(records)
    assert told(records, lead) == ["nobody_on_duty"]
    assert told(records, operator) == ["alarm"]
    assert alarms("nobody_on_duty") == before + 1


def test_who_went_home_early_is_not_told_of_again(records: StaffAndReports) -> None:
    nurse, lead = records.staff(on_duty=False), records.staff(role="lead")
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    does(records, nurse, duty.go_off)
    see_ends(records)
    assert told(records, lead) == ["nobody_on_duty"]


def test_the_end_of_an_investigators_shift_leaves_nobody_behind(records: StaffAndReports) -> None:
    investigator = records.staff(role="investigator", on_duty=False)
    before = alarms("nobody_on_duty")
    has_shift(records, investigator, -AN_HOUR, timedelta())
    see_ends(records)
    assert alarms("nobody_on_duty") == before


def test_who_is_not_asked_first_leaves_nobody_behind(records: StaffAndReports) -> None:
    before = alarms("nobody_on_duty")
    for role in ("lead", "investigator"):
        does(records, records.staff(role=role), duty.go_off)
    assert alarms("nobody_on_duty") == before


def test_at_the_national_desk_anybody_counts(records: StaffAndReports) -> None:
    first, last = records.staff("national", "national"), records.staff("national", "national")
    before = alarms("nobody_on_duty")
    does(records, first, duty.go_off)
    assert alarms("nobody_on_duty") == before
    does(records, last, duty.go_off)
    assert alarms("nobody_on_duty") == before + 1


def test_of_two_who_leave_at_the_same_time_the_second_is_the_last(records: StaffAndReports) -> None:
    nurse, other, lead = records.staff(), records.staff(), records.staff(role="lead")
    records.together(
        lambda: does(records, nurse, duty.go_off), lambda: does(records, other, duty.go_off)
    )
    assert told(records, lead) == ["nobody_on_duty"]


def test_a_colleague_takes_over_the_rest_of_a_shift(records: StaffAndReports) -> None:
    nurse, colleague = records.staff(on_duty=False), records.staff(on_duty=False)
    when = has_shift(records, nurse, -AN_HOUR, 5 * AN_HOUR)
    asks(records, nurse, colleague)
    assert told(records, colleague) == ["swap_request"]
    assert on_duty(records) == {nurse.id}, "until she answers"

    does(records, colleague, duty.come_on)
    assert now_of(records, colleague) == Duty(on=True, until=when.ends)
    assert now_of(records, nurse) == Duty(on=False)
    assert told(records, nurse) == ["swapped"]
    assert acts(records) == ["asked to swap", "took over"]


def test_a_duty_without_end_is_taken_over_without_end(records: StaffAndReports) -> None:
    nurse, colleague = records.staff(), records.staff(on_duty=False)
    asks(records, nurse, colleague)
    does(records, colleague, duty.come_on)
    assert on_duty(records) == {colleague.id}
    assert now_of(records, colleague) == Duty(on=True)


def test_the_first_of_several_colleagues_takes_over(records: StaffAndReports) -> None:
    nurse, first, second = (
        records.staff(),
        records.staff(on_duty=False),
        records.staff(on_duty=False),
    )
    asks(records, nurse, first)
    asks(records, nurse, second)
    does(records, first, duty.come_on)
    does(records, nurse, duty.come_on)  # She thinks better of it: nothing is taken from her again.
    does(records, second, duty.come_on)
    assert on_duty(records) == {nurse.id, first.id, second.id}


def test_two_colleagues_who_answer_at_the_same_time(records: StaffAndReports) -> None:
    nurse, first, second = (
        records.staff(),
        records.staff(on_duty=False),
        records.staff(on_duty=False),
    )
    asks(records, nurse, first)
    asks(records, nurse, second)
    records.together(
        lambda: does(records, first, duty.come_on), lambda: does(records, second, duty.come_on)
    )
    assert acts(records).count("took over") == 1
    assert on_duty(records) == {first.id, second.id}
    assert told(records, nurse) == ["swapped"]


def test_an_answer_takes_one_duty_that_of_who_asked_first(records: StaffAndReports) -> None:
    nurse, other, colleague = records.staff(), records.staff(), records.staff(on_duty=False)
    asks(records, nurse, colleague)
    asks(records, other, colleague)
    does(records, colleague, duty.come_on)
    assert on_duty(records) == {other.id, colleague.id}
    does(records, colleague, duty.come_on)
    assert on_duty(records) == {colleague.id}


@pytest.mark.parametrize("why", ["too late", "off meanwhile", "over meanwhile"])
def test_a_swap_that_is_void_moves_nothing(records: StaffAndReports, why: str) -> None:
    nurse, colleague = records.staff(on_duty=False), records.staff(on_duty=False)
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    asks(records, nurse, colleague)
    if why == "too late":
        records.change(Swap, expires_at=records.now())
    elif why == "off meanwhile":
        does(records, nurse, duty.go_off)
    else:
        records.change(Shift, ends_at=records.now())
    before = now_of(records, nurse)
    does(records, colleague, duty.come_on)
    assert now_of(records, nurse) == before
    assert now_of(records, colleague) == Duty(on=True), "she is on duty all the same"
    assert "took over" not in acts(records)


def test_a_swap_may_be_answered_for_two_hours(records: StaffAndReports) -> None:
    nurse, colleague = records.staff(), records.staff()
    asks(records, nurse, colleague)
    swap = records.one(Swap)
    assert swap.expires_at - swap.asked_at == timedelta(hours=2)


def test_a_colleague_is_asked_once(records: StaffAndReports) -> None:
    nurse, colleague = records.staff(), records.staff()
    for _ in range(3):
        asks(records, nurse, colleague)
    assert told(records, colleague) == ["swap_request"]


def test_who_cannot_take_over_is_not_asked(records: StaffAndReports) -> None:
    nurse = records.staff()
    others = [
        nurse,
        records.staff(OTHER_CENTRE),
        records.staff(role="investigator"),
        records.staff(role="operator"),
        blocked := records.staff(),
    ]
    records.change(Staff, Staff.id == blocked.id, opted_out_at=records.now())
    for other in others:
        asks(records, nurse, other)
    assert records.all(Swap) == []
    assert records.all(Outbox) == []


def test_who_is_off_duty_has_nothing_to_give_away(records: StaffAndReports) -> None:
    nurse, colleague = records.staff(on_duty=False), records.staff()
    asks(records, nurse, colleague)
    assert records.all(Swap) == []


def gaps(records: StaffAndReports, days: int = 7) -> dict[str, list[tuple[float, float]]]:
    """Hours from now, rounded."""
    with database.reading(records.engine) as session:
        span = Span(session.at, session.at + timedelta(days=days))
        found = rota.gaps(session, span, roster.asked_first())
        return {
            centre: [
                (
                    round((one.begins - session.at) / AN_HOUR, 1),
                    round((one.ends - session.at) / AN_HOUR, 1),
                )
                for one in spans
            ]
            for centre, spans in found.items()
        }


def test_gaps_are_found_before_they_come(records: StaffAndReports) -> None:
    nurse, other = records.staff(on_duty=False), records.staff(on_duty=False)
    assert gaps(records) == {}, "there is no rota"
    has_shift(records, nurse, -AN_HOUR, 8 * AN_HOUR)
    has_shift(records, other, 7 * AN_HOUR, 16 * AN_HOUR)
    has_shift(records, nurse, 18 * AN_HOUR, 19 * AN_HOUR)
    has_shift(records, nurse, 15.9 * AN_HOUR, 17 * AN_HOUR)
    assert gaps(records, days=1) == {CENTRE: [(17, 18), (19, 24)]}
    has_shift(records, other, 16.9 * AN_HOUR, 25 * AN_HOUR)
    assert gaps(records, days=1) == {}


def test_gaps_are_of_those_who_are_asked_first(records: StaffAndReports) -> None:
    nurse, lead = records.staff(on_duty=False), records.staff(role="lead", on_duty=False)
    has_shift(records, nurse, -AN_HOUR, AN_HOUR)
    has_shift(records, lead, -AN_HOUR, 30 * AN_HOUR)
    assert gaps(records, days=1) == {CENTRE: [(1, 24)]}
    records.staff()
    assert gaps(records, days=1) == {}, "somebody is on by her own switch"


@pytest.fixture
def parts(
    settings: Callable[..., Settings], database_url: str, records: StaffAndReports
) -> Iterator[Parts]:
    """Where the operator works."""
    made = Parts(settings("staff", DATABASE_URL=database_url), "staff")
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


def shift(records: StaffAndReports, person: Person, begins: float, ends: float) -> str:
    """A line; hours from now."""
    now = records.now().astimezone(records.pack.timezone)
    times = (f"{now + timedelta(hours=hours):%Y-%m-%d %H:%M}" for hours in (begins, ends))
    return ",".join((person.number, *times))


def hours(records: StaffAndReports, person: Person) -> list[tuple[float, float]]:
    """Her shifts, as rounded hours from now."""
    now = records.now()
    rows = records.all(Shift, Shift.staff_id == person.id)
    spans = [((row.starts_at - now) / AN_HOUR, (row.ends_at - now) / AN_HOUR) for row in rows]
    return sorted((round(begins), round(ends)) for begins, ends in spans)


Write = Callable[..., Path]


def test_times_of_a_file_are_those_of_the_country(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse = records.staff()
    year = records.now().year + 1
    file = write(f"{nurse.number},{year}-03-01 06:00,{year}-03-01T14:00")
    rota_file.import_file(parts, file)
    row = records.one(Shift, Shift.starts_at > records.now())
    assert f"{row.starts_at:%m-%d %H:%M}" == "03-01 04:00"
    assert row.ends_at - row.starts_at == 8 * AN_HOUR


def test_the_rota_takes_the_place_of_the_switches(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse, other, elsewhere = records.staff(), records.staff(), records.staff(OTHER_CENTRE)
    done = rota_file.import_file(parts, write(shift(records, nurse, -1, 7)))
    assert done == Imported({CENTRE: 1}, {CENTRE: 2})
    assert on_duty(records) == {nurse.id}
    assert now_of(records, other) == Duty(on=False)
    assert now_of(records, elsewhere).on, "her centre has no rota"
    assert records.one(Audit).detail == CENTRE


def test_until_the_rota_begins_who_is_on_stays_on(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse, other = records.staff(), records.staff(on_duty=False)
    rota_file.import_file(parts, write(shift(records, other, 24, 32)))
    assert on_duty(records) == {nurse.id}
    assert hours(records, nurse) == [(0, 24)]
    assert not records.one(Staff, Staff.id == nurse.id).on_duty


def test_a_rota_that_leaves_nobody_on_duty_now_is_refused(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse, lead = records.staff(), records.staff(role="lead")
    file = write(shift(records, nurse, -9, -1), shift(records, nurse, 10, 20))
    with pytest.raises(LeavesNobody, match=f"at {CENTRE}: .* --force"):
        rota_file.import_file(parts, file)
    assert on_duty(records) == {nurse.id}
    assert records.all(Shift) == []
    assert records.all(Audit) == []
    rota_file.import_file(parts, file, force=True)
    assert on_duty(records) == set()
    assert told(records, lead) == [], "the operator knows what he does"


def test_a_file_takes_the_place_of_what_lies_in_its_time(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse, other = records.staff(on_duty=False), records.staff(on_duty=False)
    elsewhere = records.staff(OTHER_CENTRE)
    for begins, ends in ((-30, -20), (-2, 2), (30, 40), (60, 70)):
        has_shift(records, nurse, begins * AN_HOUR, ends * AN_HOUR)
    has_shift(records, elsewhere, 30 * AN_HOUR, 40 * AN_HOUR)
    rota_file.import_file(
        parts, write(shift(records, other, -5, 20), shift(records, other, 35, 50))
    )
    assert hours(records, nurse) == [(-30, -20), (-2, 0), (60, 70)]
    assert hours(records, other) == [(-5, 20), (35, 50)]
    assert hours(records, elsewhere) == [(30, 40)]


def test_the_same_file_twice_is_the_same_rota(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse = records.staff(on_duty=False)
    file = write(shift(records, nurse, -1, 7), shift(records, nurse, 24, 32))
    for _ in range(2):
        rota_file.import_file(parts, file)
    assert now_of(records, nurse).on
    coming = [row for row in records.all(Shift) if row.ends_at > records.now()]
    assert len(coming) == 2


def test_a_week_can_be_repeated(records: StaffAndReports, parts: Parts, write: Write) -> None:
    nurse = records.staff()
    done = rota_file.import_file(parts, write(shift(records, nurse, -1, 7)), weeks=3)
    assert done.shifts == {CENTRE: 3}
    assert hours(records, nurse) == [(-1, 7), (7 * 24 - 1, 7 * 24 + 7), (14 * 24 - 1, 14 * 24 + 7)]


def test_every_fault_is_named_by_its_line_and_nothing_is_done(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse, operator = records.staff(), records.staff("national", "operator")
    good = shift(records, nurse, 24, 32)
    file = write(
        good,
        f"0788999888,{good.partition(',')[2]}",
        f"not a number,{good.partition(',')[2]}",
        f"{operator.number},{good.partition(',')[2]}",
        f"{nurse.number},tomorrow,2026-02-30 06:00",
        f"{nurse.number},2026-02-01,2026-02-01 06:00+02:00",
        shift(records, nurse, 40, 40),
        shift(records, nurse, 40, 40 + 7 * 24 + 1),
        f"{nurse.number},9999-12-31 22:00,9999-12-31 23:59",
        shift(records, nurse, 31, 40),
        nurse.number,
    )
    with pytest.raises(BadFile) as refused:
        rota_file.import_file(parts, file)
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
    assert records.all(Shift) == []
    assert now_of(records, nurse).on


@on_sqlite
@pytest.mark.parametrize(
    "text", ["", "phone,from\n", "phone,from,to\n\n", "phone,from,to\n\x00\n", "\xff", '"']
)
def test_what_is_no_rota_is_refused(
    records: StaffAndReports, parts: Parts, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "rota.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadFile):
        rota_file.import_file(parts, path)


@on_sqlite
def test_a_rota_of_days_gone_by_is_refused(
    records: StaffAndReports, parts: Parts, write: Write
) -> None:
    nurse = records.staff()
    with pytest.raises(BadFile, match="days to come"):
        rota_file.import_file(parts, write(shift(records, nurse, -20, -10)))


@pytest.fixture
def run(parts: Parts) -> Callable[..., tuple[int, str]]:
    """`isange rota`; its exit status and what it prints."""
    environment = {
        "DATABASE_URL": parts.settings.database_url,
        "REDIS_URL": parts.settings.redis_url,
        "ISANGE_KEYS": str(parts.settings.keys),
    }

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(isange, ["rota", *words], env=environment)
        return result.exit_code, result.output

    return run


@on_sqlite
def test_the_command_says_what_it_did(
    records: StaffAndReports, write: Write, run: Callable[..., tuple[int, str]]
) -> None:
    nurse = records.staff()
    file = write(shift(records, nurse, -1, 7), shift(records, nurse, 24, 32))
    assert run("import", str(file)) == (
        0,
        f"{CENTRE}: 2 shifts are on the rota.\n"
        f"{CENTRE}: 1 who were on by their own switch follow the rota now.\n",
    )


@on_sqlite
def test_the_rota_is_shown_by_role_and_without_numbers(
    records: StaffAndReports, run: Callable[..., tuple[int, str]]
) -> None:
    nurse, lead = records.staff(on_duty=False), records.staff(role="lead")
    records.staff(OTHER_CENTRE)
    end = has_shift(records, nurse, -AN_HOUR, AN_HOUR).ends.astimezone(records.pack.timezone)
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
def test_a_centre_that_there_is_not(
    records: StaffAndReports, run: Callable[..., tuple[int, str]]
) -> None:
    assert run("show", "nowhere")[0] != 0
