"""Copies of blocks.

Only adds: the release before runs on it, and shows blocked users to each other.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the table, and the queue of deleted accounts."""
    op.create_table(
        "restrictions",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("other_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "other_id"),
    )
    op.create_index("restrictions_by_other_id", "restrictions", ["other_id", "person_id"])
    op.create_table(
        "unpurged_restrictions",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )


def downgrade() -> None:
    """Drop them: blocked users are shown to each other."""
    op.drop_table("unpurged_restrictions")
    op.drop_table("restrictions")
