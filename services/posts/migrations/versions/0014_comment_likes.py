"""Likes of comments, with their counters, and the queue of deleted comments whose likes are to be removed.

Only adds: the release before runs on it. Of a comment that it deletes, nobody sees the likes, but they stay stored
until their accounts are deleted.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "comment_likes",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("comment_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("uncounted", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "comment_id"),
    )
    op.create_index("comment_likes_by_comment", "comment_likes", ["comment_id", "id"])
    op.create_table(
        "comment_counters",
        sa.Column("comment_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "slot"),
    )
    op.create_table(
        "comment_removals",
        sa.Column("comment_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("comment_id"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("comment_removals")
    op.drop_table("comment_counters")
    op.drop_table("comment_likes")
