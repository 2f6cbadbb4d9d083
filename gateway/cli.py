"""`isange`: everything an operator or developer does from a shell.

Commands import what they need when they run, so that each starts fast and holds only the keys of
its own role. What cannot be done is one line on standard error and exit status 2.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from gateway.commands import auditing, duties, keeping, muting, people
from gateway.errors import OperatorError

if TYPE_CHECKING:
    from gateway.vault import Role
    from gateway.wiring import House

HOST = "127.0.0.1"

_country = click.option("--country", default="rw", show_default=True, help="Whose pack.")
_out = click.option(
    "--out",
    default="docs",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder to write to.",
)
_file = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def isange() -> None:
    """A USSD and SMS line to the nearest One Stop Centre."""


@isange.command()
@click.option("--port", default=8000, show_default=True, help="Where the callers' app listens.")
@click.option(
    "--data",
    default=".demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder that keeps everything.",
)
@click.option("--country", default="rw", show_default=True, help="Whose places and centres.")
@click.option("--language", default=None, help="Language of the first screen.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier demo left in the folder.")
@click.option("--phone-host", default=HOST, show_default=True, help="Where the phones listen.")
def demo(
    port: int, data: Path, country: str, language: str | None, *, fresh: bool, phone_host: str
) -> None:
    """Run the whole line on this machine, with a pretend network."""
    from gateway.sandbox import demo as sandbox

    sys.exit(sandbox.run(data, port, country, language, fresh=fresh, phone_host=phone_host))


@isange.command()
@click.option(
    "--data",
    default=".demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the demo that the phones belong to.",
)
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8002, show_default=True)
@click.option("--token", default=None, envvar="ISANGE_PHONE_TOKEN", help="Stands in the address.")
def phones(data: Path, host: str, port: int, token: str | None) -> None:
    """Serve the phone page of a demo; `isange demo` does it by itself."""
    from gateway.sandbox.phone import server

    server.run(data, token, host, port)


@isange.command()
@click.option(
    "--data",
    default=".demo",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the demo that is dialled.",
)
@click.option("--number", default=None, help="The phone's own number, +250...")
@click.option("--url", default=None, help="USSD callback to dial where no demo runs.")
@click.option("--staff", is_flag=True, help="Dial the code of the staff.")
@click.option("--record", type=_file, default=None, help="Write the calls into a script.")
@click.option("--script", "scripts", type=_file, multiple=True, help="Play this script instead.")
@click.option("--picture", type=_file, default=None, help="Draw the script as an animated SVG.")
@click.argument("more", metavar="[FILE]...", nargs=-1, type=_file)
def dial(
    data: Path,
    number: str | None,
    url: str | None,
    record: Path | None,
    scripts: tuple[Path, ...],
    picture: Path | None,
    more: tuple[Path, ...],
    *,
    staff: bool,
) -> None:
    """A phone in this terminal: each line typed is an answer, Ctrl-C hangs up.

    With --script, and more files behind it, the calls of these scripts are made; it ends with 1
    where the line answers otherwise than a script has it.
    """
    if scripts:
        if number or url or staff or record:
            raise click.UsageError("--script goes with --data and --picture alone")
        from gateway.sandbox.scripts import terminal

        sys.exit(terminal.run((*scripts, *more), data, picture))
    if more or picture:
        raise click.UsageError("files and --picture go with --script")
    from gateway.sandbox import dial as phone

    phone.run(data, number, url, record, staff=staff)


@isange.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8000, show_default=True)
def web(host: str, port: int) -> None:
    """Serve the callers' app."""
    _serve("callers", host, port)


@isange.command("staff-web")
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8001, show_default=True)
def staff_web(host: str, port: int) -> None:
    """Serve the staff app."""
    _serve("staff", host, port)


@isange.command()
def worker() -> None:
    """Send what is waiting, whenever the bell rings."""
    _become("worker")


@isange.command()
def clock() -> None:
    """See every few seconds to what is due."""
    _become("clock")


@isange.command("stand-in", context_settings={"auto_envvar_prefix": "STAND_IN"})
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8100, show_default=True)
@click.option("--folder", default=".stand-in", show_default=True, type=click.Path(path_type=Path))
@click.option("--username", default="sandbox", show_default=True)
@click.option("--api-key", default="stand-in", show_default=True)
@click.option("--sender", default="AFRICASTKNG", show_default=True)
@click.option("--currency", default="KES", show_default=True)
@click.option("--network-code", default="99999", show_default=True)
@click.option("--staff-code", default=None, help="USSD code that is posted to --staff-ussd-url.")
@click.option("--ussd-url", default=None)
@click.option("--events-url", default=None)
@click.option("--sms-url", default=None)
@click.option("--delivery-url", default=None)
@click.option("--opt-out-url", default=None)
@click.option("--staff-ussd-url", default=None)
def stand_in(
    host: str,
    port: int,
    folder: Path,
    username: str,
    api_key: str,
    sender: str,
    currency: str,
    network_code: str,
    staff_code: str | None,
    **urls: str | None,
) -> None:
    """Pretend to be Africa's Talking. Each option can be set as STAND_IN_... instead."""
    from gateway.sandbox.standin import server
    from gateway.sandbox.standin.config import Callbacks, Config

    callbacks = Callbacks(**{name.removesuffix("_url"): url for name, url in urls.items()})
    config = Config(
        folder,
        username,
        api_key,
        callbacks,
        sender=sender,
        currency=currency,
        network_code=network_code,
        staff_service_code=staff_code,
    )
    sys.exit(server.run(config, host, port))


@isange.group()
def menus() -> None:
    """The dialogue: prove it, draw it, print it."""


@menus.command("check")
@click.option("--country", default=None, help="One country alone; all of them otherwise.")
def check_menus(country: str | None) -> None:
    """Hold every screen, in every language, for every caller, against every rule."""
    from gateway.book import books, check

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


@menus.command("graph")
@_country
@_out
def draw_menus(country: str, out: Path) -> None:
    """Draw every dialogue: dialogue.md, and an SVG for each."""
    from gateway.book import graph

    _write(out, lambda: graph.graph(country))


@menus.command("cost")
@_country
@_out
def time_menus(country: str, out: Path) -> None:
    """Count what the paths that must be short cost a caller: short-path.md."""
    from gateway.book import cost

    _write(out, lambda: cost.short_path(country))


@menus.command("show")
@click.argument("dialogue")
@click.option("--language", default="en", show_default=True)
@_country
def show_menus(dialogue: str, language: str, country: str) -> None:
    """Print DIALOGUE (report, child, place, ...) as a script to read and correct."""
    from gateway.book import show

    click.echo(show.show(dialogue, language, country))


isange.add_command(auditing.audit)
isange.add_command(duties.heartbeat)
isange.add_command(duties.rota)
isange.add_command(keeping.db)
isange.add_command(keeping.keys)
isange.add_command(keeping.purge)
isange.add_command(muting.mute)
isange.add_command(people.staff)


@isange.group("centres")
def centre_list() -> None:
    """The centres that callers are sent to."""


@centre_list.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
def import_centres(file: Path) -> None:
    """Replace the centres in service by those of a CSV FILE."""
    from gateway import audit, centres, database, ranking

    house = _house("staff")
    rows = ranking.read_centres(file, house.pack.places, {house.pack.duty_desk.id})
    with database.writing(house.database, "centres.import") as session:
        count = centres.replace_all(session, house.pack, rows)
        at = database.now(session)
        audit.record(session, at, audit.OPERATOR, "centres imported", detail=f"{count} centres")
    click.echo(f"{count} centres are in service.")


@isange.command("callbacks")
@click.argument("base")
def show_callbacks(base: str) -> None:
    """Print the addresses to enter at the provider's, for an app reached at BASE.

    Of the app whose secrets are in the environment.
    """
    from gateway import callbacks
    from gateway.settings import Settings

    settings = Settings.read(os.environ)
    if not settings.staff_secrets:
        settings.addressed_by("callers")
    for secrets, kinds in (
        (settings.callback_secrets, callbacks.OF_CALLERS),
        (settings.staff_secrets, callbacks.OF_STAFF),
    ):
        for secret, kind in itertools.product(secrets, kinds):
            click.echo(f"{kind:15} {callbacks.url(base, secret, kind)}")


@isange.command()
@click.option("--role", default="staff", show_default=True, help="Whose key folder ISANGE_KEYS is.")
def doctor(role: str) -> None:
    """Say what is wrong with this installation, and how to mend it. Status 1 if anything is."""
    from gateway import doctor as examination
    from gateway.settings import SettingsError

    known: tuple[Role, ...] = ("web", "staff", "worker")
    if role not in known:
        raise SettingsError(f"--role must be one of {', '.join(known)}")
    found = list(examination.faults(_house(next(one for one in known if one == role))))
    for fault in found:
        click.echo(f"- {fault}")
    click.echo("Nothing is wrong." if not found else f"{len(found)} things are wrong.")
    sys.exit(1 if found else 0)


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


def _serve(face: Literal["callers", "staff"], host: str, port: int) -> None:
    from gateway.web import serving

    serving.serve(face, host, port)


def _become(program: str) -> None:
    """Workers stand above the gateway, which does not import them: they are another program."""
    os.execv(sys.executable, [sys.executable, "-m", "workers", program])  # noqa: S606


def _write(folder: Path, draw: Callable[[], Mapping[str, str]]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)  # Before what takes its time.
        files = draw()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written to: {error.strerror}") from None
    click.echo(f"{len(files)} files are in {folder}.")


def _house(role: Role) -> House:
    from gateway.settings import Settings
    from gateway.wiring import House

    return House(Settings.read(os.environ), role)


if __name__ == "__main__":
    main()
