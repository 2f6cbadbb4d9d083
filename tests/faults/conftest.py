"""One running demo for all tests that leave it well, and grounds and fresh demos for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.demos import Demo
from tests.faults.proxy import Wires
from tests.faults.running_service import RunningService, laid

LONG = Path(__file__).with_name("long")
"""Tests that take minutes, or need what only a prepared machine has: `make faults` runs them."""

Lay = Callable[[str], RunningService]
"""Starts a service on the database of this URL and starts every process."""

DEAD_PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
"""What a machine behind a proxy is told; nothing of a demo may ask it."""


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("shared") / "data")
    try:
        demo.start(env=DEAD_PROXY)
        demo.wait_for_settled(demo.phone().report().code)
        yield demo
    finally:
        demo.close()
    assert demo.indiscretions() == []


@pytest.fixture
def demo(_shared: Demo) -> Demo:
    """A demo that has run for a while; the test sees to it that it is well again at its end."""
    _shared.network.clear()
    return _shared


@pytest.fixture
def new_demo(tmp_path: Path) -> Iterator[Callable[[str], Demo]]:
    """Makes demos of the test's own, each on the folder of that name; the test starts them."""
    made: list[Demo] = []

    def make(name: str = "data") -> Demo:
        made.append(Demo(tmp_path / name))
        return made[-1]

    yield make
    for demo in made:
        demo.close()
    assert [demo.indiscretions() for demo in made] == [[] for _ in made]


@pytest.fixture
def wires() -> Iterator[Wires]:
    """A wire to each server of each process of a service."""
    with ExitStack() as stack:
        yield Wires(stack)


@pytest.fixture
def lay(wires: Wires, tmp_path: Path) -> Iterator[Lay]:
    with ExitStack() as stack:

        def make(url: str) -> RunningService:
            made = stack.enter_context(laid(tmp_path / "running", url, between=wires.between))
            made.start()
            return made

        yield make


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The long tests run only for who names their folder."""
    asked = any(LONG.name in Path(argument).parts for argument in config.args)
    return None if asked or collection_path != LONG else True
