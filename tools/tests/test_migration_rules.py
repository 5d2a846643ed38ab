"""Migrations after which the code of the release before could not go on are refused."""

from pathlib import Path

import pytest

from tools.migrations import ROOT, problems

MIGRATION = """
import sqlalchemy as sa
from alembic import op

{constant}

def upgrade():
    op.create_table("added", sa.Column("id", sa.Integer, primary_key=True))
    {statement}


def downgrade():
    op.drop_table("notes")
"""


def refused(statement: str, constant: str = "", revision: str = "0002") -> list[str]:
    return [reason for _, reason in problems(revision, MIGRATION.format(statement=statement, constant=constant))]


@pytest.mark.parametrize(
    "statement",
    [
        'op.drop_table("notes")',
        'op.drop_column("notes", "text")',
        'op.rename_table("notes", "texts")',
        'op.alter_column("notes", "text", new_column_name="content")',
        'op.alter_column("notes", "text", nullable=False)',
        'op.alter_column("notes", "text", type_=sa.Integer)',
        'op.add_column("notes", sa.Column("length", sa.Integer, nullable=False))',
        'op.create_unique_constraint("one_text", "notes", ["text"])',
        'op.create_check_constraint("short", "notes", "length < 10")',
        'op.execute("ALTER TABLE notes DROP COLUMN text")',
        'notes = op.batch_alter_table("notes"); notes.drop_column("text")',
    ],
)
def test_change_that_breaks_the_former_code_is_refused(statement: str) -> None:
    assert len(refused(statement)) == 1
    assert refused(statement, constant='UNUSED_SINCE = "1.4"') == []
    assert refused(statement, revision="0001") == [], "a new service has no former code"


@pytest.mark.parametrize(
    "statement",
    [
        'op.add_column("notes", sa.Column("length", sa.Integer, nullable=True))',
        'op.add_column("notes", sa.Column("length", sa.Integer, nullable=False, server_default="0"))',
        'op.add_column("added", sa.Column("length", sa.Integer, nullable=False))',
        'op.alter_column("notes", "text", nullable=True)',
        'op.create_index("by_text", "notes", ["text"])',
        'op.drop_index("by_text", table_name="notes")',
        'op.drop_column("added", "text")',
        'op.execute("UPDATE notes SET text = 1")',
    ],
)
def test_change_that_the_former_code_does_not_notice_is_accepted(statement: str) -> None:
    assert refused(statement) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "services").glob("*/migrations/versions/*.py")), ids=lambda path: path.stem
)
def test_migrations_of_the_services_keep_the_former_code_working(path: Path) -> None:
    assert list(problems(path.stem.partition("_")[0], path.read_text())) == []
