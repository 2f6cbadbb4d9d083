"""`isange`: everything an operator or developer does from a shell.

Commands import what they need when they run, so that each starts fast and holds only the keys of
its own role. What cannot be done is one line on standard error and exit status 2.
"""

from __future__ import annotations

import itertools
import os
import sys
from typing import TYPE_CHECKING

import click

from commands import audit_log, centres, db, keys, menus, mute, rota, sandbox, serve, staff
from commands.options import open_parts
from gateway.runtime.errors import OperatorError

if TYPE_CHECKING:
    from gateway.vault.roles import Role


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def isange() -> None:
    """A USSD and SMS line to the nearest One Stop Centre."""


isange.add_command(audit_log.audit)
isange.add_command(centres.centre_list)
isange.add_command(menus.dialogue)
isange.add_command(sandbox.demo)
isange.add_command(sandbox.dial)
isange.add_command(sandbox.phones)
isange.add_command(sandbox.stand_in)
isange.add_command(serve.clock)
isange.add_command(serve.staff_web)
isange.add_command(serve.web)
isange.add_command(serve.worker)
isange.add_command(rota.heartbeat)
isange.add_command(rota.rota)
isange.add_command(db.db)
isange.add_command(keys.keys)
isange.add_command(keys.purge)
isange.add_command(mute.mute)
isange.add_command(staff.staff)


@click.command("callbacks")
@click.argument("base")
def show_callbacks(base: str) -> None:
    """Print the addresses to enter at the provider's, for an app reached at BASE.

    Of the app whose secrets are in the environment.
    """
    from gateway.runtime import callbacks
    from gateway.runtime.settings import Settings

    settings = Settings.read(os.environ)
    if not settings.staff_secrets:
        settings.addressed_by("callers")
    for secrets, kinds in (
        (settings.callback_secrets, callbacks.OF_CALLERS),
        (settings.staff_secrets, callbacks.OF_STAFF),
    ):
        for secret, kind in itertools.product(secrets, kinds):
            click.echo(f"{kind:15} {callbacks.url(base, secret, kind)}")


@click.command()
@click.option("--role", default="staff", show_default=True, help="Whose key folder ISANGE_KEYS is.")
def doctor(role: str) -> None:
    """Say what is wrong with this installation, and how to mend it. Status 1 if anything is."""
    from gateway.operations import doctor as examination
    from gateway.runtime.settings import SettingsError

    known: tuple[Role, ...] = ("web", "staff", "worker")
    if role not in known:
        raise SettingsError(f"--role must be one of {', '.join(known)}")
    found = list(examination.faults(open_parts(next(one for one in known if one == role))))
    for fault in found:
        click.echo(f"- {fault}")
    click.echo("Nothing is wrong." if not found else f"{len(found)} things are wrong.")
    sys.exit(1 if found else 0)


isange.add_command(show_callbacks)
isange.add_command(doctor)


def main() -> None:
    """Run the command line; known errors become one line and exit status 2."""
    try:
        isange.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except OperatorError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
