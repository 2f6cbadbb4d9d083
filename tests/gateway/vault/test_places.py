"""Every ciphertext of the schema, moved to another row, column or table, fails closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import ColumnElement, select

from gateway.cases import contacts, data_keys
from gateway.cases.reports import answers_of
from gateway.sms import outbox
from gateway.staff import roster
from gateway.store import database
from gateway.store.database import Session
from gateway.store.inventory import ENCRYPTED
from gateway.store.models import Base, ContactRow, DataKeyRow, Outbox, Report, Staff
from gateway.vault.errors import CannotOpen
from gateway.vault.fields import WrappedKey
from gateway.vault.roles import Recipient, Role
from gateway.vault.vault import KeyPurpose, Vault
from tests.samples import CALLER
from tests.staff_and_reports import SMS_NOW, StaffAndReports, on_sqlite

Vaults = Callable[[Role], Vault]
Read = Callable[[Session, Vaults], object]

READERS: dict[str, Role] = {"sender": "worker", "centre": "staff", "escrow": "escrow"}


@dataclass(frozen=True)
class Cell:
    """One value of an encrypted column, and how the service reads it."""

    table: type[Base]
    column: str
    where: tuple[ColumnElement[bool], ...]
    read: Read

    @property
    def name(self) -> str:
        return f"{self.table.__tablename__}.{self.column}"

    def value(self, records: StaffAndReports) -> bytes:
        row = records.one(self.table, *self.where)
        value: bytes = getattr(row, self.column)
        return value

    def put(self, records: StaffAndReports, value: bytes) -> None:
        records.change(self.table, *self.where, **{self.column: value})


def cells(records: StaffAndReports) -> Iterator[Cell]:
    """Two rows of each column, written by the service itself."""
    records.staff()
    records.staff()
    for caller in (CALLER, "+250788123457"):
        yield from of_report(records.report(contact=SMS_NOW, number=caller))
        letter(records, caller)
    for person in records.all(Staff):
        yield Cell(Staff, "number", (Staff.id == person.id,), staff_number(person.id))
    for row in records.all(Outbox, Outbox.sealed.is_not(None)):
        yield Cell(Outbox, "sealed", (Outbox.id == row.id,), sealed_letter(row.id))


def of_report(report_id: str) -> Iterator[Cell]:
    yield Cell(Report, "answers", (Report.id == report_id,), answers(report_id))
    yield Cell(ContactRow, "sealed", (ContactRow.report_id == report_id,), contact(report_id))
    purposes: tuple[KeyPurpose, ...] = ("contact", "answers")
    recipients: tuple[Recipient, ...] = ("sender", "centre", "escrow")
    for purpose in purposes:
        for recipient in recipients:
            if (purpose, recipient) != ("answers", "sender"):
                yield of_key(report_id, purpose, recipient)


def of_key(report_id: str, purpose: KeyPurpose, recipient: Recipient) -> Cell:
    where = (
        DataKeyRow.report_id == report_id,
        DataKeyRow.purpose == purpose,
        DataKeyRow.recipient == recipient,
    )

    def read(session: Session, vaults: Vaults) -> object:
        row = session.scalars(select(DataKeyRow).where(*where)).one()
        wrapped = WrappedKey(recipient, row.key_id, row.sealed)
        return vaults(READERS[recipient]).unwrap(report_id, purpose, wrapped)

    return Cell(DataKeyRow, "sealed", where, read)


def answers(report_id: str) -> Read:
    def read(session: Session, vaults: Vaults) -> object:
        report = session.get_one(Report, report_id)
        key = data_keys.open_key(session, vaults("staff"), report_id, "answers")
        return key.decrypt(report.answers or b"", answers_of(report_id))

    return read


def contact(report_id: str) -> Read:
    return lambda session, vaults: contacts.read(session, vaults("worker"), report_id)


def staff_number(staff_id: str) -> Read:
    def read(session: Session, vaults: Vaults) -> object:
        person = session.get_one(Staff, staff_id)
        assert person.number is not None
        return vaults("worker").open_sealed("sender", person.number, roster.number_of(staff_id))

    return read


def sealed_letter(row_id: str) -> Read:
    def read(session: Session, vaults: Vaults) -> object:
        row = session.get_one(Outbox, row_id)
        return vaults("worker").open_sealed("sender", row.sealed or b"", outbox.sealed_in(row_id))

    return read


def letter(records: StaffAndReports, number: str) -> None:
    with database.writing(records.engine, "test") as session:
        outbox.add_sealed(
            session,
            records.web,
            json.dumps({"number": number, "text": "hello"}).encode(),
            dedupe_key=f"screen:{number[-1]}",
            template="answer",
            lives=timedelta(minutes=5),
        )


def looked(records: StaffAndReports, cell: Cell, vaults: Vaults) -> object:
    with database.reading(records.engine) as session:
        return cell.read(session, vaults)


@on_sqlite
def test_a_ciphertext_opens_in_its_own_place_alone(
    records: StaffAndReports, vaults: Vaults
) -> None:
    """Given two rows of each encrypted column, when any is copied over another, it stays shut."""
    all_cells = list(cells(records))
    assert {cell.name for cell in all_cells} == ENCRYPTED.keys(), (
        "say here how the service reads each encrypted column: then its ciphertexts are moved"
    )
    values = {cell: cell.value(records) for cell in all_cells}
    for cell in all_cells:
        assert looked(records, cell, vaults), f"{cell.name} opens in its place"
        for other in all_cells:
            if other is not cell:
                cell.put(records, values[other])
                with pytest.raises(CannotOpen):
                    looked(records, cell, vaults)
        cell.put(records, values[cell])
