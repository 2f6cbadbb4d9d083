"""What was made on one demo, on another that is new."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import pytest

from tests.faults.demos import Demo, run_isange
from tests.scripts.conftest import CALLED, HERE
from tests.services import PATIENCE, wait_until

pytestmark = pytest.mark.system

PICTURE = HERE.parents[1] / "docs" / "story.svg"

STORY_ENDS = 60.0
"""Seconds: longer than a story waits for anything itself."""


@dataclass(frozen=True)
class Fresh:
    """A demo on which nothing has happened yet but the story of the README, and its picture."""

    demo: Demo
    picture: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One of our own: where time passes, phones hear of every report that other tests left open."""
    running = Demo(tmp_path_factory.mktemp("told") / "data")
    try:
        yield running.start()
    finally:
        running.close()
    assert running.indiscretions() == []


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    folder = tmp_path_factory.mktemp("fresh")
    running, picture = Demo(folder / "data"), folder / "story.svg"
    try:
        running.start()
        drawn = run_isange("dial", "--data", running.data, "--script", CALLED, "--picture", picture)
        assert drawn.returncode == 0, drawn
        yield Fresh(running, picture)
    finally:
        running.close()
    assert running.indiscretions() == []


def ask(demo: Demo, path: str, what: object = None) -> bytes:
    """A request of the phone page."""
    request = Request(  # noqa: S310 - the demo's own address
        demo.info["phone_url"] + "api/" + path,
        data=None if what is None else json.dumps(what).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def state(demo: Demo) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(demo, "state"))
    return found


def tell(demo: Demo, story: str) -> None:
    """Have the phone page play one of its own stories to the end."""
    ask(demo, "story", {"id": story, "speed": "fast"})
    wait_until(lambda: state(demo)["story"]["state"] != "running", "the story ends", STORY_ENDS)
    assert state(demo)["story"]["state"] == "done", state(demo)["story"]


@pytest.mark.parametrize("story", ["call-me", "child", "lead"])
def test_a_story_of_the_phone_page_is_a_script(
    demo: Demo, fresh: Fresh, tmp_path: Path, story: str
) -> None:
    tell(demo, story)
    script = tmp_path / "story.yaml"
    script.write_bytes(ask(demo, "script"))

    again = run_isange("dial", "--data", fresh.demo.data, "--script", script)

    assert again.returncode == 0, again
    assert "{code}" in script.read_text()
    numbers = [phone["number"] for phone in state(demo)["phones"]]
    assert not [number for number in numbers if number in script.read_text()]


def test_a_story_of_the_phone_page_is_a_picture(demo: Demo) -> None:
    tell(demo, "child")

    picture = ElementTree.fromstring(ask(demo, "picture"))  # noqa: S314 - ours

    said = " ".join("".join(one.itertext()) for one in picture.iter())
    assert "Worried about a child" in said
    assert "Neighbour" in said


def test_the_picture_in_the_readme_is_that_of_its_script(fresh: Fresh) -> None:
    assert _without_codes(fresh.picture) == _without_codes(PICTURE), (
        "the line answers otherwise than docs/story.svg shows: draw it again, with a demo that was "
        f"begun by `isange demo --fresh --language en`: isange dial --script {CALLED.name} "
        "--picture docs/story.svg"
    )


def _without_codes(picture: Path) -> str:
    """A picture without what differs from one time to the next: codes, hours, their keys."""
    text = re.sub(r"\+?\d{4,}|\d\d:\d\d", "0", picture.read_text("utf-8"))
    return re.sub(r"@keyframes k\d\{.*?\}\}", "", text)
