"""Every row that is sealed to an older key, sealed anew to the newest, in turn with the callers.

How far this has come is in the rows themselves: the key id of each. They change a page at a time,
opened and sealed outside any transaction, and written only if nobody else changed them in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Engine, and_, func, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from gateway.sms import outbox
from gateway.staff import roster
from gateway.store import database
from gateway.store.database import Session
from gateway.store.models import Base, DataKeyRow, Outbox, Staff
from gateway.vault.errors import CannotOpen, CannotRotate
from gateway.vault.fields import Where, WrappedKey
from gateway.vault.roles import Recipient, Role
from gateway.vault.vault import KeyPurpose, Vault, sealed_under

PAGE: Final = 100
"""Rows of one transaction: some 10 ms, so that no caller waits for us."""

PAUSE: Final = 0.25
"""Seconds before rows are looked at again that somebody else was working on."""

MOST_PASSES: Final = 100
"""After so many passes over all rows, something must be writing with older keys all the time."""

OPENED_BY: Final[Mapping[Recipient, Recipient]] = {
    "sender": "sender",
    "centre": "centre",
    "escrow": "centre",
}
"""Whose box a data key is taken from to be sealed anew: the escrow's own key is in a safe."""

RENEWED_BY: Final[Mapping[Role, tuple[Recipient, ...]]] = {
    "worker": ("sender",),
    "staff": ("centre", "escrow"),
}

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows done of all, and how long it took so far."""

    done: int
    total: int
    seconds: float

    def __str__(self) -> str:
        left = self.seconds / self.done * (self.total - self.done) if self.done else 0.0
        return f"{self.done} of {self.total} rows, {left:.0f} s to go"


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class _Box:
    """A row to be sealed anew. `renew` gives its new columns, or raises CannotOpen."""

    key: Key
    sealed: bytes = field(repr=False)
    renew: Callable[[], Mapping[str, Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A table with boxes: its primary key, the column, and the next page of those still to do."""

    key: tuple[InstrumentedAttribute[str], ...]
    sealed: InstrumentedAttribute[Any]
    page: Callable[[Session, Key], Sequence[_Box]]

    @property
    def table(self) -> type[Base]:
        return cast(type[Base], self.sealed.class_)


@dataclass
class Rewrapping:
    """Re-wraps all that the roles of `vaults` can open for the newest keys they hold."""

    engine: Engine
    vaults: Mapping[Role, Vault]
    tell: Tell = lambda progress: None
    done: int = 0
    total: int = 0
    began: float = field(default_factory=time.monotonic)
    _damaged: int = 0

    def run(self) -> int:
        """Go over all rows until none is left; how many open with no key that is here.

        Raises CannotRotate when rows for older keys keep coming.
        """
        self.total += sum(self._to_do(recipient) for recipient in self._recipients())
        for _ in range(MOST_PASSES):
            before, found, self._damaged = self.done, 0, 0
            for shelf in self._shelves():
                for boxes in self._pages(shelf):
                    self._renew(shelf, boxes)
                    found += len(boxes)
            if found == self._damaged:
                return self._damaged
            if self.done == before:
                time.sleep(PAUSE)
        raise CannotRotate(
            "rows are still being written for older keys: a process has not got the new ones, "
            "see docs/keys.md"
        )

    def _recipients(self) -> list[Recipient]:
        return [one for role, them in RENEWED_BY.items() if role in self.vaults for one in them]

    def _to_do(self, recipient: Recipient) -> int:
        newest = self._vault(recipient).newest(recipient)
        older = (DataKeyRow.recipient == recipient, DataKeyRow.key_id != newest)
        with database.reading(self.engine) as session:
            return session.scalar(select(func.count()).where(*older)) or 0

    def _vault(self, recipient: Recipient) -> Vault:
        return next(self.vaults[role] for role, them in RENEWED_BY.items() if recipient in them)

    def _shelves(self) -> Iterator[_Shelf]:
        for recipient in self._recipients():
            yield _data_keys(self._vault(recipient), recipient)
        if "worker" in self.vaults:
            worker = self.vaults["worker"]
            yield _values(worker, Staff.id, Staff.number, roster.number_of)
            yield _values(worker, Outbox.id, Outbox.sealed, outbox.sealed_in)

    def _pages(self, shelf: _Shelf) -> Iterator[Sequence[_Box]]:
        after: Key = ("",) * len(shelf.key)
        while True:
            with database.reading(self.engine) as session:
                boxes = shelf.page(session, after)
            if not boxes:
                return
            yield boxes
            after = boxes[-1].key

    def _renew(self, shelf: _Shelf, boxes: Sequence[_Box]) -> None:
        """Seal anew, then write those that are what they were and that nobody works on."""
        renewed: dict[Key, tuple[bytes, Mapping[str, Any]]] = {}
        for box in boxes:
            try:
                renewed[box.key] = box.sealed, box.renew()
            except CannotOpen:
                self._damaged += 1
        began = time.monotonic()
        with database.writing(self.engine, "keys.rewrap") as session:
            rows = [
                {**_named(shelf, key), **renewed[key][1]}
                for key, sealed in _locked(session, shelf, list(renewed))
                if sealed == renewed[key][0]
            ]
            if rows:
                session.execute(update(shelf.table), rows)
        time.sleep(time.monotonic() - began)  # As long a rest lets in all who waited.
        self.done += len(rows)
        self.total = max(self.total, self.done)
        self.tell(Progress(self.done, self.total, time.monotonic() - self.began))


def _locked(session: Session, shelf: _Shelf, keys: Sequence[Key]) -> Iterator[tuple[Key, bytes]]:
    """Rows that are still there, locked. Not waiting for any, we never hold up anybody for long."""
    if not keys:
        return
    query = select(*shelf.key, shelf.sealed).where(tuple_(*shelf.key).in_(keys))
    for *key, sealed in session.execute(query.with_for_update(skip_locked=True)):
        yield tuple(key), sealed


def _named(shelf: _Shelf, key: Key) -> dict[str, str]:
    return {column.key: value for column, value in zip(shelf.key, key, strict=True)}


def _data_keys(vault: Vault, recipient: Recipient) -> _Shelf:
    """Data keys wrapped for an older key of `recipient`."""
    row, source = aliased(DataKeyRow), aliased(DataKeyRow)
    newest = vault.newest(recipient)
    same = (source.report_id == row.report_id, source.purpose == row.purpose)

    def page(session: Session, after: Key) -> list[_Box]:
        query = (
            select(row.report_id, row.purpose, row.sealed, source.key_id, source.sealed)
            .join(source, and_(*same, source.recipient == OPENED_BY[recipient]), isouter=True)
            .where(row.recipient == recipient, row.key_id != newest)
            .where(tuple_(row.report_id, row.purpose, row.recipient) > tuple_(*after))
            .order_by(row.report_id, row.purpose, row.recipient)
            .limit(PAGE)
        )
        return [
            _Box((one, purpose, recipient), old, _rewrapped(vault, recipient, one, purpose, *box))
            for one, purpose, old, *box in session.execute(query)
        ]

    return _Shelf(
        (DataKeyRow.report_id, DataKeyRow.purpose, DataKeyRow.recipient), DataKeyRow.sealed, page
    )


def _rewrapped(
    vault: Vault, to: Recipient, report_id: str, purpose: str, key_id: Any, box: Any
) -> Callable[[], Mapping[str, Any]]:
    def renew() -> Mapping[str, Any]:
        if key_id is None:
            raise CannotOpen("there is no box to take this data key from")
        source = WrappedKey(OPENED_BY[to], key_id, box)
        new = vault.rewrap(report_id, cast(KeyPurpose, purpose), source, to)
        return {"key_id": new.key_id, "sealed": new.sealed}

    return renew


def _values(
    vault: Vault,
    key: InstrumentedAttribute[str],
    sealed: InstrumentedAttribute[Any],
    where: Callable[[str], Where],
) -> _Shelf:
    """Values sealed for an older key of the sender; a few hundred, so all are looked at."""
    newest = vault.newest("sender")

    def page(session: Session, after: Key) -> list[_Box]:
        query = select(key, sealed).where(sealed.is_not(None), key > after[0]).order_by(key)
        return [
            _Box((row_id,), value, _resealed(vault, sealed.key, value, where(row_id)))
            for row_id, value in session.execute(query)
            if not _is_under(value, newest)
        ][:PAGE]

    return _Shelf((key,), sealed, page)


def _resealed(
    vault: Vault, column: str, value: bytes, where: Where
) -> Callable[[], Mapping[str, Any]]:
    def renew() -> Mapping[str, Any]:
        return {column: vault.seal_for("sender", vault.open_sealed("sender", value, where), where)}

    return renew


def _is_under(value: bytes, key_id: str) -> bool:
    try:
        return sealed_under(value) == key_id
    except CannotOpen:
        return False
