"""Everything that happens on the phones, kept so that it can be shown and played again.

The JSON of a recording is a contract (docs/phone-page.md): scripts and pictures are made from it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any, Final

LONGEST: Final = 2_000
"""Entries that are kept; the oldest go first."""

FORMAT: Final = 1
"""Grows when the shape of the JSON changes."""


class Recording:
    """Entries in the order in which they happened. Safe to use from many threads."""

    def __init__(self, country: str) -> None:
        self._country = country
        self._lock = threading.Lock()
        self._story: str | None = None
        self._begun = time.monotonic()
        self._phones: dict[str, dict[str, str]] = {}
        """Who held them at first."""
        self._holders: dict[str, dict[str, str]] = {}
        self._entries: deque[dict[str, Any]] = deque(maxlen=LONGEST)

    def begin(self, story: str | None = None) -> None:
        """Forget what was, and begin anew; `story` is the id of the one that is told."""
        with self._lock:
            self._story, self._begun = story, time.monotonic()
            self._phones.clear()
            self._holders.clear()
            self._entries.clear()

    def meet(self, phone: str, **about: str) -> None:
        """Who holds a phone, whenever it is used; that somebody else does now is an entry."""
        with self._lock:
            before = self._holders.get(phone)
            self._holders[phone] = about
            self._phones.setdefault(phone, about)
        if before is not None and before != about:
            self.add(phone, "card", **about)

    def add(self, phone: str | None, kind: str, **what: object) -> None:
        """One thing that somebody did or saw. `phone` None: it is about all of them."""
        entry: dict[str, Any] = {"t": round(time.monotonic() - self._begun, 2), "kind": kind}
        if phone is not None:
            entry["phone"] = phone
        with self._lock:
            self._entries.append(entry | what)

    def view(self) -> dict[str, Any]:
        """The whole recording as JSON."""
        with self._lock:
            return {
                "format": FORMAT,
                "story": self._story,
                "country": self._country,
                "phones": {phone: dict(about) for phone, about in self._phones.items()},
                "entries": [dict(entry) for entry in self._entries],
            }
