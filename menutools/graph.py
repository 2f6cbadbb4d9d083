"""The dialogues on paper, for `isange menus graph`: a page that draws each in Mermaid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.country.po_files import SOURCE
from menutools.books import BOOKS, open_book
from menutools.dialogues import Dialogue, dialogues

PAGE: Final = "dialogue.md"

_HEAD: Final = """\
# The dialogue

Every screen and where its options lead. Made by `isange menus graph`, which walks the real menus:
do not edit it here.

Each box is a screen, with its text in English; a round one ends the call. The words on an arrow
are those of the options that take it. A dashed arrow is not for every caller. A box with a notch is
a screen of another dialogue, and where it leads on from there. `9 Back`, `0 Exit` and further pages
are on every screen and are not drawn. `isange menus show NAME` prints a dialogue with all its
pages.
"""


def graph(country: str) -> dict[str, str]:
    """The file to write, by name: every dialogue on one page."""
    found = [dialogue for name in BOOKS for dialogue in _of(name, country)]
    return {PAGE: "\n".join([_HEAD, *map(_section, found)])}


def mermaid(dialogue: Dialogue) -> str:
    """The dialogue as a Mermaid flowchart."""
    lines = [*_nodes(dialogue), *_arrows(dialogue)]
    return "\n".join(["flowchart TD", *(f"    {line}" for line in lines)])


def _of(book: str, country: str) -> list[Dialogue]:
    opened = open_book(book, country)
    return dialogues(opened.walk(SOURCE))


def _section(dialogue: Dialogue) -> str:
    return f"""\
## {dialogue.name}

{dialogue.about}

```mermaid
{mermaid(dialogue)}
```
"""


def _nodes(dialogue: Dialogue) -> Iterator[str]:
    for box in dialogue.boxes:
        words = _quoted(f"{box.screen}: {box.texts[0]}")
        yield f"{_id(box.screen)}([{words}])" if box.ends else f"{_id(box.screen)}[{words}]"


def _arrows(dialogue: Dialogue) -> Iterator[str]:
    grouped: dict[tuple[str, str, bool], list[str]] = {}
    for box in dialogue.boxes:
        for lead in box.leads:
            target = f"{lead.target}, then {lead.then}" if lead.then else lead.target
            labels = grouped.setdefault((box.screen, target, lead.always), [])
            labels.append(lead.label)
    screens = {box.screen for box in dialogue.boxes}
    for (source, target, always), labels in grouped.items():
        arrow = "-->" if always else "-.->"
        end = _id(target) if target in screens else f"{_id(target)}>{_quoted(target)}]"
        yield f"{_id(source)} {arrow}|{_quoted(' / '.join(labels))}| {end}"


def _id(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _quoted(words: str) -> str:
    """Words as Mermaid takes any: in quotes, their own as entities."""
    plain = words.replace("#", "#35;").replace('"', "#quot;").replace("\n", "<br>")
    return f'"{plain}"'
