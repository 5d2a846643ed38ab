"""How a photo was taken: camera, lens, exposure and time, kept if its uploader asks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column, which is NULL for the photos of before."""
    op.add_column("media", sa.Column("camera_info", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("media", "camera_info")
