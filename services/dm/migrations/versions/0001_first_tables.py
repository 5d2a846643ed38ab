"""The first tables of dm."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "disposal",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("due_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("disposal_due", "disposal", ["due_at"], unique=False)
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
        "media",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("room_id", BigInt, nullable=False),
        sa.Column("uploader_id", BigInt, nullable=False),
        sa.Column("file", sa.String(length=32), nullable=False),
        sa.Column("content_type", sa.String(length=40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("blurhash", sa.String(length=120), nullable=False),
        sa.Column("alt", CaseSensitiveString(1000), nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("media_by_age", "media", ["sent", "created_at"], unique=False)
    op.create_index("media_by_uploader", "media", ["uploader_id", "sent", "id"], unique=False)
    op.create_table(
        "members",
        sa.Column("room_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("peer_id", BigInt, nullable=False),
        sa.Column("last_id", BigInt, nullable=False),
        sa.Column("read_id", BigInt, nullable=False),
        sa.Column("unread_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "user_id"),
    )
    op.create_index("members_by_activity", "members", ["user_id", "last_id", "room_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("room_id", BigInt, nullable=False),
        sa.Column("sender_id", BigInt, nullable=False),
        sa.Column("text", CaseSensitiveString(2000), nullable=True),
        sa.Column("media_id", BigInt, nullable=True),
        sa.Column("post_id", BigInt, nullable=True),
        sa.Column("reply_to", BigInt, nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.CheckConstraint(
            "(text IS NOT NULL) + (media_id IS NOT NULL) + (post_id IS NOT NULL) = 1", name="messages_say_one_thing"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("messages_by_room", "messages", ["room_id", "id", "sender_id"], unique=False)
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
    op.create_table(
        "rooms",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("low_id", BigInt, nullable=False),
        sa.Column("high_id", BigInt, nullable=False),
        sa.Column("last_id", BigInt, nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rooms_of_two", "rooms", ["low_id", "high_id"], unique=True)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("rooms_of_two", table_name="rooms")
    op.drop_table("rooms")
    op.drop_table("reconciliation")
    op.drop_index("purges_due", table_name="purges")
    op.drop_table("purges")
    op.drop_table("people")
    op.drop_index("outbox_unpublished", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("messages_by_room", table_name="messages")
    op.drop_table("messages")
    op.drop_index("members_by_activity", table_name="members")
    op.drop_table("members")
    op.drop_index("media_by_uploader", table_name="media")
    op.drop_index("media_by_age", table_name="media")
    op.drop_table("media")
    op.drop_index("inbox_received", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("idempotency_keys_age", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("disposal_due", table_name="disposal")
    op.drop_table("disposal")
