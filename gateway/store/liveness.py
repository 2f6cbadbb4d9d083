"""When clocks and workers were last alive, and when a purge was last done, by the database's time.

Nobody else reads or writes these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Engine, select, update

from gateway.store import database
from gateway.store.database import Session
from gateway.store.insert_once import add_once
from gateway.store.models import ProcessSeen

Name = Literal["clock", "worker", "purge"]

AT_MOST_EVERY: Final = timedelta(seconds=5)
"""However many are alive, and however often they say so: it is one row for each kind."""


def note_alive(engine: Engine, name: Name) -> None:
    """Note that one of this kind is alive. Mostly it was noted a moment ago: then it only looks."""
    with database.reading(engine) as session:
        last = last_alive(session).get(name)
        if last is not None and session.at - last < AT_MOST_EVERY:
            return
    with database.writing(engine, "beat.note") as session:
        note(session, name)


def note(session: Session, name: Name) -> None:
    """Note that it was at this moment, unless a later one is noted already."""
    if not add_once(session, ProcessSeen, name=name, at=session.at):
        earlier = (ProcessSeen.name == name, ProcessSeen.at < session.at)
        session.execute(update(ProcessSeen).where(*earlier).values(at=session.at))


def last_alive(session: Session) -> Mapping[str, datetime]:
    """When each kind was last alive; those that never were are missing."""
    return {one.name: one.at for one in session.scalars(select(ProcessSeen))}
