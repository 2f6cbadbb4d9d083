"""The project as the rules see it: its files, their syntax, and how a broken rule is told."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = ("menus", "gateway", "workers", "commands")
TOOLS = ("sandbox", "menutools")
SHIPPED = (*SERVICE, *TOOLS)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file; `path` is relative to the project."""

    path: Path
    tree: ast.Module

    @property
    def lines(self) -> int:
        return len((ROOT / self.path).read_text("utf-8").splitlines())

    def at(self, node: ast.expr | ast.stmt, what: str) -> str:
        """A finding, as editors and people read it."""
        return f"{self.path}:{node.lineno}: {what}"

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function and method with its dotted name, those inside functions too."""
        return _functions(self.tree, "")

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """The modules of some packages (tests among them, if asked for), in alphabetical order."""
    paths = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(
        Module(path.relative_to(ROOT), ast.parse(path.read_text("utf-8"), str(path)))
        for path in paths
    )


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is in git, or would be after `git add .`; relative to the project."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    names = sorted(set(listed.decode().split("\0")) - {""})
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def git(*words: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git about this checkout, whoever owns its folder."""
    program = shutil.which("git")
    assert program, "the rules ask git which files there are: install git"
    trusted = f"safe.directory={ROOT}"
    return subprocess.run([program, "-c", trusted, *words], cwd=ROOT, capture_output=True)


def text(path: Path) -> str:
    """A file of the project as text; "" for a picture or another binary."""
    try:
        return (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def none_of(found: Iterable[str], advice: str) -> None:
    """Fail when anything was found: say what to do, and where."""
    lines = sorted(found)
    assert not lines, "\n".join([advice, *lines])


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + child.name, child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)
