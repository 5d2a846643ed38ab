"""The first tables of auth."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("email", CaseSensitiveString(254), nullable=False),
        sa.Column("name", CaseSensitiveString(60), nullable=False),
        sa.Column("name_key", CaseSensitiveString(120), nullable=False),
        sa.Column("nickname", CaseSensitiveString(30), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=True),
        sa.Column("bio", CaseSensitiveString(150), nullable=False),
        sa.Column("avatar", sa.String(length=120), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("updated_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("accounts_by_name", "accounts", ["name_key", "id"], unique=False)
    op.create_index("accounts_by_nickname", "accounts", ["nickname", "id"], unique=False)
    op.create_table(
        "disposal",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("due_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("disposal_due", "disposal", ["due_at"], unique=False)
    op.create_table(
        "failures",
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("blocked_until", BigInt, nullable=False),
        sa.Column("last_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("failures_by_age", "failures", ["last_at"], unique=False)
    op.create_table(
        "handles",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("kind", "digest"),
    )
    op.create_index("handles_by_account", "handles", ["account_id"], unique=False)
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
        "person_facts",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("event_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "event_id"),
    )
    op.create_index("person_facts_by_event", "person_facts", ["event_id"], unique=False)
    op.create_table(
        "purges",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("service", sa.String(length=20), nullable=False),
        sa.Column("purged_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "service"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("session_id", BigInt, nullable=False),
        sa.Column("parent", VarBinary(32), nullable=True),
        sa.Column("issued_at", BigInt, nullable=False),
        sa.Column("spent_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("refresh_tokens_by_parent", "refresh_tokens", ["parent"], unique=False)
    op.create_index("refresh_tokens_by_session", "refresh_tokens", ["session_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("device", CaseSensitiveString(100), nullable=True),
        sa.Column("ip", sa.String(length=45), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("last_used_at", BigInt, nullable=False),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.Column("ended_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sessions_by_account", "sessions", ["account_id", "id"], unique=False)
    op.create_index("sessions_by_end", "sessions", ["ended_at"], unique=False)
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"], unique=False)
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(length=32), nullable=False),
        sa.Column("sealed_private_key", VarBinary(1024), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("kid"),
    )
    op.create_table(
        "withdrawals",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("withdrawn_at", BigInt, nullable=False),
        sa.Column("announced_at", BigInt, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("withdrawals_by_account", "withdrawals", ["account_id"], unique=True)
    op.create_index("withdrawals_by_state", "withdrawals", ["complete", "announced_at"], unique=False)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("withdrawals_by_state", table_name="withdrawals")
    op.drop_index("withdrawals_by_account", table_name="withdrawals")
    op.drop_table("withdrawals")
    op.drop_table("signing_keys")
    op.drop_index("sessions_by_expiry", table_name="sessions")
    op.drop_index("sessions_by_end", table_name="sessions")
    op.drop_index("sessions_by_account", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("refresh_tokens_by_session", table_name="refresh_tokens")
    op.drop_index("refresh_tokens_by_parent", table_name="refresh_tokens")
    op.drop_table("refresh_tokens")
    op.drop_table("purges")
    op.drop_index("person_facts_by_event", table_name="person_facts")
    op.drop_table("person_facts")
    op.drop_index("outbox_unpublished", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("inbox_received", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index("handles_by_account", table_name="handles")
    op.drop_table("handles")
    op.drop_index("failures_by_age", table_name="failures")
    op.drop_table("failures")
    op.drop_index("disposal_due", table_name="disposal")
    op.drop_table("disposal")
    op.drop_index("accounts_by_nickname", table_name="accounts")
    op.drop_index("accounts_by_name", table_name="accounts")
    op.drop_table("accounts")
