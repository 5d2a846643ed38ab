"""Moderators remove messages.

Only adds a column. The former release shows a removed message as an empty text.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column, which is NULL for all messages that are not removed."""
    op.add_column("messages", sa.Column("removed", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop it: what was removed stays empty."""
    op.drop_column("messages", "removed")
