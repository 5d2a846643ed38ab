"""Passkeys, and their used challenges.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "passkeys",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("credential_id", VarBinary(1023), nullable=False),
        sa.Column("public_key", VarBinary(1024), nullable=False),
        sa.Column("sign_count", BigInt, nullable=False),
        sa.Column("name", CaseSensitiveString(60), nullable=False),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("last_used_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passkeys_by_account", "passkeys", ["account_id", "id"], unique=False)
    op.create_index("passkeys_by_credential", "passkeys", ["credential_id"], unique=True)
    op.create_table(
        "used_challenges",
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("expires_at", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("used_challenges_by_expiry", "used_challenges", ["expires_at"], unique=False)


def downgrade() -> None:
    """Drop them: the passkeys are lost."""
    op.drop_table("used_challenges")
    op.drop_table("passkeys")
