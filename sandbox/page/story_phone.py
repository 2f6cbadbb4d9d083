"""A phone of the page on which a script is played: whoever looks sees each key and each SMS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.scripts.script_phones import Arrived, ScriptPhone


@dataclass
class StoryPhone(ScriptPhone):
    """SMS come to it by the page's own way (`watch.py`). `pause` is made after every key."""

    pause: Callable[[], None] = lambda: None

    def press(self, keys: str) -> None:
        self._spell("screen", keys)
        super().press(keys)

    def write(self, text: str) -> None:
        self._spell("sms", text)
        super().write(text)

    def arrived(self) -> Sequence[Arrived]:
        return [message for message in self.handset.messages if not message.mine]

    def take(self, sms: Arrived) -> None:
        super().take(sms)
        self.handset.put_away()
        self.handset.show("message", id=sms.id)

    def _spell(self, kind: str, text: str) -> None:
        """Let the letters appear one after another."""
        try:
            for end in range(1, len(text) + 1):
                self.handset.type(kind, text[:end])
                self.pause()
        finally:
            self.handset.type(None)
