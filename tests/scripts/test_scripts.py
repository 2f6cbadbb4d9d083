"""Each script here and each story of the sandbox is played, and again from what was recorded."""

from __future__ import annotations

import pytest

from sandbox.handsets.recording import Recording
from sandbox.scripts import reading, writing
from sandbox.scripts.player import Differs, Performance
from sandbox.scripts.script import Script
from sandbox.scripts.setting import CannotPlay
from sandbox.scripts.stories import stories
from tests.scripts.conftest import HERE, Player
from tests.services import wait_until

pytestmark = pytest.mark.system

SCRIPTS = [reading.read_file(path) for path in sorted(HERE.glob("*.yaml"))]
SCRIPTS += stories().values()

PLAYINGS = [
    pytest.param(script, language, id=" ".join(filter(None, (script.title, language))))
    for script in SCRIPTS
    for language in script.languages or ("en", "sw")
]


@pytest.mark.parametrize(("script", "language"), PLAYINGS)
def test_the_line_answers_as_the_script_has_it(
    player: Player, script: Script, language: str | None
) -> None:
    recording = player.play(script, language)

    assert [entry for entry in recording["entries"] if entry["kind"] == "screen"]


@pytest.mark.parametrize(("script", "language"), PLAYINGS)
def test_what_is_recorded_can_be_played_again(
    player: Player, script: Script, language: str | None
) -> None:
    recording = player.play(script, language)

    written = writing.write(recording, player.stage.setting)

    again = player.play(written)
    assert _course(again) == _course(recording)


def test_what_is_recorded_names_lines_and_holes(player: Player) -> None:
    script = next(one for one in SCRIPTS if one.title.startswith("A survivor asks"))
    recording = player.play(script)

    written = writing.write(recording, player.stage.setting)

    assert "press: Call me" in written
    assert "Code {code}." in written
    assert "sms: 1 {code} {digits}" in written
    assert "type: '{duty.pin}'" in written
    assert "{survivor.number}" in written
    for phone in recording["phones"].values():
        assert phone["number"] not in written


def test_what_is_recorded_in_another_language_is_written_in_english(player: Player) -> None:
    script = next(one for one in SCRIPTS if one.title == "The nearest centre")
    written = writing.write(player.play(script, "rw"), player.stage.setting)

    assert "press: Nearest centre" in written
    assert "press: Ikinyarwanda" in written
    assert "expect: 'Nearest centres:'" in written


WRONG = """
phones: {caller: caller, nurse: health}
steps:
  - caller:
      - dial
      - {step}
"""


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("expect: Fortune teller", "6: caller: expected 'Fortune teller'\nit sees:\n  Health &"),
        ("press: Fortune teller", "6: caller: no line 'Fortune teller' to press"),
        ("expect end: Health", "6: caller: the call should have ended, and goes on"),
    ],
)
def test_a_script_that_is_wrong_fails(player: Player, step: str, told: str) -> None:
    with pytest.raises(Differs) as difference:
        player.play(WRONG.replace("{step}", step))

    assert told in str(difference.value)


def test_an_sms_that_does_not_come_is_missed(player: Player) -> None:
    script = WRONG.replace("{step}", "expect sms: Hello\n        within: 0.2")
    with pytest.raises(Differs, match=r"expected an SMS within 0\.2 s: 'Hello'\n  none"):
        player.play(script)


def test_an_sms_that_should_not_come_is_told(player: Player) -> None:
    script = reading.read("script.yaml", "phones: {a: health}\nsteps:\n  - a: expect no sms\n")
    recording = Recording("rw")
    phones = player.stage.cast(script.phones, "en", recording)
    phones["a"].handset.write("what?", phones["a"].sender)
    wait_until(phones["a"].new_messages, "the line answers")

    with pytest.raises(Differs, match=r"3: a: expected no SMS\nwhat has arrived:\n  \[ISANGE"):
        Performance(script, player.stage, phones, recording).play()


def test_a_hole_is_the_same_each_time(player: Player) -> None:
    script = """
phones: {caller: caller}
steps:
  - caller:
      - dial
      - expect: "{key} Urgent help now"
      - expect: "{key} Call me"
"""
    with pytest.raises(Differs, match=r"7: caller: expected '\{key\} Call me'"):
        player.play(script)


def test_what_the_network_refuses_is_told(player: Player) -> None:
    with pytest.raises(Differs, match="cannot press\n  There is no call"):
        player.play("phones: {caller: caller}\nsteps:\n  - caller:\n    - press: 1\n")


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("country: xx\nphones: {a: caller}\nsteps: []", "is for xx, the demo runs rw"),
        ("language: xx\nphones: {a: caller}\nsteps: []", "needs xx, which the demo does not speak"),
        ("phones: {a: health, b: health}\nsteps: []", "the same holder: write `national 2`"),
        ("phones: {a: health 9}\nsteps: []", "the demo has no health 9 at kiziguro"),
    ],
)
def test_a_script_for_another_demo_does_not_begin(player: Player, script: str, told: str) -> None:
    read = reading.read("script.yaml", script)
    with pytest.raises(CannotPlay, match=told):
        player.play(read, next(iter(read.languages), None))


def _course(recording: dict[str, list[dict[str, str]]]) -> list[tuple[str, str | None, str]]:
    """What happened on which phone, and how each call stood."""
    return [
        (entry["kind"], entry.get("phone"), entry.get("state", ""))
        for entry in recording["entries"]
        if entry["kind"] != "caption"
    ]
