"""Copies of suspended accounts are hidden, and keep their fields.

Only adds: the release before runs on it, and shows suspended accounts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("people", sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("people_by_hidden", "people", ["hidden", "id"])


def downgrade() -> None:
    """Drop them: suspended accounts are shown until the next upgrade."""
    op.drop_index("people_by_hidden", "people")
    op.drop_column("people", "hidden")
