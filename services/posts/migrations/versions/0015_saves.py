"""Posts that users save for themselves.

Only adds: the release before runs on it. Of a post that it deletes, nobody sees the saves, but they stay stored until
their accounts are deleted.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "saves",
        sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "post_id"),
    )
    op.create_index("saves_by_person", "saves", ["person_id", "id"])
    op.create_index("saves_by_post", "saves", ["post_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("saves")
