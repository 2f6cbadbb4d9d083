"""Tables have the names of what they hold: actions, and processes that were seen alive."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename("deeds", "actions")
    op.rename_table("beats", "processes_seen")


def downgrade() -> None:
    _rename("actions", "deeds")
    op.rename_table("processes_seen", "beats")


def _rename(old: str, new: str) -> None:
    """The index is made anew with its new name: SQLite cannot rename one, and the rows are few."""
    op.drop_index(f"ix_{old}_report_id", table_name=old)
    op.rename_table(old, new)
    op.create_index(f"ix_{new}_report_id", new, ["report_id"], unique=False)
