"""Every named point at which a process can be told to die, as the source has them.

A writing transaction is named where it is begun, `database.writing(engine, "report.send")`, or by
the function that is handed the name. Either way the name is a literal somewhere in the same module,
so the list of points is read from the code instead of being kept beside it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gateway.runtime.crash_points import AFTER_COMMIT, BEFORE_COMMIT
from tests.rules.sources import Function, Module, modules

SERVICE = ("gateway", "workers", "commands")
SANDBOX = "sandbox/"
"""For developers: no process of it holds a report of anybody, so none has to die at a point."""

DATABASE = "gateway/store/database.py"
"""Makes the two points of each transaction, and is the one module that may build their names."""

RETRIES = "gateway/store/insert_once.py"
"""Begins a transaction again under the name that it is given."""


@dataclass(frozen=True, slots=True)
class Place:
    """A call in the source that makes two points. `name` is empty where it cannot be read."""

    module: Module
    call: ast.Call
    name: str

    @property
    def where(self) -> str:
        return self.module.at(self.call, ast.unparse(self.call))

    @property
    def is_sandbox(self) -> bool:
        return str(self.module.path).startswith(SANDBOX)


def crash_points() -> tuple[str, ...]:
    """All points there are, as ISANGE_CRASH names them."""
    commits = {one.name for one in transactions() if not one.is_sandbox}
    around = {one.name for one in surrounded() if not one.is_sandbox}
    found = [f"{name} {side}" for name in commits for side in (BEFORE_COMMIT, AFTER_COMMIT)]
    found += [f"{side} {name}" for name in around for side in ("before", "after")]
    return tuple(sorted({*found, *single_points()}))


def named(point: str) -> str:
    """The transaction or the act that a point stands beside."""
    return re.sub(r" (before|after) commit$|^(before|after) ", "", point)


def transactions() -> Iterator[Place]:
    """Every transaction that writes, once for each name that it can have."""
    for module, call in (*_calls("writing"), *_calls("write_once")):
        if str(module.path) == RETRIES:
            continue  # It is named where it is called.
        for name in _Names(module).of(_argument(call, 1, "name")) or [""]:
            yield Place(module, call, name)


def surrounded() -> Iterator[Place]:
    """Every `crash_points.around`."""
    for module, call in _calls("around"):
        for name in _Names(module).of(_argument(call, 0, "name")) or [""]:
            yield Place(module, call, name)


def single_points() -> Iterator[str]:
    """The points that stand alone: what is committed there is no session's transaction."""
    for module, call in _calls("point"):
        if str(module.path) != "gateway/runtime/crash_points.py":
            yield from _Names(module).of(_argument(call, 0, "name"))


def _calls(name: str) -> Iterator[tuple[Module, ast.Call]]:
    return ((module, call) for module, call in _all_calls() if _last(call.func) == name)


@cache
def _all_calls() -> tuple[tuple[Module, ast.Call], ...]:
    return tuple(
        (module, call)
        for module in modules(*SERVICE)
        if str(module.path) != DATABASE
        for call in module.calls()
    )


def _argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    named = {one.arg: one.value for one in call.keywords}
    return call.args[position] if len(call.args) > position else named.get(keyword)


def _last(name: ast.expr) -> str:
    """The last word of a dotted name."""
    return name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")


@dataclass(frozen=True, slots=True)
class _Names:
    """Finds the strings that an expression of a module can be."""

    module: Module

    def of(self, value: ast.expr | None) -> list[str]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return [value.value]
        if isinstance(value, ast.IfExp):
            return [*self.of(value.body), *self.of(value.orelse)]
        if isinstance(value, ast.Call | ast.Subscript):
            return self._in_table(value)
        return self._of_name(value) if isinstance(value, ast.Name) else []

    def _of_name(self, name: ast.Name) -> list[str]:
        function = self._around(name)
        if function is None:
            return []
        given = [one.arg for one in function.args.args if one.arg not in {"self", "cls"}]
        if name.id in given:
            return self._handed_over(function.name, given.index(name.id), name.id)
        return [
            found
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and name.id in map(_last, node.targets)
            for found in self.of(node.value)
        ]

    def _handed_over(self, function: str, position: int, keyword: str) -> list[str]:
        return [
            found
            for call in self.module.calls()
            if _last(call.func) == function
            for found in self.of(_argument(call, position, keyword))
        ]

    def _in_table(self, value: ast.Call | ast.Subscript) -> list[str]:
        """The strings of a table of this module: `ACTIONS.get(kind)`, `ACTIONS[kind]`."""
        looked_up = value.func if isinstance(value, ast.Call) else value
        table = getattr(looked_up, "value", None)
        return [
            entry.value
            for node in self.module.tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(table, ast.Name)
            if _last(node.target) == table.id and isinstance(node.value, ast.Dict)
            for entry in node.value.values
            if isinstance(entry, ast.Constant) and isinstance(entry.value, str)
        ]

    def _around(self, node: ast.AST) -> Function | None:
        """The innermost function that a node stands in."""
        around = [one for _, one in self.module.functions() if node in ast.walk(one)]
        return around[-1] if around else None
