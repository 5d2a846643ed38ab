"""Blocks and mutes.

Only adds: the release before runs on it, and lets blocked users follow.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table, and the version of each user's rows."""
    op.add_column("people", sa.Column("restrictions_version", BigInt, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "restrictions",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("other_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("block_id", BigInt, nullable=True),
        sa.Column("mute_id", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("person_id", "other_id"),
    )
    op.create_index("restrictions_by_block", "restrictions", ["person_id", "block_id"])
    op.create_index("restrictions_by_mute", "restrictions", ["person_id", "mute_id"])
    op.create_index("restrictions_by_other", "restrictions", ["other_id", "person_id"])


def downgrade() -> None:
    """Drop them: nobody is blocked or muted."""
    op.drop_table("restrictions")
    op.drop_column("people", "restrictions_version")
