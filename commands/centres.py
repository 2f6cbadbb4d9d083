"""The centres that callers are sent to."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import open_parts


@click.group("centres")
def centre_list() -> None:
    """The centres that callers are sent to."""


@centre_list.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def import_centres(file: Path) -> None:
    """Replace the centres in service by those of a CSV FILE."""
    from gateway.audit import log as audit
    from gateway.country import centres, ranking
    from gateway.store import database

    parts = open_parts("staff")
    rows = ranking.read_centres(file, parts.pack.places, {parts.pack.duty_desk.id})
    with database.writing(parts.database, "centres.import") as session:
        count = centres.replace_all(session, parts.pack, rows)
        audit.record(session, audit.OPERATOR, "centres imported", detail=f"{count} centres")
    click.echo(f"{count} centres are in service.")
