"""`isange menus`: what an operator, a developer and a translator type."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gateway

pytestmark = pytest.mark.system

ROOT = Path(gateway.__file__).parents[1]


def isange(*words: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commands.cli", *words],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The line as it ships, to break it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("commands", "gateway", "menus", "menutools", "locales"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    return tmp_path


def test_a_translation_that_is_lost_fails_the_check(copy: Path) -> None:
    """The problem is told with the keys that lead to it."""
    swahili = copy / "locales" / "sw" / "LC_MESSAGES" / "isange.po"
    kept = [
        entry
        for entry in swahili.read_text("utf-8").split("\n\n")
        if 'msgid "Is it safe for us to call THIS number now?"' not in entry
    ]
    swahili.write_text("\n\n".join(kept), "utf-8")

    checked = isange("menus", "check", "--country", "ke", root=copy)

    problem = "sw 1*1: emergency.may_we_call: no translation, or a fuzzy one, of 'Is it safe"
    assert problem in checked.stdout, checked.stderr
    assert checked.returncode == 1


def test_a_screen_that_nobody_comes_to_fails_the_check(copy: Path) -> None:
    """One country will do: no caller of any comes here."""
    shutil.rmtree(copy / "gateway" / "countries" / "rw")
    rights = copy / "menus" / "callers" / "rights.py"
    with rights.open("a", encoding="utf-8") as file:
        file.write(
            "\n\n@screen\ndef lost(caller: Caller) -> Choose:\n"
            '    """Nobody comes here."""\n'
            '    return choose("Counsellor")\n'
        )

    checked = isange("menus", "check", root=copy)

    assert "\nrights.lost: nobody comes to this screen\n" in checked.stdout, checked.stderr
    assert checked.returncode == 1


def test_a_dialogue_is_printed() -> None:
    shown = isange("menus", "show", "call_me", "--language", "fr")
    assert "call_me.offer\n" in shown.stdout, shown.stderr
    assert "English: A counsellor can call you." in shown.stdout
    assert shown.returncode == 0


def test_drawings_and_table_are_written(tmp_path: Path) -> None:
    out = tmp_path / "new" / "docs"
    for command in ("graph", "cost"):
        written = isange("menus", command, "--out", str(out))
        assert written.returncode == 0, written.stderr
    names = {path.name for path in out.iterdir()}
    assert names == {"dialogue.md", "short-path.md"}


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("check", "--country", "atlantis"), "is no country we have"),
        (("show", "sing"), "sing is no dialogue"),
        (("show", "report", "--language", "de"), "de is not spoken here"),
        (("graph", "--out", "/dev/null"), "/dev/null cannot be written to"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_two(
    words: tuple[str, ...], advice: str
) -> None:
    refused = isange("menus", *words)
    assert refused.returncode == 2
    assert advice in refused.stderr
    assert refused.stderr.count("\n") == 1
