"""Rooms begin as requests, and users choose who may begin one.

Only adds what the release before does not need. It shows requests among the other rooms, accepts none, and a message
that it sends shows a declined one again. Its list of rooms sorts all rooms of a user until the upgrade is complete.
Rooms from before are accepted.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns and the table, and replace the index of the list of rooms."""
    op.add_column("members", sa.Column("requested", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("members", sa.Column("request_version", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("members_by_state", "members", ["user_id", "requested", "last_id", "room_id", "hidden"])
    op.drop_index("members_by_last", "members")
    op.create_table(
        "message_settings",
        sa.Column("user_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("senders", sa.String(10), nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
    )


def downgrade() -> None:
    """Drop them: every room is accepted, and everyone may begin one."""
    op.drop_table("message_settings")
    op.create_index("members_by_last", "members", ["user_id", "last_id", "room_id", "hidden"])
    op.drop_index("members_by_state", "members")
    op.drop_column("members", "request_version")
    op.drop_column("members", "requested")
