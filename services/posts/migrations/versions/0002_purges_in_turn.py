"""Purges take turns: the index orders them by when each is due, and one that is over is never due."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0002"
down_revision = "0001"

_purges = sa.table("purges", sa.column("sweep_at"), sa.column("state"), sa.column("requested_at"))


def upgrade() -> None:
    """Let `sweep_at` be absent."""
    with op.batch_alter_table("purges") as purges:
        purges.alter_column("sweep_at", existing_type=BigInt, nullable=True)
        purges.drop_index("purges_by_state")
        purges.create_index("purges_due", ["sweep_at"])
    op.execute(_purges.update().where(_purges.c.state == "done").values(sweep_at=None))


def downgrade() -> None:
    """Give each a time again; those that are over have a state that is never asked for."""
    op.execute(_purges.update().where(_purges.c.sweep_at.is_(None)).values(sweep_at=_purges.c.requested_at))
    with op.batch_alter_table("purges") as purges:
        purges.drop_index("purges_due")
        purges.create_index("purges_by_state", ["state", "sweep_at"])
        purges.alter_column("sweep_at", existing_type=BigInt, nullable=False)
