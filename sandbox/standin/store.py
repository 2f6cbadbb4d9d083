"""The record of accepted messages: the one witness that outlives a kill.

Each message is one line of JSON, written with a single system call before the provider's answer
leaves. What the kernel has taken survives `kill -9` of this process (not a power cut, which no
test of an application needs).
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE_NAME: Final = "sent.jsonl"


class UnreadableRecord(RuntimeError):
    """A line of the record is broken, so it can no longer prove what was accepted."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line} of {FILE_NAME} is broken; move the file away to start anew")


class UnknownMessage(LookupError):
    """No message with that id was accepted."""


@dataclass(frozen=True, slots=True)
class Message:
    """An SMS that the pretend provider accepted. Moments are ISO 8601 in UTC.

    `arrives_at` is when the handset shows it; None when it never does.
    """

    id: str
    to: str = field(repr=False)
    sender: str
    text: str = field(repr=False)
    at: str
    arrives_at: str | None = None

    def view(self) -> dict[str, str]:
        """The message as `GET /sent` shows it."""
        return {
            "id": self.id,
            "to": self.to,
            "from": self.sender,
            "message": self.text,
            "at": self.at,
        }


def moment(when: datetime) -> str:
    """ISO 8601 in UTC, always of the same length, so that moments sort as strings."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Store:
    """Appends messages to the file in `folder` and answers from memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE_NAME
        self._messages = _read(path)
        self._places = {message.id: place for place, message in enumerate(self._messages)}
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def add(self, message: Message) -> None:
        """Keep `message`; it is on its way to the disk when this returns. Raises OSError."""
        line = json.dumps(asdict(message), separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if os.write(self._file, line) != len(line):
                raise OSError("the record of sent messages could not be written")
            self._places[message.id] = len(self._messages)
            self._messages.append(message)

    def sent(self, to: str | None = None, after: str | None = None) -> list[Message]:
        """Messages in the order they were accepted; `after` is the id of one already seen."""
        with self._lock:
            if after is not None and after not in self._places:
                raise UnknownMessage
            start = 0 if after is None else self._places[after] + 1
            found = self._messages[start:]
        return [message for message in found if to is None or message.to == to]

    def close(self) -> None:
        """Let the file go. A message that comes later raises OSError, and is not accepted."""
        with self._lock:
            os.close(self._file)
            self._file = -1


def _read(path: Path) -> list[Message]:
    """Read the record back. A torn last line belongs to a message that was never answered for."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole, _, torn = content.rpartition(b"\n")
    if torn:
        os.truncate(path, len(content) - len(torn))
    lines = whole.split(b"\n") if whole else []
    return [_message(line, number) for number, line in enumerate(lines, start=1)]


def _message(line: bytes, number: int) -> Message:
    try:
        fields: dict[str, Any] = json.loads(line)
        return Message(**fields)
    except (ValueError, TypeError):
        raise UnreadableRecord(number) from None
