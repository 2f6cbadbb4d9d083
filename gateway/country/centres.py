"""The centres in service: kept in the database, ranked in memory, read again now and then.

The menus ask at every step and must never wait for a database, so each process holds a ranking and
replaces it as a whole. When the database cannot be read the last one stays in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from threading import Event, Thread
from typing import Final

from sqlalchemy import Engine, delete, select

from gateway.country.pack import Pack
from gateway.country.places import Point
from gateway.country.ranking import CentreRow, Ranking
from gateway.country.reading import Provenance
from gateway.runtime.logs import log
from gateway.store import database, models
from gateway.store.database import Session
from menus.ports import Centre, Name

REREAD: Final = 30
"""Seconds after which a process looks for changed centres."""

DESK: Final = "national"
"""The kind of the duty desk's row among the centres."""


class Directory:
    """The centres as the menus see them (menus.ports.Centres), always ready."""

    def __init__(self, pack: Pack, engine: Engine, until_read: Sequence[CentreRow]) -> None:
        """`until_read` are shown for as long as the database cannot be read."""
        self._pack = pack
        self._engine = engine
        self._rows = tuple(until_read)
        self._ranking = pack.ranking(self._rows)
        self._stop = Event()
        self.reread()

    @property
    def rows(self) -> Sequence[CentreRow]:
        """The centres that callers are sent to now."""
        return self._rows

    def near(self, area: str | None) -> Sequence[Centre]:
        return self._ranking.near(area)

    def get(self, centre: str) -> Centre | None:
        return self._ranking.get(centre)

    def reread(self) -> bool:
        """Take over what the database holds; False when it cannot be read or holds nothing."""
        try:
            with database.reading(self._engine) as session:
                rows = tuple(in_service(session))
        except database.DatabaseFailed as error:
            log.warning("centres_not_read", error=type(error).__name__)
            return False
        if rows and rows != self._rows:
            self._ranking, self._rows = self._ranked(rows), rows
        return bool(rows)

    def keep_fresh(self) -> None:
        """Read again every now and then, in a thread that ends with the process."""
        Thread(target=self._keep_rereading, name="centres", daemon=True).start()

    def _ranked(self, rows: Iterable[CentreRow]) -> Ranking:
        return self._pack.ranking(rows)

    def _keep_rereading(self) -> None:
        while not self._stop.wait(REREAD):
            self.reread()


def in_service(session: Session) -> list[CentreRow]:
    """All centres that callers may be sent to, in the order of their ids."""
    query = select(models.Centre).where(models.Centre.kind != DESK).order_by(models.Centre.id)
    return [_from_row(row) for row in session.scalars(query)]


def replace_all(session: Session, pack: Pack, rows: Iterable[CentreRow]) -> int:
    """Make `rows` the centres in service, with the duty desk of the country; how many there are.

    A centre that is no longer named is removed unless reports or staff still point to it.
    """
    desk = CentreRow(pack.duty_desk.id, pack.duty_desk.name, "", Name(""), kind=DESK)
    wanted = {row.id: row for row in (desk, *rows)}
    for row in wanted.values():
        session.merge(_to_row(row))
    session.flush()
    used = select(models.Staff.centre_id).union(select(models.Report.centre_id))
    session.execute(
        delete(models.Centre).where(models.Centre.id.not_in(wanted), models.Centre.id.not_in(used))
    )
    return len(wanted) - 1


def _to_row(row: CentreRow) -> models.Centre:
    return models.Centre(
        id=row.id,
        name=row.name,
        town=row.town,
        area=row.area,
        kind=row.kind,
        always_open=row.open_24h,
        latitude=row.point.lat if row.point else None,
        longitude=row.point.lon if row.point else None,
        source=row.provenance.source,
        verified_on=row.provenance.verified_on.isoformat() if row.provenance.verified_on else None,
        verified_by=row.provenance.verified_by or None,
    )


def _from_row(row: models.Centre) -> CentreRow:
    placed = row.latitude is not None and row.longitude is not None
    return CentreRow(
        id=row.id,
        name=Name(row.name),
        area=row.area,
        town=Name(row.town),
        open_24h=row.always_open,
        kind=row.kind,
        provenance=Provenance(
            source=row.source,
            verified_on=date.fromisoformat(row.verified_on) if row.verified_on else None,
            verified_by=row.verified_by or "",
        ),
        point=Point(row.latitude or 0.0, row.longitude or 0.0) if placed else None,
    )
