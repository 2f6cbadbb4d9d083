"""Tests can have a process die on both sides of whatever must not be lost, and do."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from tests.faults.crashes import ALL, UNPLAYED
from tests.faults.points import (
    DATABASE,
    SANDBOX,
    SERVICE,
    crash_points,
    named,
    surrounded,
    transactions,
)
from tests.rules.sources import ROOT, Module, modules, none_of

DOCUMENT = ROOT / "docs" / "reliability.md"
FEWEST = 40
WORD = re.compile(r"[a-z_]+\.[a-z_]+")

CALLS = frozenset({"send", "probe"})
"""What a provider is asked for over its wire."""

COMMITS = frozenset({"begin", "commit"})
"""What ends in a commit: `with engine.begin()`, `connection.commit()`."""


def test_every_transaction_that_writes_has_a_name() -> None:
    none_of(
        (one.where for one in (*transactions(), *surrounded()) if not WORD.fullmatch(one.name)),
        "name what it does, as a literal of this module: database.writing(engine, 'report.send')",
    )


def test_no_two_transactions_have_the_same_name() -> None:
    count = Counter(one.name for one in transactions())
    none_of(
        (f"{one.where} is {one.name}" for one in transactions() if count[one.name] > 1),
        "a test must be able to have a process die in one of them alone",
    )


def test_every_call_of_a_provider_has_a_point_on_both_sides() -> None:
    none_of(
        (
            module.at(call, ast.unparse(call))
            for module in _service()
            for call in module.calls()
            if _asks_provider(call) and not any(call in ast.walk(one) for one in _around(module))
        ),
        "put it into `with crash_points.around('provider.send'):`",
    )


def test_a_commit_of_its_own_has_a_point_on_both_sides() -> None:
    none_of(
        (
            f"{module.path}: {name}"
            for module in _service()
            if str(module.path) != DATABASE
            for name, function in module.functions()
            if _commits(function) and len(set(_points(function))) < 2
        ),
        "use database.writing, or name a crash_points.point before and after the commit",
    )


def test_there_are_enough_points() -> None:
    assert len(crash_points()) >= FEWEST


def test_processes_are_killed_at_every_point() -> None:
    none_of(
        {named(point) for point in crash_points()} - {*ALL, *UNPLAYED},
        "let a story of tests/faults/stories/ pass it, or say in UNPLAYED why none does",
    )


def test_every_story_passes_a_point_that_there_is() -> None:
    none_of(
        {*ALL, *UNPLAYED} - {named(point) for point in crash_points()},
        "nothing has this name any more: tests/faults/stories/, commands.py, crashes.py",
    )


def test_every_point_is_listed_in_the_document() -> None:
    listed = set(re.findall(r"^- `(.+)`", DOCUMENT.read_text("utf-8"), re.MULTILINE))
    there = {named(point) for point in crash_points()}
    none_of(
        [*(f"missing: {name}" for name in there - listed), *(f"gone: {n}" for n in listed - there)],
        "docs/reliability.md lists what has a point on both sides, each as a line: - `name`",
    )


def _service() -> Iterator[Module]:
    for module in modules(*SERVICE):
        if not str(module.path).startswith((SANDBOX, "gateway/store/migrations/")):
            yield module


def _asks_provider(call: ast.Call) -> bool:
    """`self.provider.send(...)`, `self.fleet[name].probe()`: of whatever holds providers."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in CALLS:
        return False
    return bool(re.search(r"provider|fleet", ast.unparse(call.func.value)))


def _around(module: Module) -> Iterator[ast.With]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.With) and "crash_points.around" in ast.unparse(
            node.items[0].context_expr
        ):
            yield node


def _commits(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in COMMITS
        and not node.args
        and re.search(r"(engine|session|connection|database)$", ast.unparse(node.func.value))
        for node in ast.walk(function)
    )


def _points(function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "crash_points.point":
            yield ast.unparse(node.args[0])
