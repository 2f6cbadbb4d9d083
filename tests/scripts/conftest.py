"""One running demo for all scripts, and whoever plays them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.handsets.recording import Recording
from sandbox.scripts import reading
from sandbox.scripts.player import play
from sandbox.scripts.script import Script
from sandbox.scripts.script_phones import Demo as Stage
from sandbox.scripts.stories import FOLDER
from tests.faults.demos import Demo

HERE = Path(__file__).parent

CENTRE = HERE / "nearest_centre_in_each_language.yaml"
CALLED = FOLDER / "call-me.yaml"


@dataclass(frozen=True)
class Player:
    """Plays scripts on a demo; whatever is said on the phones must be in none of its logs."""

    demo: Demo
    stage: Stage

    def play(self, script: Script | str, language: str | None = None) -> dict[str, Any]:
        """Play a script, or the text of one; what was recorded. Raises Differs, CannotPlay."""
        if isinstance(script, str):
            script = reading.read("script.yaml", script)
        recording = Recording(self.stage.line.country)
        try:
            play(script, self.stage, recording, language)
        finally:
            self._keep_secret(recording.view())
        return recording.view()

    def _keep_secret(self, recording: dict[str, Any]) -> None:
        for phone in recording["phones"].values():
            self.demo.secrets.add_number(phone["number"])
        for entry in recording["entries"]:
            if entry["kind"] in {"screen", "sms"}:
                self.demo.secrets.add_screen(entry["text"])


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("scripts") / "data")
    try:
        yield running.start()
    finally:
        running.close()
    assert running.indiscretions() == []


@pytest.fixture(scope="session")
def player(demo: Demo) -> Iterator[Player]:
    with Stage.at(demo.data) as stage:
        yield Player(demo, stage)
