"""Which texts the menus show: read from the code, so that none can be forgotten.

A text needs no mark to be translatable. It is the first argument of one of the words that screens
are written in, and that is where it is found. A text without a letter outside its {placeholders}
("12-15", "{title}") says the same in every language and is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from string import Formatter
from typing import Final

import menus

MENUS: Final = Path(menus.__file__).parent

_WORDS: Final = frozenset({"choose", "ask", "end", "option", "phrase", "Refused"})
"""The words of `menus.script` whose first argument is shown to somebody."""


class NotOneText(ValueError):
    """A text is put together from pieces, so that no translator would ever see it whole."""


@dataclass(frozen=True, slots=True)
class Text:
    """One English text, with the modules that show it and why they do, for the translator."""

    english: str
    modules: tuple[str, ...]
    whys: tuple[str, ...]


def extract(folder: Path = MENUS) -> list[Text]:
    """Every translatable text of the modules in `folder`, in alphabetical order.

    Raises NotOneText, with module and line, for an f-string or a sum of strings.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder.parent).as_posix()
        for english, why in _Reader(path).texts():
            found.setdefault(english, []).append((name, why))
    return [_text(english, found[english]) for english in sorted(found)]


def placeholders(text: str) -> frozenset[str]:
    """The names in braces, as they are written. Raises ValueError when a brace is left alone."""
    parts = Formatter().parse(text)
    return frozenset(
        name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
        for _, name, form, conversion in parts
        if name is not None
    )


def outside_placeholders(text: str) -> str:
    """What is left of `text` without its {placeholders}."""
    return "".join(literal for literal, *_ in Formatter().parse(text))


def _text(english: str, seen: Sequence[tuple[str, str]]) -> Text:
    modules, whys = zip(*seen, strict=True)
    return Text(english, tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(whys)))


class _Reader:
    """One module under the eye."""

    def __init__(self, path: Path) -> None:
        self._path = path
        source = path.read_text("utf-8")
        self._tree, self._lines = ast.parse(source, str(path)), source.splitlines()

    def texts(self) -> Iterator[tuple[str, str]]:
        """Each text with why it is shown, in the order of the module."""
        body = self._tree.body
        module_why = self._why("", ast.get_docstring(self._tree))
        for statement, following in zip_longest(body, body[1:]):
            why = self._why_of(statement, following) or module_why
            entries = dict(self._whys_of_entries(statement))
            for node in ast.walk(statement):
                for literal in self._shown_by(node):
                    if any(map(str.isalpha, outside_placeholders(literal))):
                        yield literal, entries.get(node, why)

    def _why_of(self, statement: ast.stmt, following: ast.stmt | None) -> str:
        """The docstring of a screen, or the one that stands below a module's constant."""
        match statement, following:
            case ast.FunctionDef(name=name), _:
                return self._why(name, ast.get_docstring(statement))
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(docstring))),
            ):
                return self._why(name, docstring)
        return ""

    def _whys_of_entries(self, statement: ast.stmt) -> Iterator[tuple[ast.AST, str]]:
        """The entries of tables that have a line of comment above them."""
        for table in ast.walk(statement):
            match table:
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        comment = self._lines[value.lineno - 2].strip()
                        if isinstance(key, ast.Constant) and comment.startswith("# "):
                            yield value, self._why(str(key.value), comment.removeprefix("# "))

    def _why(self, name: str, docstring: str | None) -> str:
        if not docstring:
            return ""
        first_line = docstring.strip().partition("\n")[0]
        return f"{self._path.stem}{'.' if name else ''}{name}: {first_line}"

    def _shown_by(self, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.Call(func=ast.Name(id=word), args=[first, *_]) if word in _WORDS:
                yield from self._literals(first)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="script"), attr=word), args=[first, *_]
            ) if word in _WORDS:
                yield from self._literals(first)

    def _literals(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.IfExp(body=body, orelse=orelse):
                yield from self._literals(body)
                yield from self._literals(orelse)
            case ast.JoinedStr() | ast.BinOp() | ast.Call(func=ast.Attribute(attr="format")):
                raise NotOneText(
                    f"{self._path.name}:{node.lineno}: write this as one text with "
                    "{placeholders}, so that it can be translated"
                )
