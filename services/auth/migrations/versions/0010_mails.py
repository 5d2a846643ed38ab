"""Messages to the owners of accounts, confirmed addresses, and links for a new password.

Only adds: the release before runs on it. Its accounts are unconfirmed, and their language is English.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, VarBinary

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("accounts", sa.Column("email_verified", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("accounts", sa.Column("language", sa.String(2), nullable=False, server_default="en"))
    op.create_table(
        "email_confirmations",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("serial", BigInt, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("email_confirmations_by_expiry", "email_confirmations", ["expires_at"])
    op.create_table(
        "password_resets",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("serial", BigInt, nullable=False),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("password_resets_by_expiry", "password_resets", ["expires_at"])
    op.create_table(
        "reset_requests",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "mail_limits",
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("times", VarBinary(80), nullable=False),
        sa.Column("last_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("mail_limits_by_age", "mail_limits", ["last_at"])
    op.create_table(
        "mails",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("due_at", BigInt, nullable=True),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failed_at", BigInt, nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("template", sa.String(32), nullable=False),
        sa.Column("reference", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("mails_due", "mails", ["due_at"])
    op.create_index("mails_failed", "mails", ["failed_at"])
    op.create_index("mails_by_account", "mails", ["account_id"])


def downgrade() -> None:
    """Drop them: messages that wait are lost, and which addresses were confirmed."""
    for table in ("mails", "mail_limits", "reset_requests", "password_resets", "email_confirmations"):
        op.drop_table(table)
    op.drop_column("accounts", "language")
    op.drop_column("accounts", "email_verified")
