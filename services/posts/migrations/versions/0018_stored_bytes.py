"""The size of photos, for the storage quota.

Only adds: the release before runs on it. What it uploads is not counted.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("media", sa.Column("stored_bytes", BigInt, nullable=True))
    op.create_index("media_by_size", "media", ["owner_id", "stored_bytes"])


def downgrade() -> None:
    """Drop them: there is no quota any more."""
    op.drop_index("media_by_size", "media")
    op.drop_column("media", "stored_bytes")
