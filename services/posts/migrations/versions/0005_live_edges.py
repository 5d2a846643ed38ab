"""Whom one follows, apart from whom one followed once."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("follows_by_follower", "follows", ["follower_id", "following", "followee_id"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("follows_by_follower", table_name="follows")
