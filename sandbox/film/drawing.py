"""A film as one SVG file that moves by itself: no script, nothing from elsewhere.

Each phone has all that it will ever show in one long strip behind its glass, like a film before a
window, and a CSS animation pulls the strip from place to place. Whoever wants no motion sees the
last picture.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from sandbox.film import glass, motion
from sandbox.film.film import Film, Track
from sandbox.film.glass import safe
from sandbox.handsets.cast import TITLES

CELL: Final = 256
"""Units from one phone to the next."""

WIDE, HIGH = 236, 474
"""Units of a phone."""

AT: Final = (14, 22)
"""Where the glass stands in the phone."""

TOP: Final = 44
"""Where the phones stand."""

SIDE: Final = 8

CAPTION: Final = 22
"""Units from one line of a caption to the next."""

LETTER: Final = 9.0
"""Width of a letter of a caption, roughly: its letters are not equally wide."""

KEYS: Final = ("123", "456", "789", "*0#")
KEY: Final = (58, 26)
KEYPAD: Final = (22, 340)
STEP: Final = (67, 32)
"""The keys of a row each, the size of one, where the first stands, and from one to the next."""

CALL_AND_END: Final = (
    '<rect x="22" y="304" width="58" height="26" rx="12" fill="#1b7a3d"/>'
    '<rect x="156" y="304" width="58" height="26" rx="12" fill="#b3261e"/>'
    '<g fill="#fff"><path transform="translate(43 309) scale(.7)" d="M5 4h4l2 5-2.5 1.5a11 11 0 0 '
    '0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A16 16 0 0 1 4 5a1 1 0 0 1 1-1z"/><path transform="translate('
    '177 309) scale(.7)" d="M3 13c5-5 13-5 18 0l-2.5 3.5-3.5-1.5v-3a12 12 0 0 0-6 0v3l-3.5 1.5z"/>'
    "</g>"
)

COLOURS: Final = (
    ("#47406b", "#5d5587", "#e4def4", "#3b3460"),
    ("#0d5a50", "#24756a", "#d8f0e8", "#0a4a42"),
    ("#21426c", "#3b5d89", "#dbe7f6", "#1a3659"),
    ("#7a4a24", "#94603a", "#f8e8d6", "#5f3816"),
)
"""Body, rim, glass and bar of one phone after another, as on the phone page."""

STYLE: Final = """
.name,.said{font:600 17px system-ui,"Segoe UI","DejaVu Sans",sans-serif;text-anchor:middle}
.said{font-weight:400}.key{fill:#232b30}.num{fill:#fff;text-anchor:middle}
"""


def draw(film: Film) -> str:
    """The film as the text of an SVG file."""
    count = max(len(film.tracks), 1)
    wide = CELL * max(count, 2) + 2 * SIDE
    rows = [textwrap.wrap(said, int((wide - 40) / LETTER)) for said in _said(film)]
    window = max(map(len, rows), default=0) * CAPTION + 12
    high = TOP + HIGH + 10 + window
    margin = (wide - CELL * count) / 2 + (CELL - WIDE) / 2
    style = [glass.STYLE, STYLE, motion.STYLE % {"seconds": film.seconds}]
    for number, track in enumerate(film.tracks):
        style += _motion(number, track, film.seconds)
    style.append(motion.pull("sc", film.captions, window, film.seconds))
    phones = (_phone(place, one, margin + CELL * place) for place, one in enumerate(film.tracks))
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="img" aria-labelledby="t d">',
        f'<title id="t">{safe(film.title)}</title><desc id="d">{safe(_description(film))}</desc>',
        f"<style>{''.join(style)}</style>{_definitions()}",
        f'<rect width="{wide}" height="{high}" rx="14" fill="#f4f7f5"/>',
        *phones,
        _captions(rows, wide, TOP + HIGH + 10, window),
        "</svg>\n",
    )
    return "\n".join(parts)


def _description(film: Film) -> str:
    """The story in words, for who cannot see it: its captions, or whose phones it shows."""
    said = " ".join(filter(None, _said(film)))
    return said or "Calls and messages: " + ", ".join(track.name for track in film.tracks)


def _said(film: Film) -> list[str]:
    return motion.strip(film.captions)


def _definitions() -> str:
    keys = [
        f'<rect class="key" x="{x}" y="{y}" width="{KEY[0]}" height="{KEY[1]}" rx="12"/>'
        f'<text class="num" x="{x + KEY[0] / 2:g}" y="{y + 18}">{name}</text>'
        for name, (x, y) in ((name, _key(name, *KEYPAD)) for name in "".join(KEYS))
    ]
    return (
        f'<defs><clipPath id="glass"><rect x="{AT[0]}" y="{AT[1]}" width="{glass.WIDE}" '
        f'height="{glass.HIGH}" rx="6"/></clipPath><g id="keys">{CALL_AND_END}{"".join(keys)}</g>'
        "</defs>"
    )


def _key(name: str, x: int = 0, y: int = 0) -> tuple[int, int]:
    """Where a key stands, seen from the first one at `x` and `y`."""
    row = next(row for row, names in enumerate(KEYS) if name in names)
    return x + STEP[0] * KEYS[row].index(name), y + STEP[1] * row


def _phone(number: int, track: Track, x: float) -> str:
    body, rim, sky, bar = COLOURS[number % len(COLOURS)]
    faces = "".join(
        f'<g transform="translate({AT[0]} {AT[1] + glass.HIGH * place})">'
        f"{glass.draw(face, bar)}</g>"
        for place, face in enumerate(motion.strip(track.faces))
    )
    return (
        f'<g transform="translate({x:g} {TOP})">'
        f'<text class="name" x="{WIDE / 2:g}" y="-14">{safe(_title(track.name))}</text>'
        f'<rect class="a" id="a{number}" x="-5" y="-5" width="{WIDE + 10}" height="{HIGH + 10}" '
        'rx="40" fill="none" stroke="#f0b429" stroke-width="5"/>'
        f'<rect width="{WIDE}" height="{HIGH}" rx="36" fill="{body}" stroke="{rim}" '
        'stroke-width="3"/>'
        f'<rect x="{AT[0]}" y="{AT[1]}" width="{glass.WIDE}" height="{glass.HIGH}" rx="6" '
        f'fill="{sky}"/><g clip-path="url(#glass)"><g class="s" id="s{number}">{faces}</g></g>'
        f'<use href="#keys"/><rect class="k" id="k{number}" x="{KEYPAD[0]}" y="{KEYPAD[1]}" '
        f'width="{KEY[0]}" height="{KEY[1]}" rx="12" fill="#f0b429" fill-opacity=".75"/></g>'
    )


def _captions(rows: list[list[str]], wide: int, y: int, window: int) -> str:
    """The captions below the phones, and how much of the film has passed."""
    drawn = "".join(
        f'<text class="said" x="{wide / 2:g}" y="{y + window * place + 18 + CAPTION * row}">'
        f"{safe(line)}</text>"
        for place, lines in enumerate(rows)
        for row, line in enumerate(lines)
    )
    return (
        f'<clipPath id="below"><rect y="{y}" width="{wide}" height="{window}"/></clipPath>'
        f'<g clip-path="url(#below)"><g class="s" id="sc">{drawn}</g></g>'
        f'<rect id="passed" y="{y + window - 3}" width="{wide}" height="3" fill="#24756a"/>'
    )


def _motion(number: int, track: Track, seconds: float) -> Iterator[str]:
    lit = [(moment, _key(name)) for moment, name in track.keys]
    yield motion.pull(f"s{number}", track.faces, glass.HIGH, seconds)
    yield motion.glow(f"a{number}", track.acting, seconds)
    yield motion.flash(f"k{number}", lit, seconds)


def _title(name: str) -> str:
    """What a phone is called: as on the page, or by its name in the script."""
    return TITLES.get(name, name[:1].upper() + name[1:].replace("_", " "))
