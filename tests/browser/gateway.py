"""The other side of the page: what the gateway keeps of the SMS that went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import delete, select

from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import DeliveryReport, Outbox, ProviderHealth


@dataclass(frozen=True)
class Row:
    """An SMS in the gateway's outbox."""

    id: str
    state: str
    outcome: str | None
    delivery: str | None
    message: str | None


@dataclass(frozen=True)
class Gateway:
    """The database at `url`, to look at."""

    url: str

    def all(self, template: str) -> dict[str, Row]:
        """Every SMS of one kind, by its id."""
        columns = (
            Outbox.id,
            Outbox.state,
            Outbox.outcome,
            Outbox.delivery,
            Outbox.provider_message_id,
        )
        with self._looking() as session:
            found = session.execute(select(*columns).where(Outbox.template == template))
            return {row.id: Row(*row) for row in found}

    def reports(self, message: str | None) -> list[str]:
        """The delivery reports that came for an SMS, in their order; each word is kept once."""
        query = select(DeliveryReport.status).where(DeliveryReport.provider_message_id == message)
        with self._looking() as session:
            return list(session.scalars(query.order_by(DeliveryReport.id)))

    def heal(self) -> None:
        """Forget that a provider did badly, so that no SMS of the next test waits for it."""
        engine = database.connect(self.url)
        try:
            with database.writing(engine, "test") as session:
                session.execute(delete(ProviderHealth))
        finally:
            engine.dispose()

    @contextmanager
    def _looking(self) -> Iterator[Session]:
        engine = database.connect(self.url)
        try:
            with database.reading(engine) as session:
                yield session
        finally:
            engine.dispose()
