"""Reports to moderators.

Only adds: the release before runs on it.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "reports",
        sa.Column("id", BigInt, autoincrement=False, nullable=False),
        sa.Column("reporter_id", BigInt, nullable=False),
        sa.Column("subject_kind", sa.String(8), nullable=False),
        sa.Column("subject_id", BigInt, nullable=False),
        sa.Column("owner_id", BigInt, nullable=False),
        sa.Column("category", sa.String(16), nullable=False),
        sa.Column("note", CaseSensitiveString(1000), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("moderator_id", BigInt, nullable=True),
        sa.Column("action", sa.String(16), nullable=True),
        sa.Column("created_at", BigInt, nullable=False),
        sa.Column("resolved_at", BigInt, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reports_by_reporter", "reports", ["reporter_id", "subject_kind", "subject_id"], unique=True)
    for name, columns in (
        ("reports_by_age", ["reporter_id", "id"]),
        ("reports_by_subject", ["subject_kind", "subject_id"]),
        ("reports_by_state", ["state", "id"]),
        ("reports_by_owner", ["owner_id"]),
        ("reports_by_moderator", ["moderator_id", "state"]),
        ("reports_by_resolution", ["resolved_at"]),
    ):
        op.create_index(name, "reports", columns)


def downgrade() -> None:
    """Drop it: reports are forgotten."""
    op.drop_table("reports")
