"""The processes of the service, one command each."""

from __future__ import annotations

import sys
from typing import Literal

import click

from commands.options import HOST


@click.command()
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8000, show_default=True)
def web(host: str, port: int) -> None:
    """Serve the callers' app."""
    _serve("callers", host, port)


@click.command("staff-web")
@click.option("--host", default=HOST, show_default=True)
@click.option("--port", default=8001, show_default=True)
def staff_web(host: str, port: int) -> None:
    """Serve the staff app."""
    _serve("staff", host, port)


@click.command()
def worker() -> None:
    """Send what is waiting, whenever the bell rings."""
    _work("worker")


@click.command()
def clock() -> None:
    """See every few seconds to what is due."""
    _work("clock")


def _serve(face: Literal["callers", "staff"], host: str, port: int) -> None:
    from gateway.web import serving

    serving.serve(face, host, port)


def _work(program: str) -> None:
    from workers.__main__ import main

    sys.exit(main(program))
