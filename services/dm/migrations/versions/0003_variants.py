"""Whether a photo has all sizes and formats, or only the two files of before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column. Photos of before keep NULL and their two files until `make-variants` has run."""
    op.add_column("media", sa.Column("has_variants", sa.Boolean(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("media", "has_variants")
