"""A recording as a script: what stands in it, line by line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.country.pack import Pack
from sandbox.demo import sample
from sandbox.handsets.line import DialledLine
from sandbox.handsets.recording import Recording
from sandbox.scripts import reading, writing
from sandbox.scripts.setting import Setting
from tests.sandbox.phones import describe

CALLER, OTHER = "+250720000001", "+250720000002"


@pytest.fixture
def setting(tmp_path: Path, pack: Pack) -> Setting:
    describe(tmp_path, pack, "http://127.0.0.1:9", "sqlite://")
    return Setting(DialledLine.read(tmp_path), pack)


@pytest.fixture
def recording(pack: Pack) -> Recording:
    recording = Recording(pack.code)
    recording.meet("survivor", number=CALLER)
    return recording


def screen(recording: Recording, text: str, state: str = "open", phone: str = "survivor") -> None:
    recording.add(phone, "screen", text=text, state=state)


def steps(recording: Recording, setting: Setting) -> list[tuple[str | None, str, Any]]:
    """Who does what, of the script; what is written must be a script."""
    script = reading.read("x", writing.write(recording.view(), setting))
    return [
        (act.phone, act.verb, act.words if len(act.words) > 1 else "".join(act.words))
        for act in script.acts
    ]


def test_a_call_with_its_lines(recording: Recording, setting: Setting) -> None:
    recording.add("survivor", "caption", text="She dials.")
    recording.add("survivor", "dial", dialled=setting.line.service_code)
    screen(recording, "Health & Family Info\n7 Call me\n0 Exit")
    recording.add("survivor", "press", typed="7")
    screen(recording, "Choose {one}: {1}.\nTwo lines\n1 Twice\n2 Twice\n9 Back")
    recording.add("survivor", "press", typed="2")
    recording.add("survivor", "repeat")
    screen(recording, "Sent. Code: 346663. Ring 0788123456 at 14:05.", "ended")
    recording.add("survivor", "dial", dialled="*384*3029*6#")
    screen(recording, "Type your code:\n9 Back")
    recording.add("survivor", "press", typed="346663")
    recording.add("survivor", "hang_up")

    assert steps(recording, setting) == [
        (None, "say", "She dials."),
        ("survivor", "dial", ""),
        ("survivor", "expect", "Health & Family Info"),
        ("survivor", "press", "Call me"),
        ("survivor", "expect", ("Choose {{one}}: {{1}}.", "Two lines")),
        ("survivor", "press", "2"),
        ("survivor", "send again", ""),
        ("survivor", "expect end", "Sent. Code: {code}. Ring {code2} at ...."),
        ("survivor", "dial", "*384*3029*6#"),
        ("survivor", "expect", "Type your code:"),
        ("survivor", "type", "{code}"),
        ("survivor", "hang up", ""),
    ]


def test_an_alert_and_its_answer(recording: Recording, setting: Setting, pack: Pack) -> None:
    nurse = next(one for one in sample.staff(pack) if one.role == "health")
    recording.meet("duty", number=nurse.phone)
    alert = "[ISANGE] 346663 P1 new. Reply 1 346663 7021 accept, 2 346663 7021 cannot."
    recording.add("duty", "sms", sender="INFO", text=alert)
    recording.add("duty", "write", to="INFO", text="1 346663 7021")
    recording.add(None, "time", minutes=5, code="346663")
    recording.add(None, "time", minutes=5)
    recording.add("duty", "dial", dialled=setting.line.staff_code)
    screen(recording, "PIN:\n0 Exit", phone="duty")
    recording.add("duty", "press", typed=nurse.pin)
    screen(recording, "You are on duty.\n1 346663 P1 yours\n2 999888 P1 new", phone="duty")
    recording.add("duty", "press", typed="1")
    screen(recording, f"Call {CALLER}.\n2 999888 P1 new", phone="duty")
    recording.add("duty", "press", typed="2")

    assert steps(recording, setting) == [
        (
            "duty",
            "expect sms",
            "[ISANGE] {code} P1 new. Reply 1 {code} {digits} accept, 2 {code} {digits} cannot.",
        ),
        ("duty", "sms", "1 {code} {digits}"),
        (None, "time passes", "{code}"),
        (None, "time passes", ""),
        ("duty", "dial", ""),
        ("duty", "expect", "PIN:"),
        ("duty", "type", "{duty.pin}"),
        ("duty", "expect", "You are on duty."),
        ("duty", "press", "{code} P1 yours"),
        ("duty", "expect", "Call {survivor.number}."),
        ("duty", "press", "2"),
    ]


def test_a_bad_network(recording: Recording, setting: Setting) -> None:
    code = setting.line.service_code
    recording.add("survivor", "dial", dialled=code)
    screen(recording, "A\n1 B")
    recording.add("survivor", "press", typed="1", late=True)
    screen(recording, "", "cut")
    recording.add("survivor", "coverage", reachable=False)
    recording.add("survivor", "dial", dialled=code)  # It has no network: nothing comes of it.
    recording.add("survivor", "press", typed="1")
    recording.add("survivor", "coverage", reachable=True)
    recording.add("survivor", "dial", dialled=code)
    screen(recording, "A\n1 B")

    assert [step[1:] for step in steps(recording, setting)] == [
        ("time limits", "quick"),
        ("dial", ""),
        ("expect", "A"),
        ("answer late", ""),
        ("press", "B"),
        ("expect cut", ""),
        ("lose network", ""),
        ("find network", ""),
        ("time limits", "off"),
        ("dial", ""),
        ("expect", "A"),
    ]


def test_another_sim_card_is_another_phone(recording: Recording, setting: Setting) -> None:
    for number in (CALLER, OTHER, CALLER):
        recording.meet("survivor", number=number)
        recording.add("survivor", "dial", dialled=setting.line.service_code)

    assert [step[0] for step in steps(recording, setting)] == [
        "survivor",
        "survivor2",
        "survivor",
    ]


def test_a_recording_that_lost_its_beginning(recording: Recording, setting: Setting) -> None:
    recording.add("survivor", "press", typed="1")
    screen(recording, "A\n1 B")
    recording.add("survivor", "hang_up")

    assert steps(recording, setting) == []


def test_nothing_recorded_is_a_script_too(pack: Pack, setting: Setting) -> None:
    assert steps(Recording(pack.code), setting) == []


def test_staff_are_named_by_role_and_centre(setting: Setting, pack: Pack) -> None:
    recording = Recording(pack.code)
    people = [one for one in sample.staff(pack) if one.role in {"national", "lead"}][:3]
    for place, person in enumerate(people):
        recording.meet(f"phone{place}", number=person.phone)

    script = reading.read("x", writing.write(recording.view(), setting))

    for name, holder in script.phones.items():
        person = people[int(name.removeprefix("phone"))]
        assert setting.person(holder).number == person.phone
