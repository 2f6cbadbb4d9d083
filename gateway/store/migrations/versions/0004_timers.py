"""Each timer of a report has a column of its own, and why nobody was asked is a word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ADDED = ("draft_ends_at", "muted_until", "check_fold_at")
"""What `climb_at` meant too: each report has one of these or `escalate_at`."""

REPORTS = sa.table(
    "reports", *map(sa.column, ("state", "folded_into", "level", "escalate_at", *ADDED))
)


def upgrade() -> None:
    _rename("climb_at", "escalate_at", "rung", "level")
    op.add_column("reports", sa.Column("waiting", sa.String(length=64), nullable=True))
    for column in ADDED:
        op.add_column("reports", sa.Column(column, UtcDateTime(), nullable=True))
        op.create_index(f"ix_reports_{column}", "reports", [column], unique=False)
    _move("draft_ends_at", REPORTS.c.state == "draft")
    _move("check_fold_at", REPORTS.c.folded_into.is_not(None))
    _move("muted_until", REPORTS.c.level == -1)
    op.execute("UPDATE reports SET waiting = 'muted', level = 0 WHERE level = -1")
    op.execute("UPDATE reports SET waiting = 'nobody_can_act', level = 0 WHERE level = -2")
    op.execute("UPDATE alerts SET level = 0 WHERE level < 0")


def downgrade() -> None:
    timer = sa.func.coalesce(*(REPORTS.c[column] for column in ("escalate_at", *ADDED)))
    op.execute(REPORTS.update().where(timer.is_not(None)).values(escalate_at=timer))
    op.execute("UPDATE reports SET level = -1 WHERE waiting = 'muted'")
    op.execute("UPDATE reports SET level = -2 WHERE waiting = 'nobody_can_act'")
    for column in ADDED:
        op.drop_index(f"ix_reports_{column}", table_name="reports")
        op.drop_column("reports", column)
    op.drop_column("reports", "waiting")
    _rename("escalate_at", "climb_at", "level", "rung")


def _rename(old_timer: str, new_timer: str, old_level: str, new_level: str) -> None:
    """The index is made anew with its new name: SQLite cannot rename one."""
    op.drop_index(f"ix_reports_{old_timer}", table_name="reports")
    for table, old, new in (
        ("reports", old_timer, new_timer),
        ("reports", old_level, new_level),
        ("alerts", old_level, new_level),
    ):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    op.create_index(f"ix_reports_{new_timer}", "reports", [new_timer], unique=False)


def _move(timer: str, which: sa.ColumnElement[bool]) -> None:
    """What `escalate_at` says of these reports is said by another timer."""
    op.execute(
        REPORTS.update()
        .where(which, REPORTS.c.escalate_at.is_not(None))
        .values({timer: REPORTS.c.escalate_at, "escalate_at": None})
    )
