"""Clocks and workers: when each kind was last alive, by the database's time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from gateway.store import database
from gateway.store.insert_once import add_once
from gateway.store.models import ProcessSeen

Name = Literal["clock", "worker"]

AT_MOST_EVERY: Final = timedelta(seconds=5)
"""However many are alive, and however often they say so: it is one row for each kind."""


def note_alive(engine: Engine, name: Name) -> None:
    """Note that one of this kind is alive. Mostly it was noted a moment ago: then it only looks."""
    with database.reading(engine) as session:
        at = database.now(session)
        last = session.get(ProcessSeen, name)
        if last is not None and at - last.at < AT_MOST_EVERY:
            return
    with database.writing(engine, "beat.note") as session:
        at = database.now(session)
        if not add_once(session, ProcessSeen, name=name, at=at):
            session.execute(
                update(ProcessSeen)
                .where(ProcessSeen.name == name, ProcessSeen.at < at)
                .values(at=at)
            )


def last_alive(session: Session) -> Mapping[str, datetime]:
    """When each kind was last alive; those that never were are missing."""
    return {one.name: one.at for one in session.scalars(select(ProcessSeen))}
