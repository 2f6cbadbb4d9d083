"""A report's state and what goes with it are written by gateway.cases.transitions alone.

Written in several places they differed by a column: a report kept the reminders of who had it
before. Read here from the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from gateway.store.models import Alert, Report
from tests.rules.sources import SERVICE, Module, modules, none_of

TRANSITIONS = Path("gateway/cases/transitions.py")

COLUMNS = {
    "state",
    "level",
    "waiting",
    "escalate_at",
    "draft_ends_at",
    "muted_until",
    "check_fold_at",
    "accepted_at",
    "accepted_by",
    "closed_at",
    "folded_into",
} | {
    "remind_at",
    "reminders",
    "purged_at",
}
"""What is written with a report's state."""

OTHERS = {"alert", "other", "row", "health"}
"""What else has columns of these names is called so: an alert, an SMS, a provider."""

ADVICE = (
    "call a function of gateway.cases.transitions, or add one there: it writes a report's state "
    "with all that goes with it"
)


def test_only_transitions_write_the_state_of_a_report() -> None:
    none_of(
        (
            finding
            for module in modules(*SERVICE)
            if module.path != TRANSITIONS
            for finding in writes(module)
        ),
        ADVICE,
    )


def test_the_rule_finds_every_way_to_write_it() -> None:
    """Given a module that nobody wrote, each of its lines but the last four is found."""
    source = """
report.state = ReportState.CLOSED
draft.partial, draft.state = True, "received"
report.reminders += 1
session.execute(update(Report).where(Report.id == one).values(state="closed"))
Report(id=one, state=ReportState.DRAFT)
setattr(report, "state", "closed")
alert.state, alert.answered_at = AlertState.OPEN, at
row.state = OutboxState.SENDING
Report(id=one, code=code)
report.language = step.language
"""
    found = writes(Module(Path("made_up.py"), ast.parse(source)))
    assert sorted(one.split(":")[1] for one in found) == ["2", "3", "4", "5", "6", "7"]


def test_the_columns_are_those_of_a_report() -> None:
    assert set(Report.__table__.columns.keys()) >= COLUMNS
    assert "state" in Alert.__table__.columns


def writes(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        match node:
            case ast.Assign(targets=targets):
                written = any(_is_column(one) for target in targets for one in _each(target))
            case ast.AugAssign(target=target):
                written = _is_column(target)
            case ast.Call(func=ast.Name(id="setattr")):
                written = "report" in ast.unparse(node.args[0])
            case ast.Call(func=ast.Name(id="update")):
                written = ast.unparse(node.args[0]) == "Report"
            case ast.Call(func=ast.Name(id="Report")):
                written = bool(COLUMNS & {one.arg for one in node.keywords})
            case _:
                written = False
        if written and isinstance(node, ast.stmt | ast.expr):
            yield module.at(node, ast.unparse(node)[:60])


def _each(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else [target]


def _is_column(target: ast.expr) -> bool:
    """Whether this is a column of something that may be a report."""
    if not isinstance(target, ast.Attribute) or target.attr not in COLUMNS:
        return False
    return ast.unparse(target.value) not in OTHERS
