"""Suspended accounts.

Only adds: the release before runs on it, and lets suspended accounts log in.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns and their index."""
    op.add_column("accounts", sa.Column("suspended", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("accounts", sa.Column("suspended_at", BigInt, nullable=True))
    op.create_index("accounts_by_suspension", "accounts", ["suspended", "id"])


def downgrade() -> None:
    """Drop them: nobody is suspended any more."""
    op.drop_index("accounts_by_suspension", "accounts")
    op.drop_column("accounts", "suspended_at")
    op.drop_column("accounts", "suspended")
