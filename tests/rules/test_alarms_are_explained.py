"""Whoever is woken by an alarm finds in docs/running.md what it means and what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics
from tests.rules.sources import SHIPPED, modules, text

DOCUMENT = Path("docs/running.md")


def test_every_alarm_is_explained() -> None:
    _, _, table = text(DOCUMENT).partition("| kind |")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", table.partition("\n\n")[0], re.MULTILINE))
    assert raised() == explained, (
        f"give these a row in the table of alarms in {DOCUMENT}: {sorted(raised() - explained)}; "
        f"nothing raises these: {sorted(explained - raised())}"
    )


def test_every_metric_is_named() -> None:
    described = [
        metric
        for one in vars(metrics).values()
        if isinstance(one, MetricWrapperBase)
        for metric in one.describe()
    ]
    names = {one.name + ("_total" if one.type == "counter" else "") for one in described}
    missing = {name for name in names if f"`{name}`" not in text(DOCUMENT)}
    assert names
    assert not missing, f"say in {DOCUMENT} what these count: {sorted(missing)}"


def raised() -> set[str]:
    """The kinds of all alarms in the code; each is a constant where it is raised."""
    kinds = set()
    for module in modules(*SHIPPED):
        for call in module.calls():
            if ast.unparse(call.func) in {"ALARMS.labels", "metrics.ALARMS.labels"}:
                kind = call.args[0]
                assert isinstance(kind, ast.Constant), module.at(call, "name this alarm here")
                kinds.add(str(kind.value))
    return kinds
