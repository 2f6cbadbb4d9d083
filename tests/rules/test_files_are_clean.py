"""What is in git says nothing about one machine, links to what is there, and holds nothing made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.rules.commands import commands
from tests.rules.sources import ROOT, git, none_of, text, tracked

OF_A_MACHINE = {
    "a path of one machine": re.compile(r"(?<![\w.*:/<>-])/(?:root|home|work|Users|mnt)/\w"),
    "a host of a package index": re.compile(r"\b(?:pypi|pythonhosted|registry\.npmjs)\.org\b"),
    "an option that names an index": re.compile(r"(?<!-)--(?:extra-)?(?:index-url|find-links)\b"),
}

LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)

MADE = (
    *(".venv/bin/python", ".venv/installed", "isange.egg-info/PKG-INFO"),
    *("menus/__pycache__/x.pyc", ".mypy_cache/x", ".ruff_cache/x", ".import_linter_cache/x"),
    *(".hypothesis/x", ".coverage", ".coverage.host.1", "build/sbom.json"),
)
"""What `make demo`, `test`, `check` and `lock` leave behind."""


def test_no_file_names_a_machine_or_an_index() -> None:
    none_of(
        (
            f"{path}:{number}: {what}"
            for path in tracked()
            for number, line in enumerate(text(path).splitlines(), 1)
            for what, pattern in OF_A_MACHINE.items()
            if pattern.search(line)
        ),
        "these work here and nowhere else: use a relative path, a setting or a made-up host",
    )


def test_no_lock_file_names_a_place() -> None:
    locks = [path for path in tracked() if path.suffix == ".lock"]
    assert locks
    none_of(
        (str(path) for path in locks if "://" in text(path)),
        "make these again with `make lock`: a lock holds names, versions and hashes",
    )


def test_every_link_leads_somewhere() -> None:
    none_of(
        (f"{path}: {target}" for path, target in links() if not leads_somewhere(path, target)),
        "correct these links, or the headings that they lead to",
    )


def test_the_rule_finds_links() -> None:
    assert len(list(links())) > 10


def test_git_ignores_what_the_commands_make() -> None:
    folders = [f"{folder}/x" for folder in _folders_of_commands()]
    none_of(
        (made for made in (*MADE, *folders) if git("check-ignore", "-q", made).returncode),
        "add these to .gitignore",
    )


def links() -> Iterator[tuple[Path, str]]:
    """Every link of the docs that stays within the project."""
    for path in tracked():
        if path.suffix == ".md":
            prose = CODE.sub("", text(path))
            for target in (*LINK.findall(prose), *REFERENCE.findall(prose)):
                if not re.match(r"[a-z]+:", target):
                    yield path, target


def leads_somewhere(path: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (ROOT / path.parent / name).resolve() if name else ROOT / path
    if not file.exists() or not file.is_relative_to(ROOT):
        return False
    return not anchor or anchor in {slug(one) for one in HEADING.findall(file.read_text("utf-8"))}


def slug(heading: str) -> str:
    """The anchor that a code host gives a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


def _folders_of_commands() -> set[str]:
    """Where `isange demo` and its like keep their data unless told otherwise."""
    return {
        str(option.default)
        for command in commands().values()
        for option in command.params
        if option.name in {"data", "folder"} and isinstance(option.default, str)
    }
