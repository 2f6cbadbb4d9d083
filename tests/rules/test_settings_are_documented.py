"""docs/settings.md names every environment variable that the code reads, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.runtime.settings import Settings
from tests.rules.commands import variables
from tests.rules.sources import SHIPPED, Module, modules, none_of, text

DOCUMENT = Path("docs/settings.md")

ENOUGH = {
    "DATABASE_URL": "sqlite://",
    "REDIS_URL": "redis://",
    "ISANGE_KEYS": "keys",
    "AT_USERNAME": "x",
    "AT_API_KEY": "x",
}
"""What a service cannot start without."""

HANDED_ON = {
    "sandbox/demo/children.py": "a child gets our environment",
    "sandbox/demo/demo.py": "the demo's processes get ours and more",
    "sandbox/demo/plan.py": "the demo's processes get ours and more",
}
"""Modules that pass the whole environment to another process."""


def test_every_setting_is_documented() -> None:
    read = settings_read() | variables() | read_elsewhere() | of_the_procfile()
    described = documented()
    assert read == described, (
        f"describe in {DOCUMENT}, one row each: {sorted(read - described)}; "
        f"nothing reads these any more: {sorted(described - read)}"
    )


def test_the_environment_is_read_where_it_can_be_seen() -> None:
    """Any other use of os.environ would be a setting that the rule above does not notice."""
    none_of(
        (
            module.at(use, ast.unparse(use))
            for module in modules(*SHIPPED)
            for use, known in _uses(module)
            if known is None and str(module.path) not in HANDED_ON
        ),
        "read settings in gateway.runtime.settings.Settings, or by os.environ.get with a "
        "constant name",
    )


class Asked(Mapping[str, str]):
    """An environment that writes down what it is asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_given, self.names = values, set[str]()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.values_given[name]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("settings are read by name")

    def __len__(self) -> int:
        return len(self.values_given)


def settings_read() -> set[str]:
    """What Settings.read asks for."""
    environment = Asked(ENOUGH)
    Settings.read(environment)
    return environment.names


def read_elsewhere() -> set[str]:
    """Names that shipped code looks up in os.environ by itself."""
    return {known for module in modules(*SHIPPED) for _, known in _uses(module) if known}


def of_the_procfile() -> set[str]:
    return set(re.findall(r"\$\{?([A-Z_]+)", text(Path("Procfile"))))


def documented() -> set[str]:
    """The first cell of each row of the tables."""
    return set(re.findall(r"^\| `([A-Z0-9_]+)` \|", text(DOCUMENT), re.MULTILINE))


def _uses(module: Module) -> Iterator[tuple[ast.expr, str | None]]:
    """Each use of os.environ with the name it looks up.

    "" where the whole is handed to a reader that `settings_read` covers, None where nobody knows.
    """
    parents = {child: one for one in ast.walk(module.tree) for child in ast.iter_child_nodes(one)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name | ast.Attribute) and _is_environ(node):
            yield node, _looked_up(module, node, parents)


def _is_environ(node: ast.Name | ast.Attribute) -> bool:
    if isinstance(node, ast.Name):
        return node.id in {"environ", "getenv"}
    return ast.unparse(node) in {"os.environ", "os.environb", "os.getenv"}


def _looked_up(module: Module, node: ast.expr, parents: Mapping[ast.AST, ast.AST]) -> str | None:
    match parents[node]:
        case ast.Subscript(slice=key):
            return _constant(module, key)
        case ast.Compare(left=key):
            return _constant(module, key)
        case ast.Attribute(attr="get") as get:
            call = parents[get]
            return _constant(module, call.args[0]) if isinstance(call, ast.Call) else None
        case ast.Call(func=ast.Name(id="needed"), args=[_, key]):
            return _constant(module, key)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="Settings"), attr="read")):
            return ""
    return None


def _constant(module: Module, key: ast.expr) -> str | None:
    """A string, or the constant of the module that stands for one."""
    if isinstance(key, ast.Constant):
        return str(key.value)
    for statement in module.tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value)))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value)))
            ) if isinstance(key, ast.Name) and key.id == name:
                return value
    return None
