"""What an operator asks of the audit log."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from commands.options import open_parts
from gateway.runtime.errors import OperatorError

if TYPE_CHECKING:
    from gateway.audit.verification import Verdict

HEAD: Final = re.compile(r"\b(?:[a-p]{4}-){5}[a-p]{4}\b")


class NoHead(OperatorError):
    """What was given as a published head holds none."""


@click.group()
def audit() -> None:
    """The log of who did what."""


@audit.command()
@click.option(
    "--head",
    "given",
    multiple=True,
    help="A head that was published, or a file (SMS, log) with some; as often as you like.",
)
def verify(given: Sequence[str]) -> None:
    """Read the whole audit log, and name whatever in it was changed. Status 1 if anything was."""
    from gateway.audit import verification
    from gateway.audit.log import sealing

    published = [letters for one in given for letters in _heads(one)]
    parts = open_parts("staff")
    try:
        rows = verification.count(parts.database)
        with click.progressbar(length=rows, label=f"{rows:,} rows", file=sys.stderr) as bar:
            seal = sealing(lambda: parts.vault)
            found = verification.verify(parts.database, seal, published, bar.update)
    finally:
        parts.database.dispose()
    for fault in found.faults:
        click.echo(f"- {fault}")
    click.echo(_sum(found, len(published)))
    sys.exit(1 if found.faults else 0)


def _heads(given: str) -> Iterator[str]:
    """The heads in a text, or in the file of this name."""
    path = Path(given)
    is_head = HEAD.search(given) is not None
    text = path.read_text("utf-8", "replace") if not is_head and path.is_file() else given
    heads = HEAD.findall(text.lower())
    if not heads:
        raise NoHead("--head: no head there; one looks like abcd-efgh-ijkl-mnop-abcd-efgh")
    yield from heads


def _sum(found: Verdict, published: int) -> str:
    if found.faults:
        return f"The log was changed: {len(found.faults)} faults in {found.rows:,} rows."
    last = f", the last {found.head.letters} of {found.head.day}" if found.head else ""
    outside = f" The {published} given are among them." if published else ""
    return (
        f"The log is whole: {found.rows:,} rows in {found.lanes} lanes, "
        f"{found.heads} heads{last}.{outside}"
    )
