"""Copies of blocks.

Only adds: the release before runs on it, and lets blocked users write.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "restrictions",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("other_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "other_id"),
    )
    op.create_index("restrictions_by_other_id", "restrictions", ["other_id", "person_id"])


def downgrade() -> None:
    """Drop it: nobody is blocked."""
    op.drop_table("restrictions")
