"""Each test can fail, and none of them passes time by sleeping."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.rules.sources import Function, Module, modules, none_of

WAITS = {"tests/patience.py": "wait_until"}
"""The one place where a test may sleep, between two looks at a condition."""

FAILING = frozenset({"raises", "fail", "warns", "deprecated_call"})
"""What pytest has that fails without `assert`."""


def test_every_test_asserts_something() -> None:
    failing = _names_that_fail()
    none_of(
        (
            module.at(function, name)
            for module, name, function in _tests()
            if not _said_in(function) & failing and not _asserts(function)
        ),
        "nothing can make these fail: assert what the caller, the staff or the operator would see",
    )


def test_every_test_file_has_a_test() -> None:
    filled = {module.path for module, _, _ in _tests()}
    none_of(
        (
            str(module.path)
            for module in modules("tests")
            if module.path.name.startswith("test_") and module.path not in filled
        ),
        "pytest collects nothing here: write a test_... or rename the file",
    )


def test_no_test_sleeps() -> None:
    none_of(
        (
            module.at(call, "sleep")
            for module in modules("tests")
            for name, function in [("", module.tree), *module.functions()]
            if WAITS.get(str(module.path)) != name
            for call in _sleeps(function)
        ),
        "wait for what the test needs instead: tests.patience.wait_until(condition, 'words')",
    )


def _tests() -> Iterator[tuple[Module, str, Function]]:
    for module in modules("tests"):
        for name, function in module.functions():
            if module.path.name.startswith("test_") and name.split(".")[-1].startswith("test_"):
                yield module, name, function


def _names_that_fail() -> frozenset[str]:
    """Names of all that asserts, by itself or by calling what does: phone.sees, wait_until, ..."""
    functions = [function for module in modules("tests") for _, function in module.functions()]
    found = FAILING | {function.name for function in functions if _asserts(function)}
    while True:
        more = found | {one.name for one in functions if _said_in(one) & found}
        if more == found:
            return found
        found = more


def _asserts(function: Function) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def _said_in(function: Function) -> frozenset[str]:
    """The last names of what a function calls: `sees` of phone.dial().sees("...")."""
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return frozenset(
        name.attr if isinstance(name, ast.Attribute) else name.id
        for name in called
        if isinstance(name, ast.Attribute | ast.Name)
    )


def _sleeps(inside: ast.AST) -> Iterator[ast.Call]:
    """Calls of sleep in the body itself, not in functions inside it (they are looked at alone)."""
    for child in ast.iter_child_nodes(inside):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(child, ast.Call) and _is_sleep(child.func):
            yield child
        yield from _sleeps(child)


def _is_sleep(called: ast.expr) -> bool:
    return (isinstance(called, ast.Name) and called.id == "sleep") or (
        isinstance(called, ast.Attribute) and called.attr == "sleep"
    )
