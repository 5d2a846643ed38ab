"""Users mute rooms, and hide them until there is a new message.

Only adds columns: the release before runs on it. It shows hidden rooms, and a message that it sends leaves a room
hidden until the next one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns, and replace the index of the list of rooms."""
    op.add_column("members", sa.Column("muted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("members", sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("members_by_last", "members", ["user_id", "last_id", "room_id", "hidden"])
    op.drop_index("members_by_activity", "members")


def downgrade() -> None:
    """Drop them: hidden rooms are shown again."""
    op.create_index("members_by_activity", "members", ["user_id", "last_id", "room_id"])
    op.drop_index("members_by_last", "members")
    op.drop_column("members", "hidden")
    op.drop_column("members", "muted")
