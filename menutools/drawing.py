"""A dialogue as a picture (SVG) that needs nothing but itself.

Every screen is a card with its options; an arrow carries the numbers of the options that take it.
What leads back up, or into another dialogue, is written beside the option: a line across the whole
picture helps nobody.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

from menutools.dialogues import ASKER, Box, Dialogue, Lead
from menutools.layout import Edge, Layout, Size, downward, lay_out

WIDTH: Final = 280
LINE: Final = 16
PADDING: Final = 10
LETTERS: Final = 38
"""Letters of a line that fit the width of a card."""

GAP: Final = Size(36, 60)
MARGIN: Final = 24

STYLE: Final = """\
text { font: 12px "Helvetica Neue", Helvetica, Arial, sans-serif; fill: #1f2933; }
.name { font-weight: 700; fill: #fff; }
.number { font-weight: 700; fill: #0b7285; }
.beyond { fill: #8a5a00; }
.card { fill: #fff; stroke: #0b7285; stroke-width: 1.5; }
.bar { fill: #0b7285; }
.end .card { stroke: #52606d; }
.end .bar { fill: #52606d; }
.door .card { fill: #fff8e6; stroke: #b7791f; }
.door .bar { fill: #b7791f; }
.arrow { fill: none; stroke: #52606d; stroke-width: 1.4; }
.some { stroke-dasharray: 5 4; }
.label { fill: #fff; stroke: #9fb3c8; }
"""


@dataclass(slots=True)
class Arrow:
    """The options that lead from one card to another; dashed unless every caller has one."""

    numbers: list[int] = field(default_factory=list)
    always: bool = False


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line of a card: an option's number ("" if none), its words, and where it leads beyond."""

    number: str
    words: str
    beyond: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A screen laid out in lines; `kind` is "screen", "end" or "door" (another dialogue)."""

    name: str
    kind: str
    lines: Sequence[DrawnLine]

    @property
    def size(self) -> Size:
        return Size(WIDTH, LINE * (len(self.lines) + 1) + 3 * PADDING)


def draw(dialogue: Dialogue) -> str:
    """The picture of a dialogue."""
    arrows = _arrows(dialogue)
    names = [box.screen for box in dialogue.boxes]
    drawn = downward(names, arrows)
    cards = {box.screen: _card(box, drawn) for box in dialogue.boxes}
    doors = {name for edge in drawn for name in edge if name not in cards}
    cards |= {
        name: Card(name, "door", [DrawnLine("", "drawn by itself")]) for name in sorted(doors)
    }
    layout = lay_out({name: card.size for name, card in cards.items()}, drawn, GAP)
    return "\n".join(_picture(dialogue, cards, {edge: arrows[edge] for edge in drawn}, layout))


def _arrows(dialogue: Dialogue) -> dict[Edge, Arrow]:
    """Every way from card to card, those through a door in two arrows."""
    arrows: dict[Edge, Arrow] = {}
    names = {box.screen for box in dialogue.boxes}
    for box in dialogue.boxes:
        for number, lead in _numbered(box):
            for edge in _edges(box.screen, lead, names):
                arrow = arrows.setdefault(edge, Arrow())
                arrow.always |= lead.always
                if edge[0] == box.screen and number not in arrow.numbers:
                    arrow.numbers.append(number)
    return arrows


def _edges(screen: str, lead: Lead, names: set[str]) -> list[Edge]:
    if lead.then in names and lead.target not in names:
        door = _dialogue(lead.target)
        return [(screen, door), (door, lead.then)]
    return [(screen, lead.target)] if lead.target in names else []


def _numbered(box: Box) -> Iterator[tuple[int, Lead]]:
    """Each lead with the number of its words among the options of the card."""
    numbers = {label: place for place, label in enumerate(_labels(box), 1)}
    return ((numbers[lead.label], lead) for lead in box.leads)


def _labels(box: Box) -> list[str]:
    return list(dict.fromkeys(lead.label for lead in box.leads))


def _dialogue(screen: str) -> str:
    return screen.partition(".")[0]


def _card(box: Box, drawn: Sequence[Edge]) -> Card:
    text, *others = box.texts
    lines = [
        DrawnLine("", line) for part in text.split("\n") for line in textwrap.wrap(part, LETTERS)
    ]
    if others:
        texts = "another text" if len(others) == 1 else f"{len(others)} other texts"
        lines.append(DrawnLine("", "", f"for some: {texts}"))
    for number, label in enumerate(_labels(box), 1):
        leads = [lead for lead in box.leads if lead.label == label]
        beyond = dict.fromkeys(filter(None, (_beyond(box.screen, one, drawn) for one in leads)))
        lines += _option(str(number), label, " ".join(beyond))
    return Card(box.screen, "end" if box.ends else "screen", lines)


def _option(number: str, label: str, beyond: str) -> Iterator[DrawnLine]:
    """The lines of an option; what lies beyond gets one of its own where it does not fit."""
    if len(label) + len(beyond) + 3 <= LETTERS:
        yield DrawnLine(number, label, beyond)
        return
    yield DrawnLine(number, textwrap.shorten(label, LETTERS, placeholder="..."))
    if beyond:
        yield DrawnLine("", "", beyond)


def _beyond(screen: str, lead: Lead, drawn: Sequence[Edge]) -> str:
    """Where an option leads that no arrow of this picture shows."""
    if lead.target == ASKER:
        return "\N{RIGHTWARDS ARROW} whoever asked"
    if lead.target == screen:
        return "\N{CLOCKWISE OPEN CIRCLE ARROW} again"
    if (screen, lead.target) in drawn or (screen, _dialogue(lead.target)) in drawn:
        return ""
    if _dialogue(lead.target) == _dialogue(screen):
        return f"\N{UPWARDS ARROW} {lead.target.partition('.')[2]}"
    then = f", then {_dialogue(lead.then)}" if lead.then else ""
    return f"\N{RIGHTWARDS ARROW} {lead.target}{then}"


def _picture(
    dialogue: Dialogue, cards: Mapping[str, Card], arrows: Mapping[Edge, Arrow], layout: Layout
) -> Iterator[str]:
    width, height = layout.size.width + 2 * MARGIN, layout.size.height + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" role="img">'
    )
    yield f"<title>{escape(dialogue.name)}: {escape(dialogue.about)}</title>"
    yield f"<style>\n{STYLE}</style>"
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#52606d"/></marker></defs>'
    )
    yield f'<rect x="{-MARGIN}" y="{-MARGIN}" width="100%" height="100%" fill="#f5f7fa"/>'
    starts = _starts(arrows, layout)
    for edge, arrow in arrows.items():
        yield _line(edge, arrow, cards, layout, starts[edge])
    for name, card in cards.items():
        yield from _card_lines(card, *layout.tops[name])
    for edge, arrow in arrows.items():
        if arrow.numbers:
            bottom = layout.tops[edge[0]][1] + cards[edge[0]].size.height
            yield from _label(_ranges(sorted(arrow.numbers)), starts[edge], bottom)
    yield "</svg>\n"


def _starts(arrows: Mapping[Edge, Arrow], layout: Layout) -> dict[Edge, float]:
    """Where along the lower edge of its card each arrow begins: in the order of where they go."""
    starts = {}
    for source in {source for source, _ in arrows}:
        leaving = sorted((edge for edge in arrows if edge[0] == source), key=layout.heading)
        for place, edge in enumerate(leaving, 1):
            share = place / (len(leaving) + 1) - 0.5
            starts[edge] = layout.tops[source][0] + share * WIDTH
    return starts


def _line(edge: Edge, arrow: Arrow, cards: Mapping[str, Card], layout: Layout, start: float) -> str:
    source, target = edge
    x, y = start, layout.tops[source][1] + cards[source].size.height
    path = f"M{x:.0f} {y:.0f}"
    for bend in layout.bends[edge]:
        path += f"{_curve(x, y, bend.x, bend.top)}L{bend.x:.0f} {bend.bottom:.0f}"
        x, y = bend.x, bend.bottom
    path += _curve(x, y, *layout.tops[target])
    some = "" if arrow.always else " some"
    return f'<path class="arrow{some}" d="{path}" marker-end="url(#head)"/>'


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    half = (y + to_y) / 2
    return f"C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {to_y:.0f}"


def _ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 5 is "1-3, 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs)


def _label(numbers: str, x: float, y: float) -> Iterator[str]:
    width = 10 + 7 * len(numbers)
    yield (
        f'<rect class="label" x="{x - width / 2:.0f}" y="{y + 4:.0f}" width="{width}" '
        f'height="17" rx="8"/>'
    )
    yield f'<text class="number" x="{x:.0f}" y="{y + 17:.0f}" text-anchor="middle">{numbers}</text>'


def _card_lines(card: Card, x: float, y: float) -> Iterator[str]:
    left, height = x - WIDTH / 2, card.size.height
    yield f'<g class="{card.kind}" transform="translate({left:.0f} {y:.0f})">'
    yield f'<rect class="card" width="{WIDTH}" height="{height:.0f}" rx="6"/>'
    yield f'<rect class="bar" width="{WIDTH}" height="{LINE + PADDING}" rx="6"/>'
    end = "end: " if card.kind == "end" else ""
    yield f'<text class="name" x="{PADDING}" y="18">{end}{escape(card.name)}</text>'
    for number, line in enumerate(card.lines, 1):
        at = LINE * (number + 1) + 2 * PADDING - 4
        indent = PADDING + (16 if line.number or line.beyond else 0)
        yield f'<text x="{indent}" y="{at}">{escape(line.words)}{_beyond_span(line)}</text>'
        if line.number:
            yield f'<text class="number" x="{PADDING}" y="{at}">{line.number}</text>'
    yield "</g>"


def _beyond_span(line: DrawnLine) -> str:
    return f' <tspan class="beyond">{escape(line.beyond)}</tspan>' if line.beyond else ""
