"""The first tables of social."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "follows",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("follower_id", BigInt, nullable=False),
        sa.Column("followee_id", BigInt, nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("follows_by_followee", "follows", ["followee_id", "id"], unique=False)
    op.create_index("follows_by_follower", "follows", ["follower_id", "id"], unique=False)
    op.create_index("follows_by_pair", "follows", ["follower_id", "followee_id"], unique=True)
    op.create_table(
        "inbox",
        sa.Column("event_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("received_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("inbox_received", "inbox", ["received_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", BigInt, nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", BigInt, nullable=False),
        sa.Column("published_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_unpublished", "outbox", ["published_at", "not_before", "id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("nickname", CaseSensitiveString(30), nullable=True),
        sa.Column("name", CaseSensitiveString(60), nullable=True),
        sa.Column("avatar_url", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("followers_count", sa.Integer(), nullable=False),
        sa.Column("following_count", sa.Integer(), nullable=False),
        sa.Column("following_version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "purges",
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("requested_at", BigInt, nullable=False),
        sa.Column("sweep_at", BigInt, nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index("purges_due", "purges", ["sweep_at"], unique=False)
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("reconciliation")
    op.drop_index("purges_due", table_name="purges")
    op.drop_table("purges")
    op.drop_table("people")
    op.drop_index("outbox_unpublished", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("inbox_received", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("follows_by_pair", table_name="follows")
    op.drop_index("follows_by_follower", table_name="follows")
    op.drop_index("follows_by_followee", table_name="follows")
    op.drop_table("follows")
