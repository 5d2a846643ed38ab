"""Photos of which all files are lost."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, which is NULL for all photos whose files are there."""
    op.add_column("media", sa.Column("missing", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("media", "missing")
