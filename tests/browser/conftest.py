"""One demo and one browser for all of these tests; each of them opens a page of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.browser.desk import Desk, Size
from tests.browser.gateway import Gateway
from tests.faults.demos import Demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

Sit = Callable[..., Desk]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that all tests share: each begins with new SIM cards."""
    running = Demo(tmp_path_factory.mktemp("phones") / "data")
    try:
        yield running.start()
    finally:
        running.close()
    assert running.indiscretions() == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser. The wheel brings none, so the machine must have one."""
    if find_spec("playwright") is None:
        pytest.fail("the browser tests need playwright: make .venv again with `make test`")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("the browser tests need chromium: apt-get install -y chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root, which a container mostly is, Chromium starts without its sandbox only.
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def sit(browser: Browser, demo: Demo) -> Iterator[Sit]:
    """Opens the page, as large as asked for; at the end nothing may have gone wrong in it."""
    opened: list[Desk] = []

    def open_page(size: Size = Size.PROJECTOR, **options: object) -> Desk:
        context = browser.new_context(
            viewport={"width": size.value[0], "height": size.value[1]},
            **options,  # type: ignore[arg-type]
        )
        Gateway(demo.info["database_url"]).heal()
        opened.append(Desk(context.new_page(), demo))
        return opened[-1].begin()

    yield open_page
    for desk in opened:
        troubles = desk.troubles
        desk.leave()
        assert troubles == []
