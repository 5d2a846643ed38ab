"""Roles of accounts, and the log of moderation.

Only adds: the release before runs on it, and everybody is a member for it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column with its index, and the table."""
    op.add_column("accounts", sa.Column("role", sa.String(10), nullable=False, server_default="member"))
    op.create_index("accounts_by_role", "accounts", ["role", "id"])
    op.create_table(
        "moderation_log",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("actor_id", BigInt, nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("subject_kind", sa.String(8), nullable=False),
        sa.Column("subject_id", BigInt, nullable=False),
        sa.Column("role", sa.String(10), nullable=True),
        sa.Column("category", sa.String(16), nullable=True),
        sa.Column("reason", CaseSensitiveString(1000), nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("moderation_log_by_account", "moderation_log", ["account_id", "id"])


def downgrade() -> None:
    """Drop them: what moderators did is forgotten."""
    op.drop_table("moderation_log")
    op.drop_index("accounts_by_role", "accounts")
    op.drop_column("accounts", "role")
