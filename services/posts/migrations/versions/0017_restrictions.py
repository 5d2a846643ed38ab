"""Copies of blocks and mutes, and follows whose posts they hide.

Only adds: the release before runs on it, and shows the posts of blocked and muted users.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column("follows", sa.Column("hidden_version", BigInt, nullable=True))
    op.create_table(
        "restrictions",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("other_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("muting", sa.Boolean(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "other_id"),
    )
    op.create_index("restrictions_by_other_id", "restrictions", ["other_id", "person_id"])


def downgrade() -> None:
    """Drop them. What a mute hides stays hidden until the next unfollow and follow."""
    op.drop_table("restrictions")
    op.drop_column("follows", "hidden_version")
