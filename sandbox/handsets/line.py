"""The line that the phones dial: what the description of a running demo says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sandbox.demo.plan import DESCRIPTION
from sandbox.handsets.errors import StillStarting, Unable

_DIALLED: Final = re.compile(r"\*[0-9*]+#")


@dataclass(frozen=True, slots=True)
class DialledLine:
    """Where everything is. Read once; process ids change and are read again with `pids`."""

    description: Path
    country: str
    language: str
    """Of the callers' first screen."""
    staff_language: str
    service_code: str
    staff_code: str
    stand_in_url: str
    database_url: str = field(repr=False)
    console_url: str | None = field(repr=False)
    staff: Sequence[Mapping[str, str]] = field(repr=False)

    @classmethod
    def read(cls, data: Path) -> DialledLine:
        """The line of the demo that runs in the folder `data`. Raises StillStarting."""
        path = data / DESCRIPTION
        demo = _described(path)
        return cls(
            description=path,
            country=demo["country"],
            language=demo["language"],
            staff_language=demo["staff_language"],
            service_code=demo["service_code"],
            staff_code=demo["staff_service_code"],
            stand_in_url=demo["stand_in_url"],
            database_url=demo["database_url"],
            console_url=demo["console_url"],
            staff=demo["staff"],
        )

    def pids(self) -> Mapping[str, int]:
        """The processes of the demo as they are now. Raises StillStarting."""
        pids: dict[str, int] = _described(self.description)["pids"]
        return pids

    def route(self, dialled: str) -> tuple[str, str]:
        """What was dialled, as a service code and what stands beyond it. Raises Unable.

        `*384*123*1*2#` is `1*2` on `*384*123#`.
        """
        if _DIALLED.fullmatch(dialled):
            for code in (self.service_code, self.staff_code):
                if dialled == code:
                    return code, ""
                stem = code.removesuffix("#") + "*"
                if dialled.startswith(stem):
                    return code, dialled.removeprefix(stem).removesuffix("#")
        raise Unable("The network knows no such code. Dial the one that the phone shows.")


def _described(path: Path) -> dict[str, Any]:
    try:
        demo: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise StillStarting from None
    return demo
