"""YAML as it stands in the file: every value is text, and knows its line.

`press: 1`, `press: No` and `press: "1"` are what they look like; nothing is a number or a truth.
What no script needs (aliases, deep nesting) is refused before it can do harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml  # type: ignore[import-untyped]

from gateway.runtime.errors import OperatorError

LONGEST: Final = 256_000
"""Characters of a script."""

DEEPEST: Final = 8
"""Lists and mappings inside each other."""


class WrongScript(OperatorError):
    """A script that cannot be played. `str()` is one line: file, line, what to write instead."""

    def __init__(self, name: str, line: int, advice: str) -> None:
        super().__init__(" ".join(f"{name}:{line}: {advice}".split()))


class Node:
    """A value in a file. Every way to look into it raises WrongScript when it is another kind."""

    def __init__(self, name: str, node: yaml.Node) -> None:
        self._name, self._node = name, node

    @property
    def line(self) -> int:
        return int(self._node.start_mark.line) + 1

    @property
    def is_text(self) -> bool:
        return isinstance(self._node, yaml.ScalarNode)

    @property
    def is_list(self) -> bool:
        return isinstance(self._node, yaml.SequenceNode)

    def wrong(self, advice: str) -> WrongScript:
        return WrongScript(self._name, self.line, advice)

    def text(self, what: str) -> str:
        if not self.is_text:
            raise self.wrong(f"{what} is a text: write it behind the colon")
        return str(self._node.value)

    def items(self, what: str) -> Iterator[Node]:
        if not self.is_list:
            raise self.wrong(f"{what} is a list: begin each of its lines with a dash")
        return (Node(self._name, one) for one in self._node.value)

    def fields(self, what: str) -> dict[str, Node]:
        """The fields of a mapping, in their order."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.wrong(f"{what} consists of lines with a name, a colon and a value")
        found: dict[str, Node] = {}
        for key, value in self._node.value:
            node = Node(self._name, key)
            name = node.text("a name")
            if name in found:
                raise node.wrong(f"'{name}' stands here twice: leave one out")
            found[name] = Node(self._name, value)
        return found


def compose(name: str, text: str) -> Node:
    """The only document in a text. Raises WrongScript."""
    if len(text) > LONGEST:
        raise WrongScript(name, 1, f"a script has at most {LONGEST} characters")
    try:
        _check(name, text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise WrongScript(name, _line(error), _advice(error)) from None
    except yaml.YAMLError:
        raise WrongScript(name, 1, "there is a character in it that no text has") from None
    if node is None:
        raise WrongScript(name, 1, "it is empty: a script has `phones` and `steps`")
    return Node(name, node)


def _check(name: str, text: str) -> None:
    """See that nothing in it needs more than the room it takes."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise WrongScript(name, line, "put words that begin with * into quotation marks")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise WrongScript(name, line, "a script has no lists so deep inside each other")


def _line(error: yaml.MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1


def _advice(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join(str(error.problem or "this is no YAML").split())
    return f"{problem}: put words with * # : [ {{ or a quotation mark into quotation marks"
