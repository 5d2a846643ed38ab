"""Identities of accounts at OpenID Connect providers.

Only adds: the release before runs on it. It lets nobody in without a password: none matches what such accounts have.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "identities",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("account_id", BigInt, nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("digest", VarBinary(32), nullable=False),
        sa.Column("subject", CaseSensitiveString(255), nullable=False),
        sa.Column("email", CaseSensitiveString(254), nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("last_used_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("identities_by_account", "identities", ["account_id", "id"], unique=False)
    op.create_index("identities_by_provider", "identities", ["account_id", "provider"], unique=True)
    op.create_index("identities_by_digest", "identities", ["digest"], unique=True)


def downgrade() -> None:
    """Drop it: who has no password needs a new one by mail."""
    op.drop_table("identities")
