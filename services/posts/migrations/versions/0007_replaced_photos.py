"""Of which post a file is that waits for its deletion."""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the column and its index."""
    op.add_column("disposal", sa.Column("post_id", BigInt, nullable=True))
    op.create_index("disposal_by_post", "disposal", ["post_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("disposal_by_post", table_name="disposal")
    op.drop_column("disposal", "post_id")
