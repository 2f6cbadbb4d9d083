"""The database's schema, and the rights of the processes."""

from __future__ import annotations

import os

import click


@click.group()
def db() -> None:
    """The database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date, and give the database roles of the processes their rights."""
    from gateway.runtime.settings import needed
    from gateway.store import database, grants, schema

    roles = grants.read_roles(os.environ.get("ISANGE_DATABASE_ROLES", ""))
    engine = database.connect(needed(os.environ, "DATABASE_URL"))
    schema.upgrade(engine)
    grants.give(engine, roles)
    click.echo("The database is up to date.")
