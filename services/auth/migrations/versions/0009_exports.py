"""Exports of a person's own data.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "exports",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("requested_at", BigInt, nullable=False),
        sa.Column("due_at", BigInt, nullable=True),
        sa.Column("expires_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("exports_by_due", "exports", ["due_at"], unique=False)
    op.create_index("exports_by_expiry", "exports", ["expires_at"], unique=False)


def downgrade() -> None:
    """Drop it; the files are deleted when they expire."""
    op.drop_table("exports")
