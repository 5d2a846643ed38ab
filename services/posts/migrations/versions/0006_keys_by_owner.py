"""How many idempotency keys somebody used within a day."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the index."""
    op.create_index("idempotency_keys_by_owner", "idempotency_keys", ["owner_id", "created_at"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("idempotency_keys_by_owner", table_name="idempotency_keys")
