"""Users search the messages in their rooms.

Only adds tables. Texts from before, and those that the former release stores while it still runs, are added by the
worker `dm.indexing`, in chunks.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, LongCaseSensitiveText

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "searched_texts",
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("message_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("room_id", BigInt, nullable=False),
        sa.Column("folded", LongCaseSensitiveText, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "message_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "indexing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Drop them: the messages stay."""
    op.drop_table("indexing")
    op.drop_table("searched_texts")
