"""`isange dial` with scripts: played, recorded and drawn as people do it, from a shell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.demos import Demo, run_isange
from tests.scripts.conftest import CALLED, CENTRE

pytestmark = pytest.mark.system

WRONG = "phones: {c: caller}\nsteps:\n  - c:\n      - dial\n      - expect: Fortune teller\n"


def test_scripts_are_played_and_told(demo: Demo, tmp_path: Path) -> None:
    short = tmp_path / "short.yaml"
    short.write_text("title: Short\nphones: {c: caller}\nsteps:\n  - c: [dial, hang up]\n")

    ended = run_isange("dial", "--data", demo.data, "--script", short, CENTRE)

    assert ended.returncode == 0, ended
    assert ended.stderr == ""
    assert ended.stdout.startswith("Short\nc dials *384*3029#\n+---")
    assert "c hangs up\nThe line answered as the script has it.\n" in ended.stdout
    assert "The nearest centre (rw)" in ended.stdout
    assert "| Amakuru y'ubuzima n'umuryango" in ended.stdout
    assert ended.stdout.count("The line answered as the script has it.") == 5


def test_a_difference_ends_with_1_and_shows_both(demo: Demo, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(WRONG)

    ended = run_isange("dial", "--data", demo.data, "--script", wrong, CENTRE)

    assert ended.returncode == 1, ended
    assert f"{wrong}:5: c: expected 'Fortune teller'\nit sees:\n  Health & Family" in ended.stdout
    assert "The nearest centre" not in ended.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--script", "nowhere.yaml"), "nowhere.yaml:1: this file cannot be read"),
        (("--script", CENTRE, "--data", "nowhere"), "no demo is running in nowhere"),
        (("--script", CENTRE, "--staff"), "--script goes with --data and --picture alone"),
        (("--picture", "x.svg"), "files and --picture go with --script"),
        ((CENTRE,), "files and --picture go with --script"),
        (("--url", "http://127.0.0.1:9/", "--record", "x"), "go with a demo, not with --url"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str | Path, ...], told: str) -> None:
    ended = run_isange("dial", *words)

    assert ended.returncode == 2, ended
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_picture_shows_one_call(demo: Demo, tmp_path: Path) -> None:
    picture = tmp_path / "story.svg"

    ended = run_isange("dial", "--data", demo.data, "--script", CENTRE, "--picture", picture)

    assert ended.returncode == 2, ended
    assert "a picture shows one script in one language" in ended.stderr
    assert not picture.exists()


def test_a_call_in_the_terminal_is_recorded(demo: Demo, tmp_path: Path) -> None:
    script = tmp_path / "call.yaml"

    held = run_isange("dial", "--data", demo.data, "--record", script, typed="7\n1\n1\n1\n")

    assert held.returncode == 0, held
    assert f"The calls are in {script}." in held.stdout
    assert "press: Call me" in script.read_text()
    assert "Code {code}." in script.read_text()
    again = run_isange("dial", "--data", demo.data, "--script", script)
    assert again.returncode == 0, again


def test_a_call_of_the_staff_is_recorded_without_number_and_pin(demo: Demo, tmp_path: Path) -> None:
    script = tmp_path / "staff.yaml"
    pin = next(one["pin"] for one in demo.info["staff"] if one["role"] == "health")

    run_isange("dial", "--data", demo.data, "--staff", "--record", script, typed=f"{pin}\n")

    written = script.read_text()
    assert "type: '{caller.pin}'" in written
    assert pin not in written
    assert not re.search(r"\+\d{8}", written)
    again = run_isange("dial", "--data", demo.data, "--script", script)
    assert again.returncode == 0, again


def test_a_file_that_cannot_be_written_is_told(demo: Demo, tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "file"

    held = run_isange("dial", "--data", demo.data, "--record", nowhere, typed="")
    assert (held.returncode, held.stderr) == (2, f"{nowhere} cannot be written\n")

    drawn = run_isange("dial", "--data", demo.data, "--script", CALLED, "--picture", nowhere)
    assert (drawn.returncode, drawn.stderr) == (2, f"{nowhere} cannot be written\n")
