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
from sqlalchemy.orm import Session

from gateway.cases import casework
from gateway.inbox import staff_sms
from gateway.inbox.staff_sms import MOST_ANSWERED, MOST_TRIES, MOST_WRONG_ANSWERED
from gateway.inbox.staff_words import AskSwap, Reply, Word, read
from gateway.runtime.metrics import ALARMS
from gateway.runtime.phones import Msisdn
from gateway.store import database
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
from menus import messages
from tests.services import PATIENCE, wait_until
from tests.staff_and_reports import Office, Person, on_sqlite

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


def reply(office: Office, person: Person, report: str, verb: int = 1, digits: str = "") -> str:
    return f"{verb} {office.code(report)} {digits or office.digits(report, person)}"


def answers(office: Office) -> dict[str, list[str]]:
    """The SMS that leave now, without alerts, by the number they go to."""
    found: dict[str, list[str]] = {}
    for number, text in office.deliver().taken:
        if "Reply 1 1" not in text and "P1 new" not in text:
            found.setdefault(number, []).append(text)
    return found


def alarms(kind: str) -> float:
    return float(ALARMS.labels(kind)._value.get())


def not_understood(office: Office) -> str:
    desk = office.pack.reception.ask_for
    return office.letters.speech.say(messages.not_understood(service=desk), "en")


@pytest.fixture
def nurse(office: Office) -> Person:
    return office.staff()


@pytest.fixture
def colleague(office: Office) -> Person:
    return office.staff(role="counsellor")


@pytest.fixture
def report(office: Office, nurse: Person, colleague: Person) -> str:
    """A report about which both were alerted."""
    made = office.report()
    office.deliver()
    return made


def test_the_first_who_accepts_has_it_and_the_others_are_told(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    code = office.code(report)
    assert office.text(nurse, reply(office, nurse, report))
    assert answers(office) == {
        nurse.number: [f"[ISANGE] {code} is yours. Thank you. To open it dial *384*3030#."],
        colleague.number: [
            f"[ISANGE] {code} accepted by health worker. No action needed. Thank you."
        ],
    }
    row = office.report_now(report)
    assert (row.state, row.accepted_by, row.climb_at) == (ReportState.ACCEPTED, nurse.id, None)
    assert office.one(Audit, Audit.act == "accepted").actor == f"staff:{nurse.id}"


def test_who_accepts_late_gets_a_kind_answer(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    office.text(nurse, reply(office, nurse, report))
    answers(office)
    assert office.text(colleague, reply(office, colleague, report))
    (told,) = answers(office)[colleague.number]
    assert "accepted by health worker" in told
    assert office.report_now(report).accepted_by == nurse.id


def test_who_accepts_again_is_told_again(office: Office, nurse: Person, report: str) -> None:
    for _ in range(3):
        office.text(nurse, reply(office, nurse, report))
        (told,) = answers(office)[nurse.number]
        assert "is yours" in told
    assert len(office.all(Audit, Audit.act == "accepted")) == 1


def test_the_same_sms_counts_once_however_often_it_is_delivered(
    office: Office, nurse: Person, report: str
) -> None:
    words = reply(office, nurse, report)
    assert [office.text(nurse, words, "in-x") for _ in range(3)] == [True, False, False]
    assert len(answers(office)[nurse.number]) == 1


def test_two_copies_of_an_sms_at_the_same_time(office: Office, nurse: Person, report: str) -> None:
    words = reply(office, nurse, report)
    together = Barrier(2)

    def arrives() -> bool:
        together.wait(PATIENCE)
        return office.text(nurse, words, "in-x")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(arrives), pool.submit(arrives)
        assert sorted((first.result(PATIENCE), second.result(PATIENCE))) == [False, True]
    assert len(answers(office)[nurse.number]) == 1


def test_two_who_accept_at_the_same_time(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    """One has the report and is about to change the other's alert, when the other's SMS comes."""
    mine, theirs = reply(office, nurse, report), reply(office, colleague, report)
    staff = office.one(StaffRow, StaffRow.id == nurse.id)
    held: list[tuple[Alert, Report]] = []

    def begins(session: Session) -> None:
        found = casework.find(session, staff, Report.id == report)
        assert found is not None
        held.append(found)

    def ends(session: Session) -> None:
        casework.accept(session, *held[0], staff, database.now(session))

    office.meanwhile(begins, lambda: office.text(colleague, theirs), ends)

    assert office.report_now(report).accepted_by == nurse.id
    assert any("accepted by health worker" in one for one in answers(office)[colleague.number])
    assert office.text(nurse, mine)


def test_many_reports_that_two_accept_at_the_same_time(
    office: Office, nurse: Person, colleague: Person
) -> None:
    reports = [office.report() for _ in range(12)]
    office.deliver()
    words = {
        person: [reply(office, person, report) for report in reports]
        for person in (nurse, colleague)
    }
    together = Barrier(2)

    def accepts(person: Person) -> None:
        for text in words[person]:
            together.wait(PATIENCE)
            office.text(person, text)

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(accepts, person) for person in words]:
            one.result(PATIENCE)

    said = [text for texts in answers(office).values() for text in texts]
    for report in reports:
        row = office.report_now(report)
        assert row.accepted_by in {nurse.id, colleague.id}
        about_it = [text for text in said if row.code in text]
        assert sum("is yours" in text for text in about_it) == 1
        assert 1 <= sum("accepted by" in text for text in about_it) <= 2
        states = {alert.state for alert in office.all(Alert, Alert.report_id == report)}
        assert states == {AlertState.ACCEPTED, AlertState.SETTLED}


def test_a_reply_to_what_its_caller_deleted(office: Office, nurse: Person, report: str) -> None:
    words = reply(office, nurse, report)
    with database.writing(office.engine, "test") as session:
        office.reports.cases.delete(session, report, database.now(session))
    assert office.text(nurse, words)
    (told,) = answers(office)[nurse.number]
    assert "is closed. No action needed." in told
    assert office.report_now(report).state == ReportState.DELETED


def test_two_passes_it_on_and_the_next_rung_hears_of_it_when_nobody_is_left(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    lead = office.staff(role="lead")
    office.text(nurse, reply(office, nurse, report, verb=2))
    assert "is passed on" in answers(office)[nurse.number][0]
    first = office.report_now(report).climb_at
    assert first is not None
    assert first > office.now(), "her colleague still has it"

    office.text(colleague, reply(office, colleague, report, verb=2))
    now = office.report_now(report).climb_at
    assert now is not None
    assert now <= office.now()
    assert lead.id not in office.asked(report), "the clock calls her"


def test_who_passed_it_on_may_still_take_it(office: Office, nurse: Person, report: str) -> None:
    office.text(nurse, reply(office, nurse, report, verb=2))
    office.text(nurse, reply(office, nurse, report))
    assert office.report_now(report).accepted_by == nurse.id


def test_who_has_it_cannot_pass_it_on_by_sms(office: Office, nurse: Person, report: str) -> None:
    office.text(nurse, reply(office, nurse, report))
    answers(office)
    office.text(nurse, reply(office, nurse, report, verb=2))
    assert "is yours" in answers(office)[nurse.number][0]


def test_wrong_digits_change_nothing(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    right, hers = office.digits(report, nurse), office.digits(report, colleague)
    wrong = next(one for one in ("0000", "1111", "2222") if one not in {right, hers})
    other = office.report()
    office.deliver()
    for words in (
        reply(office, nurse, report, digits=wrong),
        reply(office, nurse, report, digits=hers),
        f"1 999999 {right}",
        reply(office, nurse, other, digits=right),
    ):
        before = alarms("reply_not_understood")
        assert office.text(nurse, words)
        assert answers(office) == {nurse.number: [not_understood(office)]}
        assert alarms("reply_not_understood") == before + 1
    assert office.report_now(report).state == ReportState.RECEIVED
    assert len(office.all(Audit, Audit.act == "wrong digits")) == 4


def test_a_report_she_was_not_alerted_about_is_like_one_that_does_not_exist(
    office: Office, report: str
) -> None:
    stranger = office.staff("kigeme")
    assert office.text(stranger, f"1 {office.code(report)} 0000")
    assert answers(office) == {stranger.number: [not_understood(office)]}


@pytest.mark.parametrize("text", ["1", "yes", "1 {code}", "accept {code}", ""])
def test_a_forged_sender_without_digits_gets_nowhere(
    office: Office, nurse: Person, report: str, text: str
) -> None:
    assert office.text(nurse, text.format(code=office.code(report)))
    assert office.report_now(report).state == ReportState.RECEIVED
    assert answers(office) == {nurse.number: [not_understood(office)]}
    assert not office.one(IncomingSms).wrong, "there was nothing to guess with"


def test_a_number_that_is_nobodys_gets_no_answer_and_leaves_nothing(
    office: Office, nurse: Person, report: str
) -> None:
    words = reply(office, nurse, report)
    assert not office.replies.receive("in-x", Msisdn("+250788777666"), words)
    assert answers(office) == {}
    row = office.one(IncomingSms)
    assert (row.id, row.staff_id, row.wrong) == ("in-x", None, False)
    assert office.report_now(report).state == ReportState.RECEIVED


def wrong_digits(office: Office, report: str, person: Person, count: int) -> list[str]:
    """So many different digits that are not those of her alert."""
    right = office.digits(report, person)
    return [one for one in (f"{number:04}" for number in range(count + 1)) if one != right][:count]


def guess(office: Office, person: Person, report: str, count: int) -> list[bool]:
    """So many wrong guesses; whether each was answered."""
    return [
        office.text(person, reply(office, person, report, digits=one))
        for one in wrong_digits(office, report, person, count)
    ]


def alert_of(office: Office, report: str, person: Person) -> Alert:
    return office.one(Alert, Alert.report_id == report, Alert.staff_id == person.id)


def test_wrong_replies_that_are_not_hers_do_not_silence_her(
    office: Office, nurse: Person, report: str
) -> None:
    """Somebody forges her number; her own right digits are taken all the same."""
    before = alarms("digits_guessed")
    answered = guess(office, nurse, report, MOST_TRIES - 1)
    assert answered == [True] * MOST_WRONG_ANSWERED + [False] * 3
    assert alarms("digits_guessed") == before + 3
    assert office.text(nurse, "hello")
    assert office.text(nurse, reply(office, nurse, report))
    assert office.report_now(report).accepted_by == nurse.id


def test_after_too_many_wrong_ones_not_even_the_right_one_is_taken(
    office: Office, nurse: Person, colleague: Person, report: str
) -> None:
    """And she is told, once, to open it with her PIN."""
    guess(office, nurse, report, MOST_TRIES)
    answers(office)
    assert not office.text(nurse, reply(office, nurse, report))
    assert office.report_now(report).state == ReportState.RECEIVED
    assert answers(office) == {}
    told = office.one(Outbox, Outbox.template == "not_by_sms")
    assert told.staff_id == nurse.id

    assert office.text(colleague, reply(office, colleague, report)), "others are not shut out"
    assert office.report_now(report).accepted_by == colleague.id


def test_she_is_told_at_the_last_wrong_one(office: Office, nurse: Person, report: str) -> None:
    guess(office, nurse, report, MOST_TRIES - 1)
    answers(office)
    assert guess(office, nurse, report, 2) == [True, False]
    (told,) = answers(office)[nurse.number]
    assert told == (
        f"[ISANGE] {office.code(report)} cannot be answered by SMS any more. "
        "To open it dial *384*3030#."
    )


def test_waiting_does_not_help_a_guesser(office: Office, nurse: Person, report: str) -> None:
    guess(office, nurse, report, MOST_TRIES)
    office.change(IncomingSms, received_at=office.now() - timedelta(days=1))
    office.text(nurse, reply(office, nurse, report))
    assert office.report_now(report).state == ReportState.RECEIVED


def test_another_alert_of_hers_is_not_touched(office: Office, nurse: Person, report: str) -> None:
    guess(office, nurse, report, MOST_TRIES)
    other = office.report()
    office.text(nurse, reply(office, nurse, other))
    assert office.report_now(other).accepted_by == nurse.id


def test_codes_that_are_no_report_of_hers_cost_an_alert_nothing(
    office: Office, nurse: Person, report: str
) -> None:
    for number in range(MOST_TRIES + 3):
        office.text(nurse, f"1 99999{number % 10} 0042")
    assert alert_of(office, report, nurse).wrong == 0
    office.text(nurse, reply(office, nurse, report))
    assert office.report_now(report).accepted_by == nurse.id


@on_sqlite
@pytest.mark.parametrize("place", [1, MOST_TRIES, MOST_TRIES + 1, MOST_TRIES + 5])
def test_a_guesser_wins_with_one_of_so_many_tries_and_no_later_one(
    office: Office, nurse: Person, report: str, place: int
) -> None:
    """He sends all 10,000 in an order of his own; the right one is at this place of it."""
    right = office.digits(report, nurse)
    order = [*wrong_digits(office, report, nurse, place - 1), right]
    for digits in order:
        office.text(nurse, reply(office, nurse, report, digits=digits))
    assert (office.report_now(report).state == ReportState.ACCEPTED) is (place <= MOST_TRIES)


def test_the_chance_of_a_guesser_is_below_one_in_a_thousand() -> None:
    """Every place in his order is as likely, and he wins in the first ones alone (see above)."""
    assert MOST_TRIES / 10**4 < 1 / 1000


def test_tries_at_the_same_time_are_counted_one_by_one(
    office: Office, nurse: Person, report: str
) -> None:
    together = Barrier(6)

    def tries(digits: str) -> bool:
        together.wait(PATIENCE)
        return office.text(nurse, reply(office, nurse, report, digits=digits))

    with ThreadPoolExecutor(6) as pool:
        answered = list(pool.map(tries, wrong_digits(office, report, nurse, 12)))

    assert alert_of(office, report, nurse).wrong == MOST_TRIES
    assert len(office.all(IncomingSms, IncomingSms.wrong.is_(True))) == MOST_TRIES
    assert sum(answered) == MOST_WRONG_ANSWERED + 1, "and once that no more are read"


def test_two_machines_do_not_talk_for_ever(office: Office, nurse: Person, report: str) -> None:
    before = alarms("reply_loop")
    answered = [office.text(nurse, "I am away until Monday") for _ in range(MOST_ANSWERED + 10)]
    assert answered == [True] * MOST_ANSWERED + [False] * 10
    assert alarms("reply_loop") == before + 10
    assert len(answers(office)[nurse.number]) == MOST_ANSWERED

    assert not office.text(nurse, reply(office, nurse, report)), "no answer any more"
    assert office.report_now(report).accepted_by == nurse.id, "but it counts"


def test_while_a_report_is_held_her_own_row_is_free_for_what_refers_to_it(
    office: Office, nurse: Person, report: str
) -> None:
    """Her SMS locks her row and waits for the report, whose holder adds a row about her."""
    words = reply(office, nurse, report)

    def begins(session: Session) -> None:
        session.get_one(Report, report, with_for_update=True)

    def ends(session: Session) -> None:
        alert = session.scalars(select(Alert).where(Alert.staff_id == nurse.id)).one()
        alert.state = AlertState.SETTLED
        session.flush()
        session.add(IncomingSms(id="other", received_at=database.now(session), staff_id=nurse.id))
        session.flush()

    office.meanwhile(begins, lambda: office.text(nurse, words), ends)
    assert office.report_now(report).accepted_by == nurse.id


def test_nothing_of_what_she_wrote_is_kept(office: Office, nurse: Person, report: str) -> None:
    office.text(nurse, "my secret words 0788999888")
    digits = office.digits(report, nurse)
    office.text(nurse, reply(office, nurse, report))
    with database.reading(office.engine) as session:
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


def test_an_answer_lives_half_an_hour(office: Office, nurse: Person, report: str) -> None:
    office.text(nurse, reply(office, nurse, report))
    row = office.one(Outbox, Outbox.template == "yours")
    assert row.expires_at - row.created_at == staff_sms.REPLY_LIVES == timedelta(minutes=30)
    wait_until(lambda: answers(office), "it leaves")


def test_two_who_write_off_at_the_same_moment_leave_one(office: Office) -> None:
    """Each sees the other on duty when she begins; the second waits, and looks again."""
    people = office.staff(), office.staff()
    office.together(*(lambda one=one: office.text(one, "OFF") for one in people))
    on = [row.id for row in office.all(StaffRow, StaffRow.on_duty.is_(True))]
    assert len(on) == 1
    told = {row.staff_id: row.template for row in office.all(Outbox)}
    assert told == {one.id: "last_on_duty" if one.id in on else "off_duty" for one in people}
