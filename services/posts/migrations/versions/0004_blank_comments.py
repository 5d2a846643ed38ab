"""Blank comments whose removal goes on after the transaction that took away the last answer."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "blank_comments",
        sa.Column("comment_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("comment_id"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("blank_comments")
