"""The dialogue: proved, drawn, timed, printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from gateway.runtime.errors import OperatorError

_country = click.option("--country", default="rw", show_default=True, help="Whose pack.")


_out = click.option(
    "--out",
    default="docs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to write to.",
)


@click.group("menus")
def dialogue() -> None:
    """The dialogue: prove it, draw it, print it."""


@dialogue.command("check")
@click.option("--country", default=None, help="One country alone; all of them otherwise.")
def check_menus(country: str | None) -> None:
    """Hold every screen, in every language, for every caller, against every rule."""
    from menutools import books, check

    began, found = time.monotonic(), []
    for name, findings in check.check_all([country] if country else books.all_countries()):
        found.append(findings)
        click.echo("\n".join([f"{name}: {findings}", *findings.problems]))
        for remark in findings.remarks:
            click.echo(f"  pages differ by language: {remark}")
    rest = [] if country else check.check_the_rest(found)
    problems = sum(len(one.problems) for one in found) + len(rest)
    click.echo("\n".join([*rest, f"{problems} problems, {time.monotonic() - began:.1f} s"]))
    sys.exit(1 if problems else 0)


@dialogue.command("graph")
@_country
@_out
def draw_menus(country: str, out: Path) -> None:
    """Draw every dialogue: dialogue.md, in Mermaid."""
    from menutools import graph

    _write(out, lambda: graph.graph(country))


@dialogue.command("cost")
@_country
@_out
def time_menus(country: str, out: Path) -> None:
    """Count what the paths that must be short cost a caller: short-path.md."""
    from menutools import cost

    _write(out, lambda: cost.short_path(country))


@dialogue.command("show")
@click.argument("dialogue")
@click.option("--language", default="en", show_default=True)
@_country
def show_menus(dialogue: str, language: str, country: str) -> None:
    """Print DIALOGUE (report, child, place, ...) as a script to read and correct."""
    from menutools import show

    click.echo(show.show(dialogue, language, country))


def _write(folder: Path, draw: Callable[[], Mapping[str, str]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)  # Before what takes its time.
        files = draw()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written to: {error.strerror}") from None
    click.echo(f"{', '.join(files)}: written to {folder}.")
