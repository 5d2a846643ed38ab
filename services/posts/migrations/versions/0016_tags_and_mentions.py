"""Tags of posts with their counters, and who is mentioned in captions and comments.

Only adds: the release before runs on it. A worker finds the captions of before, and those that the release before
writes meanwhile. Of comments from before, mentions are found when they are edited. Of a post that the release before
deletes, the tags are counted until `recount-tags` has run.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.statements import BigInt, CaseSensitiveString

revision = "0016"
down_revision = "0015"
MENTIONING = ("post", "comment")


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("posts", sa.Column("tags", CaseSensitiveString(1600), nullable=True))
    op.add_column("posts", sa.Column("names", CaseSensitiveString(640), nullable=True))
    op.add_column("comments", sa.Column("names", CaseSensitiveString(640), nullable=True))
    op.create_index("people_by_nickname", "people", ["nickname"])
    op.create_table(
        "post_tags",
        sa.Column("tag", CaseSensitiveString(50), nullable=False),
        sa.Column("post_id", BigInt, autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("uncounted", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("tag", "post_id"),
    )
    op.create_index("post_tags_by_post", "post_tags", ["post_id"])
    op.create_table(
        "tag_counters",
        sa.Column("tag", CaseSensitiveString(50), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tag", "slot"),
    )
    for noun in MENTIONING:
        op.create_table(
            f"{noun}_mentions",
            sa.Column(f"{noun}_id", BigInt, autoincrement=False, nullable=False),
            sa.Column("person_id", BigInt, autoincrement=False, nullable=False),
            sa.Column("name", CaseSensitiveString(30), nullable=False),
            sa.Column("position", sa.Integer(), nullable=False),
            sa.PrimaryKeyConstraint(f"{noun}_id", "person_id"),
        )
        op.create_index(f"{noun}_mentions_by_person", f"{noun}_mentions", ["person_id", f"{noun}_id"])


def downgrade() -> None:
    """Drop them."""
    for noun in MENTIONING:
        op.drop_table(f"{noun}_mentions")
    op.drop_table("tag_counters")
    op.drop_table("post_tags")
    op.drop_index("people_by_nickname", "people")
    op.drop_column("comments", "names")
    op.drop_column("posts", "names")
    op.drop_column("posts", "tags")
