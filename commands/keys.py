"""What an operator does about the data that is kept: the schema, the keys, and the end of both."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import open_parts
from gateway.runtime.errors import OperatorError

if TYPE_CHECKING:
    from gateway.retention.key_rotation import Rotation
    from gateway.retention.purge import Purged
    from gateway.retention.rewrapping import Progress

STEPS = ("prepare", "switch", "rewrap", "finish")

_escrow_public = click.option(
    "--escrow-public",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Public half of a new escrow pair, as `isange keys escrow` made it.",
)


@click.group()
def keys() -> None:
    """The key files."""


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make all key files in FOLDER, one subfolder for each role."""
    from gateway.vault.create import create_keys

    for role, path in create_keys(folder).items():
        click.echo(f"{role}: {path}")
    click.echo("Take the escrow folder off this machine, and give each role its own folder only.")


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path))
def escrow(folder: Path) -> None:
    """Make a new pair for the escrow in FOLDER, on a stick and not on a machine of the service."""
    from gateway.vault.create import create_escrow

    private, public = create_escrow(folder)
    click.echo(f"{private}: lock this away, twice")
    click.echo(f"{public}: give this to `isange keys rotate --escrow-public`")


@keys.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--only", type=click.Choice(STEPS), default=None, help="One step of four.")
@_escrow_public
def rotate(folder: Path, only: str | None, escrow_public: Path | None) -> None:
    """Make new keys in FOLDER and re-wrap every row, while the line goes on.

    After a kill, run it again: it goes on where it stopped.
    """
    rotation = _rotation(folder, escrow_public)
    if only is None:
        rotation.run()
    else:
        rotation.step(only)


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.option(
    "--rotate",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Rotate the keys in this folder as well, so that no backup from before opens it.",
)
@_escrow_public
def purge(*, dry_run: bool, folder: Path | None, escrow_public: Path | None) -> None:
    """Destroy what is older than the country allows; wrapped keys first. Counts stay."""
    from gateway.retention.purge import Purge

    if escrow_public is not None and folder is None:
        raise OperatorError("--escrow-public goes with --rotate FOLDER: name the key folders")
    parts = open_parts("worker")
    purging = Purge(parts.database, parts.pack.retention)
    if dry_run:
        _tell(purging.would_go(), "would go")
        return
    gone = purging.run()
    keys = gone.keys | purging.keys_in_use()
    _tell(gone, "are gone")
    if folder is not None:
        _rotation(folder, escrow_public).renew()
    left = {key for key in keys if folder is None or key.startswith("escrow-")}
    if left:
        click.echo(f"Backups from before still open with {', '.join(sorted(left))}.")
        click.echo('What ends that stands in docs/keys.md, under "Old backups".')


def _tell(purged: Purged, verb: str) -> None:
    for what, count in purged.counts.items():
        click.echo(f"{count:8} {what} {verb}")


def _rotation(folder: Path, escrow_public: Path | None) -> Rotation:
    from gateway.audit import log as audit
    from gateway.retention.key_rotation import Rotation
    from gateway.runtime.settings import needed
    from gateway.store import database
    from gateway.vault.vault import Vault

    engine = database.connect(needed(os.environ, "DATABASE_URL"))
    audit.seal_with(engine, lambda: Vault.open(folder / "staff", "staff"))
    return Rotation(engine, folder, escrow_public, say=click.echo, tell=_show)


def _show(progress: Progress) -> None:
    """One line that rewrites itself; whole lines where nobody watches."""
    ends = progress.done == progress.total
    if sys.stderr.isatty():
        click.echo(f"\r{progress}    ", nl=ends, err=True)
    elif ends:
        click.echo(str(progress), err=True)
