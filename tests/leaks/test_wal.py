"""What PostgreSQL's log of changes holds is found in it, wherever its pages end."""

from __future__ import annotations

import struct
from pathlib import Path

import psycopg

from tests.leaks import canaries, wal
from tests.services import Postgres

ROWS = 6000
"""So many that the end of a page falls in the middle of some."""


def test_what_lies_across_the_end_of_a_page_is_found(postgres: Postgres) -> None:
    url = postgres.create()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE planted (value text)")
        for index in range(ROWS):
            connection.execute("INSERT INTO planted VALUES (%s)", [canaries.number(index)])
    found = {
        canary
        for _, data in wal.stream(postgres.data / "pg_wal")
        for canary in canaries.found_in(data.decode("latin-1"))
    }
    assert found >= {canaries.number(index) for index in range(ROWS)}


def test_what_lies_across_the_end_of_a_file_is_found(tmp_path: Path) -> None:
    header = struct.pack("<HH", 0, wal.IS_LONG).ljust(wal.LONG_HEADER, b"x")
    room, secret = wal.PAGE - wal.LONG_HEADER, canaries.number(1).encode()
    first, second = tmp_path / ("0" * 23 + "1"), tmp_path / ("0" * 23 + "2")
    first.write_bytes(header + secret[:5].rjust(room, b"."))
    second.write_bytes(header + secret[5:].ljust(room, b"."))
    (tmp_path / "archive_status").mkdir()
    held = dict(wal.stream(tmp_path))
    assert list(held) == [first.name, second.name]
    assert canaries.found_in(held[second.name].decode("latin-1")) == {canaries.number(1)}
