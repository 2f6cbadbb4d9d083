"""Whoever is woken by an alarm finds in docs/running.md what it means and what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

from prometheus_client.metrics import MetricWrapperBase

from gateway.runtime import alarms, metrics
from tests.rules.sources import SHIPPED, modules, none_of, text

DOCUMENT = Path("docs/running.md")


def test_every_alarm_is_explained() -> None:
    _, _, table = text(DOCUMENT).partition("| kind |")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", table.partition("\n\n")[0], re.MULTILINE))
    kinds = set(get_args(alarms.Kind))
    assert kinds == explained, (
        f"give these a row in the table of alarms in {DOCUMENT}: {sorted(kinds - explained)}; "
        f"these are no kinds of alarms: {sorted(explained - kinds)}"
    )


def test_every_alarm_has_one_row() -> None:
    _, _, table = text(DOCUMENT).partition("| kind |")
    rows = re.findall(r"^\| `([a-z_]+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert len(rows) == len(set(rows)), (
        f"told twice: {sorted({r for r in rows if rows.count(r) > 1})}"
    )


def test_every_alarm_is_raised_somewhere() -> None:
    """And always through gateway.runtime.alarms, which counts and logs."""
    raised = {
        str(node.value)
        for module in modules(*SHIPPED)
        if module.path != Path("gateway/runtime/alarms.py")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
    }
    missing = set(get_args(alarms.Kind)) - raised
    assert not missing, f"nothing raises these: {sorted(missing)}"
    none_of(
        (
            module.at(call, ast.unparse(call))
            for module in modules(*SHIPPED)
            for call in module.calls()
            if ast.unparse(call.func) == "ALARMS.labels"
            and module.path != Path("gateway/runtime/alarms.py")
        ),
        "raise alarms by gateway.runtime.alarms.sound or gateway.staff.operators.wake",
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
