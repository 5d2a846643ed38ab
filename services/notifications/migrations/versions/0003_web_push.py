"""Browsers that get notifications by Web Push, and what has to be sent to them."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "push_subscriptions",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("person_id", BigInt, nullable=False),
        sa.Column("session_id", BigInt, nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("endpoint", CaseSensitiveString(1000), nullable=False),
        sa.Column("p256dh", VarBinary(65), nullable=False),
        sa.Column("auth", VarBinary(16), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("renewed_at", BigInt, nullable=False),
        sa.Column("sent_at", BigInt, nullable=True),
        sa.Column("retry_at", BigInt, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("push_subscriptions_by_digest", "push_subscriptions", ["digest"], unique=True)
    op.create_index("push_subscriptions_by_person", "push_subscriptions", ["person_id", "renewed_at"])
    op.create_index("push_subscriptions_by_session", "push_subscriptions", ["session_id"])
    op.create_index("push_subscriptions_by_age", "push_subscriptions", ["renewed_at"])
    op.create_table(
        "web_pushes",
        sa.Column("subscription_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("notification_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("position", BigInt, nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("due_at", BigInt, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "notification_id"),
    )
    op.create_index("web_pushes_due", "web_pushes", ["due_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("web_pushes")
    op.drop_table("push_subscriptions")
