"""The dialogues on paper, for `isange menus graph`: Mermaid and SVG, and a page that shows both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.country.po_files import SOURCE
from menutools.books import BOOKS, open_book
from menutools.dialogues import Dialogue, dialogues
from menutools.drawing import draw

PAGE: Final = "dialogue.md"

_HEAD: Final = """\
# The dialogue

Every screen and where its options lead. Made by `isange menus graph`, which walks the real menus:
do not edit it here.

Each card is a screen, with its text in English and its options in the order of the menus; the
numbers on an arrow are those of the options that take it. A dashed arrow is not for every caller.
A yellow card is a dialogue that others borrow and that leads on from there. What leads back up or
into another dialogue is written beside the option. `9 Back`, `0 Exit` and further pages are on
every screen and are not drawn. `isange menus show NAME` prints a dialogue with all its pages.
"""


def graph(country: str) -> dict[str, str]:
    """The files to write, by name: one picture a dialogue, and the page that holds them."""
    found = [dialogue for name in BOOKS for dialogue in _of(name, country)]
    pictures = {f"dialogue-{one.name}.svg": draw(one) for one in found}
    return {PAGE: "\n".join([_HEAD, *map(_section, found)]), **pictures}


def mermaid(dialogue: Dialogue) -> str:
    """The dialogue as a Mermaid flowchart, for those who would rather change a drawing."""
    lines = [*_nodes(dialogue), *_arrows(dialogue)]
    return "\n".join(["flowchart TD", *(f"    {line}" for line in lines)])


def _of(book: str, country: str) -> list[Dialogue]:
    opened = open_book(book, country)
    return dialogues(opened.walk(SOURCE))


def _section(dialogue: Dialogue) -> str:
    return f"""\
## {dialogue.name}

{dialogue.about}

![{dialogue.name}](dialogue-{dialogue.name}.svg)

<details>
<summary>The same in Mermaid</summary>

```mermaid
{mermaid(dialogue)}
```

</details>
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
