"""What an operator does about a number that is played with."""

from __future__ import annotations

import click

from commands.options import open_parts


@click.command()
@click.argument("code")
@click.option("--lift", is_flag=True, help="Let the number be heard again.")
def mute(code: str, *, lift: bool) -> None:
    """Wake nobody for 24 hours by what the number of report CODE sends.

    It is kept, and alerted when the time is over. In danger always alerts.
    """
    from gateway.cases import muting
    from gateway.store import database

    parts = open_parts("staff")
    with database.writing(parts.database, "number.mute") as session:
        if lift:
            muting.lift(session, code)
        else:
            muted = muting.mute(session, code)
    if lift:
        click.echo("The number is heard again, and what it reported is alerted.")
    else:
        until = muted.until.astimezone(parts.pack.timezone)
        click.echo(f"The number is muted until {until:%d/%m %H:%M}, but for danger.")
