"""A second factor: the secret of an authenticator app, and recovery codes.

Only adds: the release before runs on it, and does not ask for the second factor.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, VarBinary

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("accounts", sa.Column("second_factor", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "totp_secrets",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("sealed_secret", VarBinary(255), nullable=False),
        sa.Column("last_step", BigInt, nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "digest"),
    )


def downgrade() -> None:
    """Drop them: the second factors are lost."""
    op.drop_table("recovery_codes")
    op.drop_table("totp_secrets")
    op.drop_column("accounts", "second_factor")
