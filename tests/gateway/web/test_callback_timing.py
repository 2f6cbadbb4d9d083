"""A wrong secret takes as long as an unknown URL: a clock tells a stranger no more than the page.

Asked of the WSGI app itself, where the whole answer takes some microseconds: what cannot be seen
here is nothing beside a network. All kinds of strangers take turns, so that whatever else the
machine does meets each of them alike.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import EnvironBuilder

from gateway.runtime.callbacks import OF_CALLERS, Doors, segment
from gateway.web import callers
from tests.gateway.conftest import Process
from tests.gateway.web.ussd_wire import form
from tests.samples import SECRET

pytestmark = pytest.mark.system

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

TRIES = 10_000
SHARE = 0.02
"""Of the time that the whole answer takes: less than that is chance."""

ATTEMPTS = 3
"""A difference that is there shows every time; one of the machine's does not."""

LIVE = segment(SECRET, "ussd")

STRANGERS: Mapping[str, str] = {
    "unknown": f"/at/{'x' * 32}/none",
    "unknown, of another shape": f"/no/{'x' * 32}/page",
    "forged": f"/at/{'x' * 32}/ussd",
    "right but for its last letter": f"/at/{LIVE[:-1]}{'b' if LIVE[-1] == 'a' else 'a'}/ussd",
    "of another kind": f"/at/{segment(SECRET, 'sms')}/ussd",
}


def test_a_wrong_secret_takes_as_long_as_an_unknown_url(process: Process) -> None:
    app = callers.create_app(process()).wsgi_app
    found: dict[str, float] = {}
    for _ in range(ATTEMPTS):
        found = apart(measured(app))
        if max(found.values()) < SHARE:
            break
    assert max(found.values()) < SHARE, found


def test_one_comparison_more_would_be_seen(process: Process) -> None:
    """Otherwise the rule above would be kept by a clock that sees nothing."""
    app = callers.create_app(process()).wsgi_app
    doors = Doors((SECRET,), OF_CALLERS)

    def hesitant(environ: WSGIEnvironment, start_response: object) -> object:
        if environ["PATH_INFO"].endswith("/ussd"):
            doors.kind_at(environ["PATH_INFO"])
        return app(environ, start_response)  # type: ignore[arg-type]

    found = [apart(measured(hesitant, TRIES // 10)) for _ in range(ATTEMPTS)]  # type: ignore[arg-type]
    assert min(one["forged"] for one in found) > SHARE
    assert min(one["unknown, of another shape"] for one in found) < SHARE


def measured(app: WSGIApplication, tries: int = TRIES) -> Mapping[str, list[int]]:
    """What each stranger waited at each try, in nanoseconds."""
    environs = {
        who: EnvironBuilder(path=path, method="POST", data=form()).get_environ()
        for who, path in STRANGERS.items()
    }
    took: dict[str, list[int]] = {who: [] for who in STRANGERS}
    turns = list(STRANGERS)
    chance = random.Random(1)  # noqa: S311 - an order, no secret
    with _undisturbed():
        for _ in range(tries):
            chance.shuffle(turns)
            for who in turns:
                environ = dict(environs[who])
                began = time.perf_counter_ns()
                answer = app(environ, _start)
                took[who].append(time.perf_counter_ns() - began)
                assert b"".join(answer) == b""
    return took


def apart(took: Mapping[str, list[int]]) -> dict[str, float]:
    """How far each is from an unknown URL, at the median, as a share of what that takes."""
    unknown = statistics.median(took["unknown"])
    return {who: abs(statistics.median(times) - unknown) / unknown for who, times in took.items()}


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _start(
    status: str, headers: list[tuple[str, str]], failure: object = None, /
) -> Callable[[bytes], object]:
    assert status == "404 NOT FOUND"
    return len
