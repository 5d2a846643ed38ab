"""Sign-ups by invitation or approval.

Only adds: the release before runs on it, and lets everybody sign up.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, VarBinary

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column with its index, and the table."""
    op.add_column("accounts", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("accounts_by_approval", "accounts", ["pending", "id"])
    op.create_table(
        "invitations",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("creator_id", BigInt, nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("invitations_by_digest", "invitations", ["digest"], unique=True)
    op.create_index("invitations_by_creator", "invitations", ["creator_id"])
    op.create_index("invitations_by_expiry", "invitations", ["expires_at"])


def downgrade() -> None:
    """Drop them: invitations are void, and pending accounts are suspended."""
    op.drop_table("invitations")
    op.drop_index("accounts_by_approval", "accounts")
    op.drop_column("accounts", "pending")
