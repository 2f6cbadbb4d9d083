"""What stands behind the glass of a drawn phone: its home screen, a call, a message."""

from __future__ import annotations

import textwrap
from typing import Final
from xml.sax.saxutils import escape

from sandbox.film.film import Face

WIDE, HIGH = 208, 272
"""Units of the glass."""

INK: Final = 13.0
LINE: Final = 18
LETTER: Final = 7.9
"""Height, distance between lines and width of a letter of the screen: all are equally wide."""

BAR, ANSWER, EDGE = 20, 26, 8
"""Heights of what stands above and below the words, and what is left free beside them."""

SIZES: Final = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.5)
"""Of letters: the largest with which the whole text has room."""

TYPED: Final = 20
"""Letters of an answer that have room in its line; the last ones are shown."""

STYLE: Final = """
text{font:13px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#14201c}
.p{fill:#fff}.m{text-anchor:middle}.mine{fill:#d9f2dc}.big{font-size:20px}.soft{font-weight:700}
.bars{fill:#fff}.head{font:600 13px system-ui,"Segoe UI","DejaVu Sans",sans-serif}
"""

_BARS: Final = "M8 14v-3h3v3zM13 14v-5h3v5zM18 14v-7h3v7zM23 14v-9h3v9z"
_NO_BARS: Final = "M9 5l10 10-1.5 1.5L7.5 6.5zM19 6.5L9 16.5 7.5 15 17.5 5z"


def draw(face: Face, bar: str) -> str:
    """What the glass shows; `bar` is the colour of its upper edge."""
    signal = _NO_BARS if face.kind == "no network" else _BARS
    top = f'<rect width="{WIDE}" height="{BAR}" fill="{bar}"/><path class="bars" d="{signal}"/>'
    match face.kind:
        case "home" | "no network":
            return top + _home("" if face.kind == "home" else "No network")
        case "dial":
            return f'{top}<text class="m big" x="{WIDE / 2:g}" y="110">{safe(face.text)}</text>'
        case "sms" | "mine":
            return top + _bubble(face)
        case _:
            return top + _popup(face)


def safe(text: str) -> str:
    """Text for an XML file: what no phone could show becomes a space."""
    return escape("".join(c if c.isprintable() else " " for c in text))


def _home(words: str) -> str:
    y = HIGH - 10
    return (
        f'<text class="m" x="{WIDE / 2:g}" y="130">{words}</text>'
        f'<text class="soft" x="{EDGE}" y="{y}">Dial</text>'
        f'<text class="soft" x="{WIDE - EDGE}" y="{y}" text-anchor="end">Messages</text>'
    )


def _popup(face: Face) -> str:
    """A screen of the line; it asks for an answer as long as the call goes on."""
    room = HIGH - BAR - 16
    asked = ""
    if face.typed is not None:
        y = HIGH - ANSWER - 9
        room -= ANSWER + 4
        asked = (
            f'<rect x="8" y="{y}" width="{WIDE - 16}" height="{ANSWER}" rx="5" fill="#fff" '
            f'stroke="#47406b" stroke-width="1.5"/>'
            f'<text x="14" y="{y + 18}">{safe(face.typed[-TYPED:])}</text>'
        )
    return (
        f'<rect class="p" x="4" y="{BAR + 4}" width="{WIDE - 8}" height="{HIGH - BAR - 8}" '
        f'rx="7"/>{_words(face.text, EDGE, BAR + 8, WIDE - 2 * EDGE, room)}{asked}'
    )


def _bubble(face: Face) -> str:
    """A message that has come, or one that was written here."""
    mine = face.kind == "mine"
    x, wide = (22 if mine else 6), WIDE - 28
    lines = _wrapped(face.text, (wide - 12) / LETTER)
    high = min(len(lines) * LINE + 14, HIGH - BAR - 36)
    return (
        f'<text class="head" x="{x + 2}" y="{BAR + 19}">{"Sent" if mine else "New message"}</text>'
        f'<rect class="{"mine" if mine else "p"}" x="{x}" y="{BAR + 28}" width="{wide}" '
        f'height="{high}" rx="10"/>{_words(face.text, x + 6, BAR + 34, wide - 12, high - 12)}'
    )


def _words(text: str, x: float, y: float, wide: float, high: float) -> str:
    """The whole text in lines; smaller where there are more of them than have room."""
    for size in SIZES:
        lines = _wrapped(text, wide / (LETTER * size))
        if len(lines) * LINE * size <= high:
            break
    drawn = "".join(
        f'<text y="{place * LINE + INK:g}">{safe(line)}</text>' for place, line in enumerate(lines)
    )
    scale = "" if size == 1.0 else f" scale({size:g})"
    return f'<g transform="translate({x:g} {y:g}){scale}">{drawn}</g>'


def _wrapped(text: str, letters: float) -> list[str]:
    return [part for line in text.split("\n") for part in textwrap.wrap(line, int(letters)) or [""]]
