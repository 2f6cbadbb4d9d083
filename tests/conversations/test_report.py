"""I need help: a report of one's own, from the first key to the code."""

from __future__ import annotations

from tests.lines import Line, code, digits


def test_an_adult_reports_and_a_nurse_accepts(line: Line) -> None:
    nurse, other = line.staff("kabutare"), line.staff("kabutare", "counsellor")
    phone = line.phone().dial().sees("Health & Family Info").press(2)
    phone.sees("Is it safe to use this phone now?").choose("Yes, continue")
    phone.sees("We do not ask your name").choose("Continue")
    phone.sees("Your age?").choose("18 or more")
    phone.sees("What happened?").choose("Sexual violence")
    phone.sees("When did it last happen?").choose("Last 3 days")
    phone.sees("Go to a centre today if you can", "Later is still OK").choose("Continue")
    phone.sees("Which province?").choose("South", "Huye")
    phone.sees("Which centre may help you?").choose("Kabutare (sample)")
    phone.sees("May the centre contact you").choose("Yes, by SMS")
    phone.sees("SMS stays on the phone").choose("Yes")
    phone.sees("When is it safe?").choose("Now")
    phone.sees("If the line cuts, may we send").choose("No")
    phone.sees("Choose 4 numbers only you know").press("2580")
    phone.sees("Send to Kabutare (sample)?", "Who may see it?")
    phone.choose("Send: health + counsellor")
    phone.sees("Sent. Code: ", "Danger: call 112").hangs_up()

    sent = line.deliver()

    alerts = {sms.to: sms for sms in sent if "P1 new" in sms.text}
    assert set(alerts) == {nurse, other}
    assert [sms.text for sms in sent if sms.to == phone.number] == [
        "Hello. Your appointment is confirmed. Thank you."
    ]
    told = line.text(nurse, f"1 {phone.code} {digits(alerts[nurse])}")
    assert {sms.to: code(sms) for sms in told} == {nurse: phone.code, other: phone.code}
