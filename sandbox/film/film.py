"""From a recording to a film: what each phone shows, and for how long.

Time in a recording is that of a machine or of a training. A film takes the time that is needed to
read it, and leaves out what cannot be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sandbox.scripts.stories import title_of

Kind = Literal["home", "no network", "dial", "screen", "over", "sms", "mine"]
"""What a phone shows: `over` is a screen after which the call is over, `mine` a written SMS."""

GLANCE: Final = 0.6
"""Seconds for which anything at all stands there."""

LETTERS_A_SECOND: Final = 64.0
"""How fast people read what they may also skip."""

LONGEST_LOOK: Final = 2.6
"""Seconds for the longest screen."""

A_KEY: Final = 0.16
"""Seconds between two keys."""

THE_END: Final = 3.0
"""Seconds for which the last picture stands before everything begins anew."""

PADS: Final[Mapping[str, str]] = {
    **dict(zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True)),
    " ": "0",
    "+": "0",
}
"""The key on which a letter stands."""


@dataclass(frozen=True, slots=True)
class Face:
    """What the glass of a phone shows. `typed` stands in the line for the answer."""

    kind: Kind
    text: str = ""
    typed: str | None = None


@dataclass(slots=True)
class Track:
    """A phone through the whole film. Moments are seconds from its beginning, in order."""

    name: str
    faces: list[tuple[float, Face]] = field(default_factory=lambda: [(0.0, Face("home"))])
    keys: list[tuple[float, str]] = field(default_factory=list)
    acting: list[tuple[float, bool]] = field(default_factory=lambda: [(0.0, False)])

    @property
    def face(self) -> Face:
        return self.faces[-1][1]


@dataclass(slots=True)
class Film:
    """A film; `seconds` is how long it takes until it begins anew."""

    title: str
    tracks: Sequence[Track]
    captions: list[tuple[float, str]]
    seconds: float


def shoot(recording: Mapping[str, Any]) -> Film:
    """A film of a recording, as `docs/phone-page.md` describes its JSON."""
    shooting = _Shooting(recording)
    for entry in recording["entries"]:
        shooting.take(entry)
    return shooting.film()


class _Shooting:
    def __init__(self, recording: Mapping[str, Any]) -> None:
        self._title = title_of(recording["story"]) or "Calls on a pretend network"
        names = dict.fromkeys(e["phone"] for e in recording["entries"] if _is_seen(e))
        self._tracks = {name: Track(name) for name in names}
        self._captions: list[tuple[float, str]] = [(0.0, "")]
        self._now = 0.0
        self._read_until = 0.0

    def take(self, entry: Mapping[str, Any]) -> None:
        """What one entry shows, and time to see it."""
        if entry["kind"] == "caption":
            self._say(entry["text"])
            return
        if entry["kind"] == "time":
            self._say(f"{entry['minutes']} minutes later")
            self._pass(GLANCE)
            return
        if entry["phone"] in self._tracks:
            self._show(self._tracks[entry["phone"]], entry)

    def film(self) -> Film:
        seconds = max(self._now, self._read_until) + THE_END
        return Film(self._title, tuple(self._tracks.values()), self._captions, seconds)

    def _show(self, track: Track, entry: Mapping[str, Any]) -> None:
        self._act(track)
        match entry["kind"]:
            case "dial":
                self._type(track, "dial", entry["dialled"])
            case "press":
                self._answer(track, entry["typed"])
            case "screen":
                self._turn(track, _screen(entry))
            case "hang_up" | "card":
                self._turn(track, Face("home"))
            case "coverage":
                self._turn(track, Face("home" if entry["reachable"] else "no network"))
            case "sms":
                self._turn(track, Face("sms", entry["text"]))
            case "write":
                self._type(track, "mine", entry["text"])
            case _:
                pass  # The network repeats a step: the phone shows nothing of it.

    def _say(self, text: str) -> None:
        """A caption; whatever happens next waits until the one before it has been read."""
        if not text:
            return
        self._now = max(self._now, self._read_until)
        self._captions.append((self._now, text))
        self._read_until = self._now + _reading(text)
        self._pass(GLANCE)

    def _act(self, track: Track) -> None:
        for one in self._tracks.values():
            if one.acting[-1][1] != (one is track):
                one.acting.append((self._now, one is track))

    def _turn(self, track: Track, face: Face) -> None:
        track.faces.append((self._now, face))
        self._pass(_reading(face.text))

    def _type(self, track: Track, kind: Kind, text: str) -> None:
        track.faces.append((self._now, Face(kind, text)))
        self._press_keys(track, text if kind == "dial" else "")
        self._pass(_reading(text) if kind == "mine" else GLANCE)

    def _answer(self, track: Track, typed: str) -> None:
        before = track.face
        track.faces.append((self._now, Face(before.kind, before.text, typed)))
        self._press_keys(track, typed)
        self._pass(GLANCE)

    def _press_keys(self, track: Track, text: str) -> None:
        for letter in text.lower():
            key = PADS.get(letter, letter)
            if key in "0123456789*#":
                track.keys.append((self._now, key))
                self._pass(A_KEY)

    def _pass(self, seconds: float) -> None:
        self._now += seconds


def _is_seen(entry: Mapping[str, Any]) -> bool:
    return entry["kind"] not in {"caption", "time"} and entry.get("phone") is not None


def _screen(entry: Mapping[str, Any]) -> Face:
    match entry["state"]:
        case "open":
            return Face("screen", entry["text"], "")
        case "ended":
            return Face("over", entry["text"])
        case "hung_up":
            return Face("home")
        case _:
            return Face("over", "Connection problem")


def _reading(text: str) -> float:
    return min(GLANCE + len(text) / LETTERS_A_SECOND, LONGEST_LOOK)
