"""The bench still measures what it says: each part runs, and no wrong answer is a figure."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from threading import Thread

import pytest

from bench import __main__ as command
from bench import burst, dialogue, scale, start, step
from bench.client import Call, WrongAnswer, body_of, drive
from bench.tables import Part, Table, Target, figure, markdown, plain
from tests.services import PATIENCE

PARTS: dict[str, Part] = {
    "dialogue": dialogue,
    "step": step,
    "burst": burst,
    "scale": scale,
    "start": start,
}
"""Not `peers`: it installs what it measures."""


@pytest.mark.system
@pytest.mark.parametrize("name", PARTS)
def test_a_part_runs(name: str) -> None:
    tables = PARTS[name].run(quick=True)
    assert tables
    for table in tables:
        assert table.rows
        assert table.title in plain(table)


@pytest.mark.system
def test_what_was_measured_is_kept_and_shown(tmp_path: Path) -> None:
    kept = tmp_path / "deep" / "bench.json"
    assert command.measure(["dialogue"], kept, quick=True) == 0
    report = json.loads(kept.read_text("utf-8"))
    assert {"cores", "processor"} <= report["machine"].keys()
    assert {"python", "valkey", "granian"} <= report["versions"].keys()
    (table,) = report["parts"]["dialogue"]["tables"]
    assert "| a search | " in markdown(command.table(table))


@contextmanager
def saying(answer: bytes) -> Iterator[int]:
    """A server that says the same to whatever it is asked, once on each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                connection.recv(65536)

        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(PATIENCE)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nCON other",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 8\r\n\r\nCON hers",
    ],
)
def test_a_wrong_answer_is_no_figure(answer: bytes) -> None:
    with saying(answer) as port, pytest.raises(WrongAnswer):
        drive(port, repeat(Call([b"POST"], [b"CON hers".__eq__])), 1, most=1)


def test_a_right_answer_counts() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nCON hers"
    with saying(answer) as port:
        load = drive(port, repeat(Call([b"POST"], [b"CON hers".__eq__])), 1, most=1)
    assert (load.steps, load.calls, load.errors) == (1, 1, 0)
    assert 0 < load.percentile(0.99) < load.seconds


@pytest.mark.parametrize("end", range(len("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nCON her")))
def test_half_an_answer_is_waited_for(end: int) -> None:
    assert body_of(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nCON hers"[:end]) is None


def test_a_target_says_what_it_is() -> None:
    assert str(Target("times naive", 0.9, 1.0)) == "MISSED: times naive 0.9, at least 1"
    assert str(Target("MB", 70.0, 90, most=True)) == "met: MB 70.0, at most 90"
    assert [figure(one) for one in (None, "x", 12_345, 1234.5, 12.34, 0.1234)] == [
        *("–", "x", "12,345", "1,234", "12.3", "0.123"),
    ]


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        Table("broken", ("one", "two"), [("only one",)])
