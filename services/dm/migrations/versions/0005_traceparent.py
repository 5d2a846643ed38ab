"""Events in the outbox and purges keep the trace to which they belong.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
TABLES = ("outbox", "purges")


def upgrade() -> None:
    """Add the columns."""
    for table in TABLES:
        op.add_column(table, sa.Column("traceparent", sa.String(55), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_column(table, "traceparent")
