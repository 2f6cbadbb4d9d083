"""Each column of the database is declared public, hashed or encrypted, and is what it says."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Column, LargeBinary, select

from gateway.store import database
from gateway.store.inventory import ENCRYPTED, HASHED, PUBLIC
from gateway.store.models import Base
from tests.one_process_line import Line
from tests.rules.sources import none_of
from tests.samples import CALLER, HER_SECRET

COLUMNS: dict[str, Column[object]] = {
    f"{table.name}.{column.name}": column
    for table in Base.metadata.sorted_tables
    for column in table.columns
}

ANSWERS = ("within_72h", "sexual", "adult")


def test_every_column_is_declared_once() -> None:
    declared = Counter([*PUBLIC, *HASHED, *ENCRYPTED])
    wanted = Counter(list(COLUMNS))
    wrong = [f"{column} is not declared" for column in wanted - declared]
    wrong += [f"{column} is declared once too often" for column in declared - wanted]
    none_of(
        wrong, "say in gateway/store/inventory.py what a thief of the database learns from each:"
    )


def test_what_is_encrypted_is_bytes_and_what_is_public_is_not() -> None:
    are_bytes = {name for name, one in COLUMNS.items() if isinstance(one.type, LargeBinary)}
    none_of(
        (are_bytes & PUBLIC.keys()) | (ENCRYPTED.keys() - are_bytes),
        "bytes are for what is encrypted or hashed, text and numbers for what is public:",
    )


def test_nothing_a_caller_typed_can_be_read_in_the_database(line: Line) -> None:
    """One whole report, and then a thief's look at every value of every column."""
    line.staff("kabutare")
    phone = line.phone(CALLER).dial().press(2)
    phone.choose("Yes, continue", "Continue", "18 or more", "Sexual violence", "Last 3 days")
    phone.choose("Continue", "South", "Huye", "Kabutare (sample)", "Yes, by SMS", "Yes", "Now")
    phone.sees("If the line cuts").press(1).press(HER_SECRET)
    phone.choose("Send: health").sees("Sent. Code: ")
    line.deliver()
    with database.reading(line.web.database) as session:
        rows = {
            table.name: session.execute(select(table)).mappings().all()
            for table in Base.metadata.sorted_tables
        }
    assert rows["contacts"]
    assert rows["reports"]
    typed = (CALLER.removeprefix("+250"), f"'{HER_SECRET}'", *ANSWERS)
    none_of(
        (
            f"{table}.{column}"
            for table, found in rows.items()
            for row in found
            for column, value in row.items()
            if any(part in repr(value) for part in typed)
        ),
        "a number, a secret or an answer stands here in the clear: encrypt it in gateway.vault",
    )
