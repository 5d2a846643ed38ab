"""A queue of deleted accounts that are not recorded beside the database yet: at first, all.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, and add every account that has been deleted."""
    op.create_table(
        "unrecorded_withdrawals",
        sa.Column("account_id", BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    withdrawals = sa.table("withdrawals", sa.column("account_id"))
    queue = sa.table("unrecorded_withdrawals", sa.column("account_id"))
    op.execute(sa.insert(queue).from_select(["account_id"], sa.select(withdrawals.c.account_id)))


def downgrade() -> None:
    """Drop it."""
    op.drop_table("unrecorded_withdrawals")
