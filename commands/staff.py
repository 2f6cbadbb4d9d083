"""What an operator does about staff. A PIN is asked for: the list of processes shows arguments."""

from __future__ import annotations

from pathlib import Path

import click

from commands.options import open_parts
from gateway.runtime.errors import OperatorError


@click.group()
def staff() -> None:
    """The people who are alerted."""


@staff.command()
@click.option("--phone", required=True, help="Her number, as people write it or with +.")
@click.option(
    "--role",
    required=True,
    help="health, counsellor, investigator, lead or national; operator or witness.",
)
@click.option("--centre", required=True, help="The centre's id.")
@click.option("--language", default=None, help="Language of her SMS.")
def add(phone: str, role: str, centre: str, language: str | None) -> None:
    """Register one person, on duty from now on. Asks for her PIN."""
    from gateway.staff import staff_list

    staff_list.add(
        open_parts("staff"), staff_list.StaffEntry(phone, role, centre, language, _ask_pin())
    )
    click.echo("She is registered and on duty.")


@staff.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def import_staff(file: Path) -> None:
    """Register the people of a CSV FILE: phone,role,centre,language,pin. All of them or none."""
    from gateway.staff import staff_list

    click.echo(
        f"{staff_list.import_file(open_parts('staff'), file)} people are registered and on duty."
    )


@staff.command("list")
@click.argument("centre", required=False)
def list_staff(centre: str | None) -> None:
    """List who is registered, at CENTRE or everywhere, by ids: no names, no numbers."""
    from gateway.staff import staff_list

    people = staff_list.everybody(open_parts("staff"), centre)
    if not people:
        raise OperatorError("nobody is registered there: `isange staff add` registers one person")
    for one in people:
        duty = "on duty" if one.on_duty else "off duty"
        click.echo("  ".join([one.id, one.centre, one.role, one.language, duty, *one.troubles]))


@staff.command()
@click.argument("who")
def remove(who: str) -> None:
    """Take a person out for good, by her number or her id. What waits for her goes to others."""
    from gateway.cases import leaving

    parts = open_parts("staff")
    passed = leaving.take_out(parts, who)
    parts.doorbell.ring()
    click.echo(f"She is taken out. {passed} reports that waited for her went on to others.")


@staff.command()
@click.argument("who")
def pin(who: str) -> None:
    """Give a person a new PIN, by her number or her id. The old one ends at once."""
    from gateway.staff import staff_list

    staff_list.change_pin(open_parts("staff"), who, _ask_pin())
    click.echo("Her new PIN counts from now on.")


def _ask_pin() -> str:
    typed: str = click.prompt("PIN", hide_input=True, confirmation_prompt=True)
    return typed
