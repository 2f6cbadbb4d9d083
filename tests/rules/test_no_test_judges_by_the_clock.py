"""No test fails because a machine is slow: what must be fast is measured by `bench/`, as a ratio.

A test may wait at least so long, and it may give up on what hangs; it may not say that something
took too long. What must not wait is shown by a clock that the test moves, by counts or by order.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tests.rules.sources import Module, modules, none_of

CLOCKS = frozenset(
    {
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "process_time",
        "times",
        "time",
    }
)
"""What tells the time of this machine: of the module `time`, or imported from it."""

DEADLINE = 30
"""Seconds below which a number that is written into a call looks like a promise."""

WAITING = frozenset({"wait", "join", "result", "acquire", "wait_until"})
"""What waits for a number of seconds that is not named."""

NAMED = frozenset({"timeout", "seconds", "patience"})
"""What the seconds of a wait are called."""

NO_WAITS = frozenset({"timedelta", "_mutants"})
"""What is told of seconds or of those that ran out of them, and does not wait."""


def test_no_test_says_that_something_took_too_long() -> None:
    none_of(
        (found for module in modules("tests") for found in judgements(module)),
        "measure these in bench/ against a limit; here count, look at the order, or move a clock",
    )


def test_what_is_waited_for_has_a_deadline_and_no_promise() -> None:
    none_of(
        (found for module in modules("tests") for found in short_waits(module)),
        f"wait tests.services.PATIENCE for these, or give seconds below {DEADLINE} a name that "
        "says why so few are enough (what a test expects to be given up may be short)",
    )


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - began < 2",
        "began = perf_counter()\n    took = perf_counter() - began\n    assert took < 0.5",
        "began = perf_counter()\n    took = [perf_counter() - began]\n    assert max(took) < 1",
        "assert 2 > time.monotonic() - began",
        "assert float(taken.stdout) < 0.4",
        "assert 0.4 <= time.monotonic() - began < 3.2",
        "assert keeps(5.0, took)",
        "began = monotonic()\n    if monotonic() - began > 3:\n        pytest.fail()",
        "self.took = monotonic() - began\n    assert self.took < 5",
    ],
)
def test_a_judgement_is_seen(line: str) -> None:
    assert list(judgements(_module(line)))


@pytest.mark.parametrize(
    "line",
    [
        "assert time.monotonic() - began > 0.3",
        "end = time.monotonic() + seconds\n    assert time.monotonic() < end",
        "assert len(found) < 3",
        "assert records.now() - report.created_at < A_DAY",
    ],
)
def test_a_lower_bound_and_a_deadline_are_none(line: str) -> None:
    assert not list(judgements(_module(line)))


@pytest.mark.parametrize(
    ("line", "short"),
    [
        ("process.wait(5)", True),
        ("urlopen(url, timeout=2)", True),
        ("wait_until(ready, 'it is ready', 5)", True),
        ("process.wait(60)", False),
        ("process.wait(PATIENCE)", False),
        ("stopping.wait(0.01)", False),
        ("timedelta(seconds=1)", False),
        ("with pytest.raises(TimeoutError):\n        process.wait(5)", False),
    ],
)
def test_a_short_wait_is_seen(line: str, short: bool) -> None:
    assert bool(list(short_waits(_module(line)))) is short


def judgements(module: Module) -> Iterator[str]:
    """Each comparison by which more time than some number is a failure."""
    kept = _durations(module.tree, ast.Attribute)
    for _, function in module.functions():
        timed = kept | _durations(function, ast.Name)
        for node in ast.walk(function):
            if isinstance(node, ast.Compare) and _bounds(node, timed):
                yield module.at(node, "an upper bound of seconds")
            if isinstance(node, ast.If) and _fails(node) and _is_duration(node.test, timed):
                yield module.at(node, "a failure after some seconds")
            if isinstance(node, ast.Call) and _called(node) == "keeps":
                yield module.at(node, "a promise in seconds")


def short_waits(module: Module) -> Iterator[str]:
    """Each wait of a few seconds whose end is a failure."""
    expected = {id(call) for call in _within_raises(module.tree)}
    for call in module.calls():
        if id(call) not in expected and _called(call) not in NO_WAITS:
            for seconds in _seconds(call):
                yield module.at(call, f"{_called(call)} for {seconds:g} s")
    for _, function in module.functions():
        yield from (
            module.at(default, f"{name} is {ast.unparse(default)} s")
            for name, default in _defaults(function.args)
            if name in NAMED and isinstance(default, ast.Constant) and _is_short(default)
        )


def _seconds(call: ast.Call) -> Iterator[float]:
    named = [one.value for one in call.keywords if one.arg in NAMED]
    position = {"wait_until": 2}.get(_called(call), 0) if _called(call) in WAITING else None
    placed = [] if position is None else call.args[position : position + 1]
    for one in [*named, *placed]:
        if isinstance(one, ast.Constant) and _is_short(one):
            yield one.value  # type: ignore[misc]


def _is_short(number: ast.Constant) -> bool:
    """Below a second it is the pace of a loop."""
    return isinstance(number.value, int | float) and 1 <= number.value < DEADLINE


def _within_raises(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls whose very end by a deadline is what the test expects."""
    for block in ast.walk(tree):
        if isinstance(block, ast.With) and any(
            isinstance(item.context_expr, ast.Call) and _called(item.context_expr) == "raises"
            for item in block.items
        ):
            yield from (node for node in ast.walk(block) if isinstance(node, ast.Call))


def _defaults(given: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    names = [*given.posonlyargs, *given.args]
    yield from zip([one.arg for one in names[::-1]], given.defaults[::-1], strict=False)
    yield from (
        (one.arg, default)
        for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is not None
    )


def _durations(tree: ast.AST, kind: type[ast.Name | ast.Attribute]) -> frozenset[str]:
    """Names, or attributes, that hold seconds which went by: a time less an earlier time."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_duration(node.value, found):
            found |= {_named(one) for one in node.targets if isinstance(one, kind)}
    return frozenset(found)


def _is_duration(value: ast.expr, timed: Collection[str]) -> bool:
    return any(
        (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _has_clock(node))
        or (isinstance(node, ast.Name | ast.Attribute) and _named(node) in timed)
        or _is_a_childs_figure(node)
        for node in ast.walk(value)
    )


def _has_clock(node: ast.AST) -> bool:
    return any(isinstance(one, ast.Call) and _called(one) in CLOCKS for one in ast.walk(node))


def _is_a_childs_figure(node: ast.AST) -> bool:
    """`float(taken.stdout)`: what another process measured."""
    return (
        isinstance(node, ast.Call)
        and _called(node) == "float"
        and any(isinstance(one, ast.Attribute) and one.attr == "stdout" for one in ast.walk(node))
    )


def _bounds(compare: ast.Compare, timed: Collection[str]) -> bool:
    """Whether it holds only while a duration is smaller than something that is none."""
    sides = [compare.left, *compare.comparators]
    for left, relation, right in zip(sides, compare.ops, sides[1:], strict=False):
        if isinstance(relation, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
            rising = isinstance(relation, ast.Lt | ast.LtE)
            small, large = (left, right) if rising else (right, left)
            if _is_duration(small, timed) and not _is_duration(large, timed):
                return True
    return False


def _fails(block: ast.If) -> bool:
    return any(isinstance(one, ast.Call) and _called(one) == "fail" for one in ast.walk(block))


def _called(call: ast.Call) -> str:
    return _named(call.func)


def _named(node: ast.expr) -> str:
    """The last word of a name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _module(line: str) -> Module:
    """A test of one line, as the rule sees it."""
    return Module(Path("tests/test_made_up.py"), ast.parse(f"def test_it():\n    {line}\n"))
