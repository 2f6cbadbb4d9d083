"""The same four screens in cardisk, which is served by uvicorn: `uvicorn cards:app`.

It speaks XML, counts for Prometheus and logs every request, number and input included; the log is
held to warnings here. Its sessions are in Redis by its own setting, CARDISK_USE_REDIS.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from cardisk import Cardisk, ussd  # type: ignore[import-not-found,unused-ignore]

logging.getLogger("cardisk").setLevel(logging.WARNING)
SCREENS = json.loads(Path(os.environ["SCREENS"]).read_text("utf-8"))

line = Cardisk()
app = line.app


def screen(at: int) -> Callable[[], None]:
    """Shows a text; whatever is typed leads to the next."""

    def show() -> None:
        ussd.screen(SCREENS[at])
        if at + 1 < len(SCREENS):
            ussd.next(f"/{at + 1}")

    return show


for number in range(len(SCREENS)):
    line.route("/" if number == 0 else f"/{number}")(screen(number))
app.get("/healthz")(lambda: "ok")
