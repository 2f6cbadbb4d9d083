"""Modules and functions stay small, and say what they are for."""

from __future__ import annotations

import ast

from tests.rules.sources import SHIPPED, Function, Module, modules, none_of

LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
OBVIOUS = 8
"""Statements up to which a function's name, types and code may speak for themselves."""

GENERATED = "gateway/store/migrations/versions/"
"""Migrations are lists of columns, written once and never changed."""

MAY_PRINT = ("sandbox/",)


def test_no_module_is_too_long() -> None:
    none_of(
        (
            f"{module.path}: {module.lines} lines"
            for module in modules(*SHIPPED)
            if module.lines > LONGEST_MODULE
        ),
        f"find the second subject in these and give it a module (most are {LONGEST_MODULE})",
    )


def test_no_function_is_too_long() -> None:
    none_of(
        (
            module.at(function, f"{name} has {_lines(function)} lines")
            for module in modules(*SHIPPED)
            if not _is_generated(module)
            for name, function in module.functions()
            if _lines(function) > LONGEST_FUNCTION
        ),
        f"name the steps of these and make each a function (most are {LONGEST_FUNCTION} lines)",
    )


def test_every_module_says_what_it_is_for() -> None:
    none_of(
        (
            str(module.path)
            for module in modules(*SHIPPED, "tests")
            if module.tree.body and not ast.get_docstring(module.tree)
        ),
        "begin these with a docstring: what is decided here, and why like this",
    )


def test_every_public_function_that_is_not_obvious_says_why() -> None:
    none_of(
        (
            module.at(function, name)
            for module in modules(*SHIPPED)
            if not _is_generated(module)
            for name, function in module.functions()
            if _is_public(name) and not ast.get_docstring(function) and not _is_obvious(function)
        ),
        f"these have more than {OBVIOUS} statements and no docstring: say why, and what comes "
        "in, what goes out and what is raised",
    )


def test_nothing_prints_but_the_command_line() -> None:
    none_of(
        (
            module.at(call, "print(...)")
            for module in modules(*SHIPPED)
            if not str(module.path).startswith(MAY_PRINT) and module.path.name != "__main__.py"
            for call in module.calls()
            if isinstance(call.func, ast.Name) and call.func.id == "print"
        ),
        "a service writes events: log.info('what_happened', key=...) through gateway.runtime.logs",
    )


def _lines(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def _is_obvious(function: Function) -> bool:
    inside = (node for statement in function.body for node in ast.walk(statement))
    return sum(isinstance(node, ast.stmt) for node in inside) <= OBVIOUS


def _is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def _is_generated(module: Module) -> bool:
    return str(module.path).startswith(GENERATED)
