"""Staff see to their duty by SMS: come on, go off, ask who is there, have a colleague take over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway.runtime.phones import Msisdn
from gateway.staff import roster, rota
from gateway.staff.roster import Role
from gateway.staff.rota import Span
from gateway.store import database
from gateway.store.models import Audit, Base, IncomingSms, Staff
from tests.conversations.interpreter import in_every_language
from tests.conversations.test_staff_line import report, signed_in
from tests.one_process_line import Line, code, digits
from tests.sms_provider import Sms

STAY = (
    "If that is a colleague who can take over, she is asked now. "
    "You stay on duty until she replies ON."
)


def said(sent: list[Sms], number: str) -> str:
    """The one SMS that this number got."""
    (text,) = [sms.text for sms in sent if sms.to == number]
    return text.removeprefix("[ISANGE] ")


def has_shift(line: Line, number: str, hours: float, shown: str = "%H:%M") -> str:
    """A shift that runs and ends after so many hours; its end by the clock of the country."""
    with database.writing(line.web.database, "test") as session:
        person = roster.by_number(session, line.web.vault, Msisdn(number))
        assert person is not None
        end = session.at + timedelta(hours=hours)
        rota.add_shift(session, person, Span(session.at - timedelta(hours=1), end))
    return f"{end.astimezone(line.web.pack.timezone):{shown}}"


def alerted(line: Line) -> set[str]:
    """Whom a new report for Kabutare goes to."""
    phone = line.phone("+250788000001").dial()
    phone.choose("I need help", "Yes, continue", "Continue", "18 or more", "Beaten or hurt")
    phone.choose("Last 3 days", "South", "Huye", "Kabutare", "Yes, by call", "Evening", "No")
    phone.press("2580").choose("Send: health")
    return {sms.to for sms in line.deliver()}


LAST = (
    "You are the last one on duty, so you stay on. To go off dial *384*3030# with your PIN, "
    "or reply SWAP and a colleague's number."
)


def test_on_and_off(line: Line) -> None:
    nurse, colleague = line.staff("kabutare", on_duty=False), line.staff("kabutare")
    assert said(line.text(nurse, "on please"), nurse) == (
        "You are on duty now. Reply OFF when you stop."
    )
    sent = line.text(nurse, "OFF")
    assert [sms.to for sms in sent] == [nurse]
    assert said(sent, nurse) == "You are off duty now. If this was not you, reply ON."
    assert alerted(line) == {colleague}


def test_the_last_one_on_duty_does_not_go_off_by_sms(line: Line) -> None:
    """Anybody can have written it; on the staff's line her PIN shows that it is she."""
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    assert said(line.text(nurse, "OFF"), nurse) == LAST
    signed_in(line, nurse).sees("You are on duty.").choose("Go off duty").sees("You are off duty.")
    assert said(line.deliver(), lead).startswith("Nobody is on duty")


def test_two_forged_sms_do_not_keep_a_danger_from_being_heard(line: Line) -> None:
    duty = [line.staff("national", "national") for _ in range(2)]
    answers = [said(line.text(number, "OFF"), number) for number in duty]
    assert [answer == LAST for answer in answers] == [False, True]
    phone = line.phone().dial().choose("Urgent help now", "Ask centre to call me", "Yes, call now")
    phone.sees("Your request is sent.").hangs_up()
    assert [sms.to for sms in line.deliver()] == duty[1:]


def test_the_last_one_in_a_shift_stays_as_well_and_a_swap_lets_her_go(line: Line) -> None:
    nurse, colleague = line.staff("kabutare", on_duty=False), line.staff("kabutare", on_duty=False)
    has_shift(line, nurse, 3)
    assert said(line.text(nurse, "off"), nurse) == LAST
    line.text(nurse, f"SWAP {colleague}")
    line.text(colleague, "ON")
    assert alerted(line) == {colleague}
    assert said(line.text(colleague, "off"), colleague) == LAST


def test_who_is_not_asked_first_goes_off_as_she_likes(line: Line) -> None:
    lead = line.staff("kabutare", "lead")
    assert said(line.text(lead, "OFF"), lead).startswith("You are off duty now.")


def test_a_duty_phone_that_blocks_us_and_was_the_last_one_wakes_its_lead(line: Line) -> None:
    """The network does not bring it any alert, whatever we would rather have."""
    nurse, lead = line.staff("kabutare"), line.staff("kabutare", "lead")
    line.post("opt-out", {"senderId": "3029", "phoneNumber": nurse})
    assert said(line.deliver(), lead).startswith("Nobody is on duty")


def test_the_answer_tells_when_a_shift_ends(line: Line) -> None:
    nurse = line.staff("kabutare", on_duty=False)
    end = has_shift(line, nurse, 3)
    assert said(line.text(nurse, "On"), nurse) == f"You are on duty until {end}."


def test_who_is_on_duty_by_role_and_nothing_more(line: Line) -> None:
    nurse, other = line.staff("kabutare", on_duty=False), line.staff("kabutare", on_duty=False)
    line.staff("kabutare", "lead")
    line.staff("kabutare", "counsellor", on_duty=False)
    line.staff("kigeme", "investigator")
    assert said(line.text(nurse, "WHO"), nurse) == "On duty: centre lead. You: OFF."
    has_shift(line, nurse, 1)
    end = has_shift(line, other, 3)
    assert said(line.text(nurse, "Who is on duty?"), nurse) == (
        f"On duty: health worker {end}, centre lead. You: ON."
    )


def test_with_nobody_on_duty_who_says_so(line: Line) -> None:
    nurse = line.staff("kabutare", on_duty=False)
    assert said(line.text(nurse, "who"), nurse) == "On duty: nobody. You: OFF."


def test_a_duty_that_ends_in_some_days_is_told_by_its_date(line: Line) -> None:
    nurse = line.staff("kabutare", on_duty=False)
    day = has_shift(line, nurse, 50, "%d/%m")
    assert said(line.text(nurse, "ON"), nurse) == f"You are on duty until {day}."


@in_every_language
def test_every_answer_comes_in_her_language(line: Line, language: str) -> None:
    nurse = line.staff("kabutare", language=language)
    colleague = line.staff("kabutare", language=language)
    last = line.staff("kigeme", language=language)
    answers = [said(line.text(nurse, word), nurse) for word in ("ON", "WHO", "OFF", "OK", "hello")]
    answers += [
        said(line.text(nurse, f"SWAP {colleague}"), nurse),
        said(line.text(last, "OFF"), last),
    ]
    english = ("You are", "On duty", "Thank you", "Not understood")
    if language != "en":
        assert [one for one in answers if one.startswith(english)] == []


def test_a_colleague_takes_over(line: Line) -> None:
    nurse, colleague = line.staff("kabutare", on_duty=False), line.staff("kabutare", on_duty=False)
    end = has_shift(line, nurse, 3)
    national = "0" + colleague.removeprefix("+250")
    sent = line.text(nurse, f"Swap {national}")
    assert said(sent, nurse) == STAY
    assert said(sent, colleague) == (
        f"A colleague asks you to take over her duty until {end}. "
        "If you can, reply ON within 2 hours."
    )
    sent = line.text(colleague, "ON")
    assert said(sent, colleague) == f"You are on duty until {end}."
    assert said(sent, nurse) == (
        "Your colleague has taken over. You are off duty now. If you did not want this, reply ON."
    )
    assert alerted(line) == {colleague}


def test_a_duty_without_end_is_asked_for_without_one(line: Line) -> None:
    nurse, colleague = line.staff("kabutare"), line.staff("kabutare", on_duty=False)
    assert said(line.text(nurse, f"SWAP {colleague}"), colleague) == (
        "A colleague asks you to take over her duty. If you can, reply ON within 2 hours."
    )


def test_a_colleague_answers_on_the_staffs_line_as_well(line: Line) -> None:
    nurse, colleague = line.staff("kabutare"), line.staff("kabutare", on_duty=False)
    line.text(nurse, f"SWAP {colleague}")
    signed_in(line, colleague).sees("You are off duty.").choose("Go on duty")
    assert said(line.deliver(), nurse).startswith("Your colleague has taken over.")


def test_going_off_on_the_staffs_line_tells_the_lead(line: Line) -> None:
    nurse, lead = line.staff("kabutare", on_duty=False), line.staff("kabutare", "lead")
    has_shift(line, nurse, 3)
    signed_in(line, nurse).sees("You are on duty.").choose("Go off duty").sees("You are off duty.")
    assert said(line.deliver(), lead).startswith("Nobody is on duty")


@pytest.mark.parametrize("whose", ["elsewhere", "a caller's", "her own", "no number"])
def test_numbers_cannot_be_tested(line: Line, whose: str) -> None:
    """The answer is the same as for a colleague's, and nobody hears of it."""
    nurse = line.staff("kabutare")
    number = {
        "elsewhere": line.staff("kigeme"),
        "a caller's": "+250788123456",
        "her own": nurse,
        "no number": "0788",
    }[whose]
    sent = line.text(nurse, f"SWAP {number}")
    assert [sms.to for sms in sent] == [nurse]
    assert said(sent, nurse) == STAY


def test_no_sms_goes_to_a_number_that_somebody_typed(line: Line) -> None:
    nurse = line.staff("kabutare")
    line.text(nurse, "SWAP 0788999888")
    line.text(nurse, "ON 0788999888")
    assert {sms.to for sms in line.sms_provider.taken} == {nurse}


def test_who_is_off_duty_has_nothing_to_swap(line: Line) -> None:
    nurse, colleague = line.staff("kabutare", on_duty=False), line.staff("kabutare")
    sent = line.text(nurse, f"SWAP {colleague}")
    assert [sms.to for sms in sent] == [nurse]
    assert said(sent, nurse) == "You are off duty: there is nothing to take over."


@pytest.mark.parametrize("words", ["ON", "OFF", "WHO", "OK"])
def test_the_same_sms_counts_once_however_often_it_is_delivered(line: Line, words: str) -> None:
    nurse = line.staff("kabutare", on_duty=words != "ON")
    line.staff("kabutare")
    assert [len(line.text(nurse, words, "in-x")) for _ in range(3)] == [1, 0, 0]
    with database.reading(line.web.database) as session:
        acts = session.scalars(select(Audit.act)).all()
    assert list(acts) == {"ON": ["on duty"], "OFF": ["off duty"]}.get(words, [])


def test_a_repeated_swap_asks_once(line: Line) -> None:
    nurse, colleague = line.staff("kabutare"), line.staff("kabutare")
    for message in ("in-x", "in-x", "in-y"):
        line.text(nurse, f"SWAP {colleague}", message)
    assert [sms.to for sms in line.sms_provider.taken].count(colleague) == 1


def test_words_of_a_stranger_are_not_for_staff(line: Line) -> None:
    nurse = line.staff("kabutare")
    sent = line.text("+250788999888", f"SWAP {nurse}")
    assert nurse not in {sms.to for sms in sent}
    with database.reading(line.web.database) as session:
        acts = set(session.scalars(select(Audit.act)))
    assert "asked to swap" not in acts


def test_an_alert_is_accepted_whatever_stands_around_the_answer(line: Line) -> None:
    nurse = line.staff("kabutare")
    report(line)
    (alert,) = [sms for sms in line.sms_provider.taken if sms.to == nurse]
    sent = line.text(nurse, f"OFF 1 {code(alert)} {digits(alert)} on")
    assert said(sent, nurse).startswith(f"{code(alert)} is yours.")


def test_two_machines_do_not_talk_for_ever(line: Line) -> None:
    """What makes alerts safer is still done; what could do harm is not."""
    nurse, colleague = line.staff("kabutare"), line.staff("kabutare")
    for _ in range(25):
        line.text(nurse, "WHO")
    assert len(line.sms_provider.taken) == 20
    for words in ("OFF", f"SWAP {colleague}", "WHO"):
        assert line.text(nurse, words) == []
    signed_in(line, nurse).sees("You are on duty.").choose("Go off duty")
    line.deliver()
    assert line.text(nurse, "ON") == []
    signed_in(line, nurse).sees("You are on duty.")


def test_nothing_of_what_she_wrote_is_kept(line: Line) -> None:
    nurse, colleague = line.staff("kabutare"), line.staff("kabutare")
    line.text(nurse, f"SWAP {colleague}")
    line.text(nurse, "who is my secret friend")
    with database.reading(line.web.database) as session:
        rows = [session.execute(select(table)).all() for table in Base.metadata.sorted_tables]
    everything = repr(rows)
    for word in ("secret friend", colleague[4:], nurse[4:]):
        assert word not in everything


ANSWERS: list[Callable[[str], str]] = [
    lambda alert: "OK",
    lambda alert: "on",
    lambda alert: "what is this?",
    lambda alert: alert,
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_any_sms_answers_the_weekly_test(line: Line, answer: Callable[[str], str]) -> None:
    nurse = line.staff("kabutare")
    with database.writing(line.web.database, "test") as session:
        two_days_ago = database.now(session) - timedelta(hours=47)
        session.execute(update(Staff).values(tested_at=two_days_ago, test_answered_at=None))
    code_of_report = report(line)
    (alert,) = [sms for sms in line.sms_provider.taken if sms.to == nurse]
    line.text(nurse, answer(f"1 {code_of_report} {digits(alert)}"))
    with database.reading(line.web.database) as session:
        person = session.scalars(select(Staff)).one()
        heard = session.scalars(select(IncomingSms.received_at)).one()
        assert person.test_answered_at == heard


@pytest.mark.parametrize("role", ["operator", "witness"])
def test_who_is_never_alerted_has_no_duty(line: Line, role: Role) -> None:
    number, national = line.staff("national", role), line.staff("national", "national")
    for words in ("OFF", "ON", "WHO", f"SWAP {national}"):
        sent = line.text(number, words)
        assert [sms.to for sms in sent] == [number]
        assert said(sent, number).startswith("Not understood.")
    assert said(line.text(number, "OK"), number) == "Thank you. Your phone works."


def test_ok_gets_a_kind_answer(line: Line) -> None:
    nurse = line.staff("kabutare")
    assert said(line.text(nurse, "ok"), nurse) == "Thank you. Your phone works."
