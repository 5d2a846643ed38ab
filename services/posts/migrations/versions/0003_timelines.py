"""The pushed feed. Until a feed's timeline is written it is pulled, so none is ever empty."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and have every feed written."""
    op.create_table(
        "timeline",
        sa.Column("owner_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "post_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("timeline_by_post", "timeline", ["post_id"], unique=False)
    op.create_table(
        "feeds",
        sa.Column("owner_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("floor", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("owner_id"),
    )
    op.create_table(
        "rebuilds",
        sa.Column("owner_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("owner_id"),
    )
    op.create_table(
        "pushes",
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("author_id", BigInt, nullable=False),
        sa.Column("after", BigInt, nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_index("pushes_by_reached", "pushes", ["reached", "post_id"], unique=False)
    op.create_table(
        "popular",
        sa.Column("author_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("filled_to", BigInt, nullable=True),
        sa.Column("filled_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("author_id"),
    )
    op.drop_index("follows_by_followee", table_name="follows")
    op.create_index("follows_by_followee", "follows", ["followee_id", "following", "follower_id"], unique=False)
    op.execute("INSERT INTO rebuilds (owner_id) SELECT DISTINCT follower_id FROM follows")


def downgrade() -> None:
    """Drop them; feeds are pulled again."""
    op.drop_index("follows_by_followee", table_name="follows")
    op.create_index("follows_by_followee", "follows", ["followee_id", "follower_id"], unique=False)
    op.drop_table("popular")
    op.drop_index("pushes_by_reached", table_name="pushes")
    op.drop_table("pushes")
    op.drop_table("rebuilds")
    op.drop_table("feeds")
    op.drop_index("timeline_by_post", table_name="timeline")
    op.drop_table("timeline")
