"""The common part of the names of a photo's files, of which there are now several sizes and formats."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column. Photos of before keep NULL and their two files until `make-variants` has run."""
    op.add_column("media", sa.Column("variants", sa.String(32), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("media", "variants")
