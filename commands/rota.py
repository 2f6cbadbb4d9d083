"""What an operator does about duty: the rota, and the weekly test of the phones."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.options import open_parts
from gateway.runtime.errors import OperatorError

if TYPE_CHECKING:
    from gateway.wiring import Parts

MOST_WEEKS = 26


@click.group()
def rota() -> None:
    """Who is on duty when."""


@rota.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--weeks",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_WEEKS),
    help="Put every line on the rota for so many weeks.",
)
@click.option("--force", is_flag=True, help="Even when nobody would be on duty now.")
def import_rota(file: Path, weeks: int, *, force: bool) -> None:
    """Put the shifts of a CSV FILE on the rota: phone,from,to in the country's time."""
    from gateway.staff import rota_file

    done = rota_file.import_file(open_parts("staff"), file, weeks=weeks, force=force)
    for centre, count in done.shifts.items():
        click.echo(f"{centre}: {count} shifts are on the rota.")
    for centre, count in done.switched_off.items():
        click.echo(f"{centre}: {count} who were on by their own switch follow the rota now.")


@rota.command()
@click.argument("centre", required=False)
def show(centre: str | None) -> None:
    """Say who is on duty now, by role and until when, at CENTRE or everywhere."""
    from gateway.staff.rota import by_centre
    from gateway.store import database

    parts = open_parts("staff")
    with database.reading(parts.database) as session:
        found = by_centre(session, centre)
    if not found:
        raise OperatorError("there is no such centre: `isange rota show` lists them")
    for place, people in found.items():
        click.echo(place)
        for person, now in people:
            until = _shown(parts, now.until) if now.until else "she switches off"
            click.echo(f"  {person.role:13} until {until}  ({person.id})")
        if not people:
            click.echo("  nobody")


@click.command()
@click.option("--send", is_flag=True, help="Test every duty phone now.")
def heartbeat(*, send: bool) -> None:
    """List the duty phones that did not answer their test. Status 1 if there are any."""
    from gateway.staff import phone_test as test
    from gateway.store import database

    parts = open_parts("staff")
    with database.writing(parts.database, "heartbeat.look") as session:
        silent = test.silent(session)
        sent = test.send_now(session) if send else 0
    for person in silent:
        tested = f", tested {_shown(parts, person.tested_at)}" if person.tested_at else ""
        click.echo(f"{person.id} {person.centre_id} {person.role}{tested}")
    if send:
        click.echo(f"{sent} phones are tested now: look again in two days.")
        parts.doorbell.ring()
    click.echo(f"{len(silent)} phones are silent." if silent else "Every phone answered.")
    sys.exit(1 if silent else 0)


def _shown(parts: Parts, at: datetime) -> str:
    from gateway.staff.rota import SHOWN

    return f"{at.astimezone(parts.pack.timezone):{SHOWN}}"
