"""The stories of a training: scripts that come with the sandbox, for the phone page and the tests.

They play in any country, because they name no place: each has a centre for `{here.centre}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from sandbox.scripts import reading
from sandbox.scripts.script import Script

FOLDER: Final = Path(__file__).parents[1] / "stories"


@cache
def stories() -> Mapping[str, Script]:
    """Each story by its id, which is the name of its file."""
    return {path.stem: reading.read_file(path) for path in sorted(FOLDER.glob("*.yaml"))}


def title_of(recorded: str | None) -> str | None:
    """What people call a recording: the title of the story that was told, or what it is called."""
    story = stories().get(recorded or "")
    return story.title if story else recorded
