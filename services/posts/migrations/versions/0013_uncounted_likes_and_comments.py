"""Likes and comments of suspended accounts are left out of the counters.

Only adds: the release before runs on it, and counts them.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0013"
down_revision = "0012"
MARKED = ("likes", "comments")


def upgrade() -> None:
    """Add the marks, and the jobs that set them."""
    op.add_column("people", sa.Column("uncounted", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table in MARKED:
        op.add_column(table, sa.Column("uncounted", sa.Boolean(), nullable=True))
    op.create_table(
        "recounts",
        sa.Column("record_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("requested_at", BigInt, nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("after", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index("recounts_by_age", "recounts", ["requested_at"])


def downgrade() -> None:
    """Drop them. Reinstate everybody before, or run `recount` after."""
    op.drop_table("recounts")
    for table in MARKED:
        op.drop_column(table, "uncounted")
    op.drop_column("people", "uncounted")
