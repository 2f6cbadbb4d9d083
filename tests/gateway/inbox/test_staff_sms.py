"""What a member of staff answers by SMS, and what nobody can bring about by guessing or forging."""

from __future__ import annotations

import re
import string
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.cases import casework
from gateway.inbox.staff_sms import MOST_ANSWERED, MOST_TRIES, MOST_WRONG_ANSWERED
from gateway.inbox.staff_words import AskSwap, Reply, Word, read
from gateway.runtime.phones import Msisdn
from gateway.sms import to_staff
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import (
    Alert,
    AlertState,
    Audit,
    Base,
    IncomingSms,
    Outbox,
    Report,
    ReportState,
)
from gateway.store.models import Staff as StaffRow
from menus.messages import TO_STAFF
from menus.script import Phrase
from tests.alarm_counts import alarms
from tests.services import PATIENCE, wait_until
from tests.staff_and_reports import Person, StaffAndReports, on_sqlite

AS_PEOPLE_TYPE = [
    "1 123459 0042",
    " 1  123459   0042 ",
    "1,123459,0042",
    "1.123459.0042.",
    "1-123459-0042",
    "1_123459_0042",
    "1/123459/0042",
    "1:123459;0042",
    "1\n123459\n0042\n",
    "1\t123459\u00a00042",
    "(1) 123459 0042",
    '"1 123459 0042"',
    "1) 123459 0042!",
    "*1*123459*0042#",
    "Reply 1 123459 0042",
    "1 123459 0042 accept",
    "1 123459 0042 accept, thank you",
    "ISANGE 1 123459 0042",
    "1 123 459 0042",
    "1 123459 00 42",
    "11234590042",
    "1123459 0042",
    "1 1234590042",
    "1 123459 0042 sent from my phone 12",
    "\uff11 \uff11\uff12\uff13\uff14\uff15\uff19 \uff10\uff10\uff14\uff12",
    "\u0661 \u0661\u0662\u0663\u0664\u0665\u0669 \u0660\u0660\u0664\u0662",
]


@pytest.mark.parametrize("text", AS_PEOPLE_TYPE)
def test_a_reply_is_read_as_people_type_it(text: str) -> None:
    assert read(text) == Reply("accept", "123459", "0042")


NO_REPLIES = [
    *("", " ", "1", "yes", "1 123459", "1 0042", "3 123459 0042", "0 123459 0042"),
    *("1 12345 042", "call me", "1 12345678901 0042", "x" * 500),
    "[ISANGE] 123459 P1 new. Reply 1 123459 0042 accept, 2 123459 0042 cannot.",
]


@pytest.mark.parametrize("text", NO_REPLIES)
def test_what_is_no_reply(text: str) -> None:
    assert read(text) is None


WORDS: list[tuple[Word, list[str]]] = [
    ("on", ["ON", "on", " On. ", "ON!", "on please", "I am on", "I'm on duty now", "switch me on"]),
    ("on", ["ON ON", "\uff2f\uff2e", "ok, on", "going on duty", "*ON*", "on\n"]),
    ("off", ["OFF", "off.", "off duty", "I am off duty now, thank you", "ok off", "Turn off"]),
    ("who", ["WHO", "who?", "Who is on duty?", "who's on", "WHO IS ON DUTY NOW PLEASE"]),
    ("on", ["\u201con\u201d", "[ON]", "o\u0301n", "O\u200bN", "O.N.", "\u2705 on"]),
    ("off", ["off\r\n", "(off)", "\u00d3FF", "<OFF>", "O F F"]),
    ("ok", ["OK", "ok.", "Okay thanks", "o\u212a", "ok ok"]),
]


@pytest.mark.parametrize(("word", "text"), [(one, text) for one, texts in WORDS for text in texts])
def test_a_word_is_read_as_people_type_it(word: Word, text: str) -> None:
    assert read(text) == word


NO_WORDS = ["I am on my way", "not on duty", "on off", "ON 24 hours", "who am I to say", "come on"]
NO_WORDS += ["offline", "SWAP", "swap me", "1 ON", "on until 6", "nobody is off today, who is sick"]


@pytest.mark.parametrize("text", NO_WORDS)
def test_a_sentence_of_its_own_is_no_command(text: str) -> None:
    assert read(text) is None


SWAPS = {
    "SWAP 0788000501": "0788000501",
    "swap 0788 000 501": "0788000501",
    "Please swap with 0788-000-501": "0788000501",
    "SWAP:+250788000501": "+250788000501",
    "swap 250788000501": "250788000501",
    "SWAP +1 202 555 0143": "+12025550143",
    "swap 00250788000501": "00250788000501",
    "Swap (+250) 788000501 please": "+250788000501",
}


@pytest.mark.parametrize("text", SWAPS)
def test_the_number_of_a_colleague_is_read_as_people_type_it(text: str) -> None:
    assert read(text) == AskSwap(SWAPS[text])
    assert SWAPS[text] not in repr(read(text))


@pytest.mark.parametrize("word", ["on", "OFF please", "who?", "ok", "swap"])
@pytest.mark.parametrize("text", AS_PEOPLE_TYPE)
def test_no_word_hides_an_answer_to_an_alert(text: str, word: str) -> None:
    """One that is typed without any spaces after SWAP looks like a number, and is nobody's."""
    assert read(f"{text} {word}") == Reply("accept", "123459", "0042")
    if word != "swap" or re.match(r"\D*[12]\D+\d{6,10}\D+\d{4}(?!\d)", text):
        assert read(f"{word} {text}") == Reply("accept", "123459", "0042")


def test_two_is_for_cannot() -> None:
    assert read("2 123459 0042") == Reply("cannot", "123459", "0042")


@given(
    verb=st.sampled_from("12"),
    code=st.text(string.digits, min_size=6, max_size=10),
    digits=st.text(string.digits, min_size=4, max_size=4),
    between=st.text(" \t\n.,;:-_/*#()", max_size=3),
)
def test_any_separators_and_any_code(verb: str, code: str, digits: str, between: str) -> None:
    found = read(between.join((verb, code, digits)))
    assert found == Reply("accept" if verb == "1" else "cannot", code, digits)


@given(st.text(max_size=400))
@example("1 123459 0042" + "\ud800")
@example("\u2460\u00b2\u0e51" * 30)
def test_no_text_breaks_it(text: str) -> None:
    assert read(text) is None or read(text) == read(text.strip())


def reply(
    records: StaffAndReports, person: Person, report: str, verb: int = 1, digits: str = ""
) -> str:
    return f"{verb} {records.code(report)} {digits or records.digits(report, person)}"


def answers(records: StaffAndReports) -> dict[str, list[str]]:
    """The SMS that leave now, without alerts, by the number they go to."""
    found: dict[str, list[str]] = {}
    for number, text in records.deliver().taken:
        if "Reply 1 1" not in text and "P1 new" not in text:
            found.setdefault(number, []).append(text)
    return found


def not_understood(records: StaffAndReports) -> str:
    desk = records.pack.reception.ask_for
    words = Phrase(TO_STAFF["not_understood"].text, {"service": desk})
    return records.composer.speech.say(words, "en")


@pytest.fixture
def nurse(records: StaffAndReports) -> Person:
    return records.staff()


@pytest.fixture
def colleague(records: StaffAndReports) -> Person:
    return records.staff(role="counsellor")


@pytest.fixture
def report(records: StaffAndReports, nurse: Person, colleague: Person) -> str:
    """A report about which both were alerted."""
    made = records.report()
    records.deliver()
    return made


def test_the_first_who_accepts_has_it_and_the_others_are_told(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    code = records.code(report)
    assert records.text(nurse, reply(records, nurse, report))
    assert answers(records) == {
        nurse.number: [f"[ISANGE] {code} is yours. Thank you. To open it dial *384*3030#."],
        colleague.number: [
            f"[ISANGE] {code} accepted by health worker. No action needed. Thank you."
        ],
    }
    row = records.report_now(report)
    assert (row.state, row.accepted_by, row.due_at) == (ReportState.ACCEPTED, nurse.id, None)
    assert records.one(Audit, Audit.act == "accepted").actor == f"staff:{nurse.id}"


def test_who_accepts_late_gets_a_kind_answer(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    records.text(nurse, reply(records, nurse, report))
    answers(records)
    assert records.text(colleague, reply(records, colleague, report))
    (told,) = answers(records)[colleague.number]
    assert "accepted by health worker" in told
    assert records.report_now(report).accepted_by == nurse.id


def test_who_accepts_again_is_told_again(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    for _ in range(3):
        records.text(nurse, reply(records, nurse, report))
        (told,) = answers(records)[nurse.number]
        assert "is yours" in told
    assert len(records.all(Audit, Audit.act == "accepted")) == 1


def test_the_same_sms_counts_once_however_often_it_is_delivered(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    words = reply(records, nurse, report)
    assert [records.text(nurse, words, "in-x") for _ in range(3)] == [True, False, False]
    assert len(answers(records)[nurse.number]) == 1


def test_two_copies_of_an_sms_at_the_same_time(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    words = reply(records, nurse, report)
    together = Barrier(2)

    def arrives() -> bool:
        together.wait(PATIENCE)
        return records.text(nurse, words, "in-x")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(arrives), pool.submit(arrives)
        assert sorted((first.result(PATIENCE), second.result(PATIENCE))) == [False, True]
    assert len(answers(records)[nurse.number]) == 1


def test_two_who_accept_at_the_same_time(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    """One has the report and is about to change the other's alert, when the other's SMS comes."""
    mine, theirs = reply(records, nurse, report), reply(records, colleague, report)
    staff = records.one(StaffRow, StaffRow.id == nurse.id)
    held: list[tuple[Alert, Report]] = []

    def begins(session: Session) -> None:
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        held.append(found)

    def ends(session: Session) -> None:
        casework.accept(session, *held[0], staff)

    records.meanwhile(begins, lambda: records.text(colleague, theirs), ends)

    assert records.report_now(report).accepted_by == nurse.id
    assert any("accepted by health worker" in one for one in answers(records)[colleague.number])
    assert records.text(nurse, mine)


def test_many_reports_that_two_accept_at_the_same_time(
    records: StaffAndReports, nurse: Person, colleague: Person
) -> None:
    reports = [records.report() for _ in range(12)]
    records.deliver()
    words = {
        person: [reply(records, person, report) for report in reports]
        for person in (nurse, colleague)
    }
    together = Barrier(2)

    def accepts(person: Person) -> None:
        for text in words[person]:
            together.wait(PATIENCE)
            records.text(person, text)

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(accepts, person) for person in words]:
            one.result(PATIENCE)

    said = [text for texts in answers(records).values() for text in texts]
    for report in reports:
        row = records.report_now(report)
        assert row.accepted_by in {nurse.id, colleague.id}
        about_it = [text for text in said if row.code in text]
        assert sum("is yours" in text for text in about_it) == 1
        assert 1 <= sum("accepted by" in text for text in about_it) <= 2
        states = {alert.state for alert in records.all(Alert, Alert.report_id == report)}
        assert states == {AlertState.ACCEPTED, AlertState.SETTLED}


def test_a_reply_to_what_its_caller_deleted(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    words = reply(records, nurse, report)
    with database.writing(records.engine, "test") as session:
        records.reports.cases.delete(session, report)
    assert records.text(nurse, words)
    (told,) = answers(records)[nurse.number]
    assert "is closed. No action needed." in told
    assert records.report_now(report).state == ReportState.DELETED


def test_two_passes_it_on_and_the_next_rung_hears_of_it_when_nobody_is_left(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    lead = records.staff(role="lead")
    records.text(nurse, reply(records, nurse, report, verb=2))
    assert "is passed on" in answers(records)[nurse.number][0]
    first = records.report_now(report).due_at
    assert first is not None
    assert first > records.now(), "her colleague still has it"

    records.text(colleague, reply(records, colleague, report, verb=2))
    now = records.report_now(report).due_at
    assert now is not None
    assert now <= records.now()
    assert lead.id not in records.asked(report), "the clock calls her"


def test_who_passed_it_on_may_still_take_it(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    records.text(nurse, reply(records, nurse, report, verb=2))
    records.text(nurse, reply(records, nurse, report))
    assert records.report_now(report).accepted_by == nurse.id


def test_who_has_it_cannot_pass_it_on_by_sms(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    records.text(nurse, reply(records, nurse, report))
    answers(records)
    records.text(nurse, reply(records, nurse, report, verb=2))
    assert "is yours" in answers(records)[nurse.number][0]


def test_wrong_digits_change_nothing(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    right, hers = records.digits(report, nurse), records.digits(report, colleague)
    wrong = next(one for one in ("0000", "1111", "2222") if one not in {right, hers})
    other = records.report()
    records.deliver()
    for words in (
        reply(records, nurse, report, digits=wrong),
        reply(records, nurse, report, digits=hers),
        f"1 999999 {right}",
        reply(records, nurse, other, digits=right),
    ):
        before = alarms("reply_not_understood")
        assert records.text(nurse, words)
        assert answers(records) == {nurse.number: [not_understood(records)]}
        assert alarms("reply_not_understood") == before + 1
    assert records.report_now(report).state == ReportState.RECEIVED
    assert len(records.all(Audit, Audit.act == "wrong digits")) == 4


def test_a_report_she_was_not_alerted_about_is_like_one_that_does_not_exist(
    records: StaffAndReports, report: str
) -> None:
    stranger = records.staff("kigeme")
    assert records.text(stranger, f"1 {records.code(report)} 0000")
    assert answers(records) == {stranger.number: [not_understood(records)]}


@pytest.mark.parametrize("text", ["1", "yes", "1 {code}", "accept {code}", ""])
def test_a_forged_sender_without_digits_gets_nowhere(
    records: StaffAndReports, nurse: Person, report: str, text: str
) -> None:
    assert records.text(nurse, text.format(code=records.code(report)))
    assert records.report_now(report).state == ReportState.RECEIVED
    assert answers(records) == {nurse.number: [not_understood(records)]}
    assert not records.one(IncomingSms).wrong, "there was nothing to guess with"


def test_a_number_that_is_nobodys_gets_no_answer_and_leaves_nothing(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    words = reply(records, nurse, report)
    assert not records.replies.receive("in-x", Msisdn("+250788777666"), words)
    assert answers(records) == {}
    row = records.one(IncomingSms)
    assert (row.id, row.staff_id, row.wrong) == ("in-x", None, False)
    assert records.report_now(report).state == ReportState.RECEIVED


def wrong_digits(records: StaffAndReports, report: str, person: Person, count: int) -> list[str]:
    """So many different digits that are not those of her alert."""
    right = records.digits(report, person)
    return [one for one in (f"{number:04}" for number in range(count + 1)) if one != right][:count]


def guess(records: StaffAndReports, person: Person, report: str, count: int) -> list[bool]:
    """So many wrong guesses; whether each was answered."""
    return [
        records.text(person, reply(records, person, report, digits=one))
        for one in wrong_digits(records, report, person, count)
    ]


def alert_of(records: StaffAndReports, report: str, person: Person) -> Alert:
    return records.one(Alert, Alert.report_id == report, Alert.staff_id == person.id)


def test_wrong_replies_that_are_not_hers_do_not_silence_her(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    """Somebody forges her number; her own right digits are taken all the same."""
    before = alarms("digits_guessed")
    answered = guess(records, nurse, report, MOST_TRIES - 1)
    assert answered == [True] * MOST_WRONG_ANSWERED + [False] * 3
    assert alarms("digits_guessed") == before + 3
    assert records.text(nurse, "hello")
    assert records.text(nurse, reply(records, nurse, report))
    assert records.report_now(report).accepted_by == nurse.id


def test_after_too_many_wrong_ones_not_even_the_right_one_is_taken(
    records: StaffAndReports, nurse: Person, colleague: Person, report: str
) -> None:
    """And she is told, once, to open it with her PIN."""
    guess(records, nurse, report, MOST_TRIES)
    answers(records)
    assert not records.text(nurse, reply(records, nurse, report))
    assert records.report_now(report).state == ReportState.RECEIVED
    assert answers(records) == {}
    told = records.one(Outbox, Outbox.template == "not_by_sms")
    assert told.staff_id == nurse.id

    assert records.text(colleague, reply(records, colleague, report)), "others are not shut out"
    assert records.report_now(report).accepted_by == colleague.id


def test_she_is_told_at_the_last_wrong_one(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    guess(records, nurse, report, MOST_TRIES - 1)
    answers(records)
    assert guess(records, nurse, report, 2) == [True, False]
    (told,) = answers(records)[nurse.number]
    assert told == (
        f"[ISANGE] {records.code(report)} cannot be answered by SMS any more. "
        "To open it dial *384*3030#."
    )


def test_waiting_does_not_help_a_guesser(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    guess(records, nurse, report, MOST_TRIES)
    records.change(IncomingSms, received_at=records.now() - timedelta(days=1))
    records.text(nurse, reply(records, nurse, report))
    assert records.report_now(report).state == ReportState.RECEIVED


def test_another_alert_of_hers_is_not_touched(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    guess(records, nurse, report, MOST_TRIES)
    other = records.report()
    records.text(nurse, reply(records, nurse, other))
    assert records.report_now(other).accepted_by == nurse.id


def test_codes_that_are_no_report_of_hers_cost_an_alert_nothing(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    for number in range(MOST_TRIES + 3):
        records.text(nurse, f"1 99999{number % 10} 0042")
    assert alert_of(records, report, nurse).wrong == 0
    records.text(nurse, reply(records, nurse, report))
    assert records.report_now(report).accepted_by == nurse.id


@on_sqlite
@pytest.mark.parametrize("place", [1, MOST_TRIES, MOST_TRIES + 1, MOST_TRIES + 5])
def test_a_guesser_wins_with_one_of_so_many_tries_and_no_later_one(
    records: StaffAndReports, nurse: Person, report: str, place: int
) -> None:
    """He sends all 10,000 in an order of his own; the right one is at this place of it."""
    right = records.digits(report, nurse)
    order = [*wrong_digits(records, report, nurse, place - 1), right]
    for digits in order:
        records.text(nurse, reply(records, nurse, report, digits=digits))
    assert (records.report_now(report).state == ReportState.ACCEPTED) is (place <= MOST_TRIES)


def test_the_chance_of_a_guesser_is_below_one_in_a_thousand() -> None:
    """Every place in his order is as likely, and he wins in the first ones alone (see above)."""
    assert MOST_TRIES / 10**4 < 1 / 1000


def test_tries_at_the_same_time_are_counted_one_by_one(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    together = Barrier(6)

    def tries(digits: str) -> bool:
        together.wait(PATIENCE)
        return records.text(nurse, reply(records, nurse, report, digits=digits))

    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(tries, wrong_digits(records, report, nurse, 12)))

    assert alert_of(records, report, nurse).wrong == MOST_TRIES
    assert len(records.all(IncomingSms, IncomingSms.wrong.is_(True))) == MOST_TRIES
    assert sum(answered) == MOST_WRONG_ANSWERED + 1, "and once that no more are read"


def test_two_machines_do_not_talk_for_ever(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    before = alarms("reply_loop")
    answered = [records.text(nurse, "I am away until Monday") for _ in range(MOST_ANSWERED + 10)]
    assert answered == [True] * MOST_ANSWERED + [False] * 10
    assert alarms("reply_loop") == before + 10
    assert len(answers(records)[nurse.number]) == MOST_ANSWERED

    assert not records.text(nurse, reply(records, nurse, report)), "no answer any more"
    assert records.report_now(report).accepted_by == nurse.id, "but it counts"


def test_while_a_report_is_held_her_own_row_is_free_for_what_refers_to_it(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    """Her SMS locks her row and waits for the report, whose holder adds a row about her."""
    words = reply(records, nurse, report)

    def begins(session: Session) -> None:
        session.get_one(Report, report, with_for_update=True)

    def ends(session: Session) -> None:
        alert = session.scalars(select(Alert).where(Alert.staff_id == nurse.id)).one()
        alert.state = AlertState.SETTLED
        session.flush()
        session.add(IncomingSms(id="other", received_at=database.now(session), staff_id=nurse.id))
        session.flush()

    records.meanwhile(begins, lambda: records.text(nurse, words), ends)
    assert records.report_now(report).accepted_by == nurse.id


def test_nothing_of_what_she_wrote_is_kept(
    records: StaffAndReports, nurse: Person, report: str
) -> None:
    records.text(nurse, "my secret words 0788999888")
    digits = records.digits(report, nurse)
    records.text(nurse, reply(records, nurse, report))
    with database.reading(records.engine) as session:
        everything = repr(
            [
                tuple(row)
                for table in Base.metadata.sorted_tables
                for row in session.execute(select(table))
            ]
        )
    assert "secret words" not in everything
    assert "0788999888" not in everything
    assert f"'{digits}'" not in everything
    assert nurse.number[4:] not in everything


def test_an_answer_lives_half_an_hour(records: StaffAndReports, nurse: Person, report: str) -> None:
    records.text(nurse, reply(records, nurse, report))
    row = records.one(Outbox, Outbox.template == "yours")
    assert row.expires_at - row.created_at == to_staff.LIVES == timedelta(minutes=30)
    wait_until(lambda: answers(records), "it leaves")


def test_two_who_write_off_at_the_same_moment_leave_one(records: StaffAndReports) -> None:
    """Each sees the other on duty when she begins; the second waits, and looks again."""
    people = records.staff(), records.staff()
    records.together(*(lambda one=one: records.text(one, "OFF") for one in people))
    on = [row.id for row in records.all(StaffRow, StaffRow.on_duty.is_(True))]
    assert len(on) == 1
    told = {row.staff_id: row.template for row in records.all(Outbox)}
    assert told == {one.id: "last_on_duty" if one.id in on else "off_duty" for one in people}
