"""The first tables of posts."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "comments",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("post_id", BigInt, nullable=False),
        sa.Column("root_id", BigInt, nullable=True),
        sa.Column("parent_id", BigInt, nullable=True),
        sa.Column("author_id", BigInt, nullable=True),
        sa.Column("text", CaseSensitiveString(1000), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("reply_count", sa.Integer(), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("updated_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("comments_by_author", "comments", ["author_id", "id"], unique=False)
    op.create_index("comments_by_parent", "comments", ["parent_id", "id"], unique=False)
    op.create_index("comments_by_thread", "comments", ["post_id", "root_id", "id"], unique=False)
    op.create_table(
        "disposal",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("due_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("disposal_due", "disposal", ["due_at"], unique=False)
    op.create_table(
        "follows",
        sa.Column("follower_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("followee_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("following", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("follower_id", "followee_id"),
    )
    op.create_index("follows_by_followee", "follows", ["followee_id", "follower_id"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("key_hash", VarBinary(32), nullable=False),
        sa.Column("request_hash", VarBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(length=16777215), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "key_hash"),
    )
    op.create_index("idempotency_keys_age", "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("event_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("received_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("inbox_received", "inbox", ["received_at"], unique=False)
    op.create_table(
        "likes",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "post_id"),
    )
    op.create_index("likes_by_post", "likes", ["post_id", "id"], unique=False)
    op.create_table(
        "media",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("owner_id", BigInt, nullable=False),
        sa.Column("post_id", BigInt, nullable=True),
        sa.Column("display", sa.String(length=120), nullable=False),
        sa.Column("thumbnail", sa.String(length=120), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("blurhash", sa.String(length=120), nullable=False),
        sa.Column("alt", CaseSensitiveString(1000), nullable=True),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("media_by_owner", "media", ["owner_id", "id"], unique=False)
    op.create_index("media_by_post", "media", ["post_id", "created_at"], unique=False)
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
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "posts",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("author_id", BigInt, nullable=False),
        sa.Column("caption", CaseSensitiveString(2200), nullable=True),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("updated_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("posts_by_author", "posts", ["author_id", "id"], unique=False)
    op.create_table(
        "purges",
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("requested_at", BigInt, nullable=False),
        sa.Column("sweep_at", BigInt, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index("purges_by_state", "purges", ["state", "sweep_at"], unique=False)
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "removals",
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("author_id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_index("removals_by_author", "removals", ["author_id"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("likes", sa.Integer(), nullable=False),
        sa.Column("comments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", "slot"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("tallies")
    op.drop_index("removals_by_author", table_name="removals")
    op.drop_table("removals")
    op.drop_table("reconciliation")
    op.drop_index("purges_by_state", table_name="purges")
    op.drop_table("purges")
    op.drop_index("posts_by_author", table_name="posts")
    op.drop_table("posts")
    op.drop_table("people")
    op.drop_index("outbox_unpublished", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("media_by_post", table_name="media")
    op.drop_index("media_by_owner", table_name="media")
    op.drop_table("media")
    op.drop_index("likes_by_post", table_name="likes")
    op.drop_table("likes")
    op.drop_index("inbox_received", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("idempotency_keys_age", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("follows_by_followee", table_name="follows")
    op.drop_table("follows")
    op.drop_index("disposal_due", table_name="disposal")
    op.drop_table("disposal")
    op.drop_index("comments_by_thread", table_name="comments")
    op.drop_index("comments_by_parent", table_name="comments")
    op.drop_index("comments_by_author", table_name="comments")
    op.drop_table("comments")
