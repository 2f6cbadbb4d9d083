"""What `isange` can be told, as click knows it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from commands.cli import isange


def commands() -> dict[str, click.Command]:
    """Every command by its whole name: `web`, `db upgrade`."""
    return dict(_below(isange, ""))


def variables() -> set[str]:
    """Every environment variable that stands for an option of some command."""
    return {name for words, command in commands().items() for name in _variables(words, command)}


def _below(group: click.Group, prefix: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _below(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _variables(words: str, command: click.Command) -> Iterator[str]:
    context = command.make_context(words, [], resilient_parsing=True)
    prefix = context.auto_envvar_prefix
    for option in command.params:
        if isinstance(option.envvar, str):
            yield option.envvar
        elif option.envvar:
            yield from option.envvar
        if prefix and option.name and isinstance(option, click.Option):
            yield f"{prefix}_{option.name.upper()}"
