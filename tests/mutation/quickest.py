"""A pytest plugin for judging a mutant: the quickest tests first, and no work that tells nothing.

mutmut measures once how long each test takes, and then names the tests of a mutant in no order:
for some that is a handful, for others, as whatever every session goes through, nearly all.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

MEASURED: Final = Path("mutmut-stats.json")

PATIENCE: Final = 4.0
"""Seconds of tests that a mutant has to outlive. There may be a slower test that would notice: so
the share that is killed is rather too small."""

SETUP: Final = 0.05
"""Seconds that a test takes besides what is measured."""


def pytest_configure() -> None:
    """One failing example is enough, and every run tries the same ones.

    What the fork brought along is no garbage: looking through it costs more than most tests.
    """
    gc.freeze()
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile(
        "mutation", phases=phases, derandomize=True, database=None, deadline=None
    )
    settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Judge with the quickest, and last of all on PostgreSQL, whose server has to start first.

    While mutmut measures, lists and tries itself there is nothing to leave out.
    """
    if os.environ["MUTANT_UNDER_TEST"] not in {"stats", "list_all_tests", "fail"}:
        took = json.loads(MEASURED.read_text())["duration_by_test"]
        by_name = {item.nodeid: item for item in items}
        on_server = [name for name in by_name if "postgresql" in name]
        others = [name for name in by_name if name not in on_server]
        judges = [*within(others, took, PATIENCE), *within(on_server, took, PATIENCE)]
        items[:] = [by_name[name] for name in judges]


def within(tests: Sequence[str], took: Mapping[str, float], seconds: float) -> Sequence[str]:
    """As many of the quickest as fit into that time; one at least."""
    quickest = sorted(tests, key=lambda test: took[test])
    sums = accumulate(took[test] + SETUP for test in quickest)
    return [test for test, sum_ in zip(quickest, sums, strict=True) if sum_ <= seconds] or quickest[
        :1
    ]
