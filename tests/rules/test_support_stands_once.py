"""What many tests need stands in one place: the provider, the samples, the way to read alarms."""

from __future__ import annotations

import ast
from pathlib import Path

from tests import samples
from tests.rules.sources import modules, none_of

PROVIDER = Path("tests/sms_provider.py")
SAMPLES = Path("tests/samples.py")


def test_there_is_one_sms_provider() -> None:
    none_of(
        (
            module.at(node, node.name)
            for module in modules("tests")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
            and module.path != PROVIDER
            and not node.bases
            and {"send", "probe"}
            <= {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
        ),
        f"have these be the provider of {PROVIDER}, or one that is derived from it",
    )


def test_a_sample_has_one_name() -> None:
    known = {value for value in vars(samples).values() if isinstance(value, str)} - {
        samples.__doc__
    }
    none_of(
        (
            module.at(node, ast.unparse(node))
            for module in modules("tests")
            for node in module.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and module.path != SAMPLES
            and isinstance(node.value, ast.Constant)
            and node.value.value in known
        ),
        f"import these from {SAMPLES}",
    )


def test_metrics_are_read_as_prometheus_reads_them() -> None:
    none_of(
        (
            module.at(node, ast.unparse(node))
            for module in modules("tests", "bench")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and node.attr == "_value"
        ),
        "read alarms by tests.alarm_counts, and others by prometheus_client.REGISTRY",
    )
