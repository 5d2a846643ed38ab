"""The first tables of notifications."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0001"
down_revision = None


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, BigInt, autoincrement=False, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    _make_notifications()
    _make_copies()
    _make_queues()


def _make_notifications() -> None:
    op.create_table(
        "causes",
        _id("recipient_id"),
        sa.Column("kind", CaseSensitiveString(16), nullable=False),
        _id("subject_id"),
        _id("actor_id"),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("post_id", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("recipient_id", "kind", "subject_id", "actor_id"),
    )
    op.create_index("causes_newest", "causes", ["recipient_id", "kind", "subject_id", "shown", "id"])
    op.create_index("causes_by_actor", "causes", ["actor_id", "id"])
    op.create_index("causes_by_pair", "causes", ["actor_id", "recipient_id", "id"])
    op.create_index("causes_by_subject", "causes", ["subject_id"])
    op.create_index("causes_by_post", "causes", ["post_id"])
    op.create_index("causes_by_age", "causes", ["id"])
    op.create_table(
        "notifications",
        _id("recipient_id"),
        sa.Column("kind", CaseSensitiveString(16), nullable=False),
        _id("subject_id"),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("actor_count", sa.Integer(), nullable=False),
        sa.Column("actors", sa.JSON(), nullable=False),
        sa.Column("post_id", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("recipient_id", "kind", "subject_id"),
    )
    op.create_index("notifications_by_position", "notifications", ["recipient_id", "position"])
    op.create_index("notifications_by_id", "notifications", ["recipient_id", "id"])
    op.create_table(
        "preferences",
        _id("person_id"),
        sa.Column("kind", CaseSensitiveString(16), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("pushed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "kind"),
    )


def _make_copies() -> None:
    op.create_table(
        "people",
        _id("id"),
        sa.Column("nickname", CaseSensitiveString(30), nullable=True),
        sa.Column("name", CaseSensitiveString(60), nullable=True),
        sa.Column("avatar_url", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("uncounted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("last_id", BigInt, nullable=False, server_default=sa.text("0")),
        sa.Column("read_id", BigInt, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("people_by_hidden", "people", ["hidden", "id"])
    op.create_table(
        "restrictions",
        _id("person_id"),
        _id("other_id"),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("muting", sa.Boolean(), nullable=False),
        sa.Column("version", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "other_id"),
    )
    op.create_index("restrictions_by_other_id", "restrictions", ["other_id", "person_id"])
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _make_queues() -> None:
    op.create_table(
        "inbox",
        _id("event_id"),
        sa.Column("received_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("inbox_received", "inbox", ["received_at"])
    op.create_table(
        "outbox",
        _id("id"),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", BigInt, nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("traceparent", sa.String(length=55), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", BigInt, nullable=False),
        sa.Column("published_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outbox_unpublished", "outbox", ["published_at", "not_before", "id"])
    op.create_table(
        "reviews",
        _id("recipient_id"),
        _id("actor_id"),
        sa.Column("after", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("recipient_id", "actor_id"),
    )
    op.create_table(
        "recounts",
        _id("record_id"),
        sa.Column("requested_at", BigInt, nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("after", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index("recounts_by_age", "recounts", ["requested_at"])
    for table, subject in (("purges", "user_id"), ("removals", "subject_id")):
        op.create_table(
            table,
            _id(subject),
            sa.Column("requested_at", BigInt, nullable=False),
            sa.Column("sweep_at", BigInt, nullable=True),
            sa.Column("state", sa.String(length=8), nullable=False),
            sa.Column("traceparent", sa.String(length=55), nullable=True),
            sa.PrimaryKeyConstraint(subject),
        )
        op.create_index(f"{table}_due", table, ["sweep_at"])
    op.create_index("removals_by_age", "removals", ["requested_at"])


def downgrade() -> None:
    """Drop the tables."""
    tables = ("removals", "purges", "recounts", "reviews", "outbox", "inbox", "reconciliation", "restrictions")
    for table in (*tables, "people", "preferences", "notifications", "causes"):
        op.drop_table(table)
