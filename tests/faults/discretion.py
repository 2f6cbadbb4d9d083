"""What was said on a phone must be in no log: numbers, keys, screens and codes, however spelt."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

LONG_ENOUGH = 12
"""Characters of a line of a screen that no log would hold by chance."""

MANY = 4
"""Keys in a row that no log would hold by chance."""


@dataclass
class Secrets:
    """All that was said so far. Nothing of it is shown when a test fails, only where it was."""

    patterns: dict[str, set[str]] = field(
        default_factory=lambda: {"a traceback": {"Traceback"}}, repr=False
    )
    """Regular expressions by the kind of thing they find. A traceback may quote anything."""

    def add_number(self, number: str) -> None:
        self._add("a number", *map(re.escape, spellings(number)))

    def add_answer(self, typed: str) -> None:
        """Something typed: not as a part of a longer word, id or fraction of a second."""
        self._add("an answer", rf"(?<![\w.-]){re.escape(typed)}(?![\w-])")

    def add_history(self, keys: list[str]) -> None:
        """All keys of a call, as the network sends them at every step."""
        if len(keys) >= MANY:
            history = "*".join(keys)
            self._add("a history", re.escape(history), re.escape(quote(history, safe="")))

    def add_screen(self, screen: str) -> None:
        lines = (line for line in screen.split("\n") if len(line) >= LONG_ENOUGH)
        self._add("a screen", *map(re.escape, lines))

    def found_in(self, files: Iterable[Path]) -> list[str]:
        """What stands where it must not, as "KIND in FILE, line N"; tracebacks among it."""
        kinds = {kind: re.compile("|".join(ours)) for kind, ours in self.patterns.items()}
        return [
            f"{kind} in {path.name}, line {number}"
            for path in files
            for number, line in enumerate(path.read_text("latin-1").split("\n"), start=1)
            for kind, ours in kinds.items()
            if ours.search(line)
        ]

    def _add(self, kind: str, *patterns: str) -> None:
        self.patterns.setdefault(kind, set()).update(patterns)


def spellings(number: str) -> Iterator[str]:
    """How +250788555001 may stand in a log."""
    digits = number.removeprefix("+")
    national = digits[3:]
    apart = " ".join((national[:3], national[3:6], national[6:]))
    yield from (national, apart, apart.replace(" ", "-"))
    yield from (digits.encode().hex(), national.encode().hex())
    yield from _base64(digits.encode())


def _base64(plain: bytes) -> Iterator[str]:
    """Base64 of `plain` wherever it begins in a longer text: what its neighbours cannot change."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + plain).decode()
        yield encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
