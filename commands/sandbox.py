"""What a trainer or developer starts: the demo, its phones, the stand-in for the provider."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from commands.options import HOST

_Command = TypeVar("_Command", bound=Callable[..., Any])

_file = click.Path(path_type=Path, dir_okay=False)
_folder = click.Path(path_type=Path)


def _data(about: str) -> Callable[[_Command], _Command]:
    """The option that names the folder of a demo."""
    return click.option("--data", default=".demo", show_default=True, type=_folder, help=about)


@click.command()
@click.option("--port", default=8000, show_default=True, help="Where the callers' app listens.")
@_data("Folder that keeps everything.")
@click.option("--country", default="rw", show_default=True, help="Whose places and centres.")
@click.option("--language", default=None, help="Language of the first screen.")
@click.option("--fresh", is_flag=True, help="Forget what an earlier demo left in the folder.")
@click.option("--phone-host", default=HOST, show_default=True, help="Where the phones listen.")
def demo(
    port: int, data: Path, country: str, language: str | None, *, fresh: bool, phone_host: str
) -> None:
    """Run the whole line on this machine, with a pretend network."""
    from sandbox.demo import demo as sandbox

    sys.exit(sandbox.run(data, port, country, language, fresh=fresh, phone_host=phone_host))


@click.command()
@_data("Folder of the demo that the phones belong to.")
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8002, show_default=True)
@click.option("--token", default=None, envvar="ISANGE_PHONE_TOKEN", help="Stands in the address.")
def phones(data: Path, host: str, port: int, token: str | None) -> None:
    """Serve the phone page of a demo; `isange demo` does it by itself."""
    from sandbox.page import server

    server.run(data, token, host, port)


@click.command()
@_data("Folder of the demo that is dialled.")
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
        from sandbox.terminal import play

        sys.exit(play.run((*scripts, *more), data, picture))
    if more or picture:
        raise click.UsageError("files and --picture go with --script")
    from sandbox.terminal import dial as phone

    phone.run(data, number, url, record, staff=staff)


@click.command("stand-in", context_settings={"auto_envvar_prefix": "STAND_IN"})
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8100, show_default=True)
@click.option("--folder", default=".stand-in", show_default=True, type=_folder)
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
    from sandbox.standin import server
    from sandbox.standin.config import Callbacks, Config

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
