"""Migrations: up, down, repeated, and each step completely or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from shared.database import migrations
from shared.database.engine import Database

ENV = '''"""Env."""
from sqlalchemy import MetaData
from shared.database.migrations import run_migrations
run_migrations(MetaData())
'''
STEP = '''"""Step."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {before!r}
def upgrade() -> None:
    op.create_table({table!r}, sa.Column("id", sa.Integer, primary_key=True))
    {more}
def downgrade() -> None:
    op.drop_table({table!r})
'''


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Without tables."""
    opened = Database(f"sqlite:///{tmp_path / 'service.db'}", pool_size=1)
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Migrations of two steps, in a folder whose name has special characters."""
    folder = tmp_path / "100% migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(ENV)
    add_step(folder, "0001", None, "notes")
    add_step(folder, "0002", "0001", "tags")
    return folder


def add_step(folder: Path, revision: str, before: str | None, table: str, more: str = "pass") -> None:
    step = STEP.format(revision=revision, before=before, table=table, more=more)
    (folder / "versions" / f"{revision}.py").write_text(step)


def tables(database: Database) -> set[str]:
    return set(database.read(lambda connection: inspect(connection).get_table_names())) - {"alembic_version"}


def test_upgrade_and_downgrade(database: Database, folder: Path) -> None:
    for _ in range(2):
        migrations.upgrade(database, folder)
        assert tables(database) == {"notes", "tags"}
    migrations.downgrade(database, folder)
    assert tables(database) == set()


def test_alembic_is_not_loaded_when_the_schema_is_current(database: Database, folder: Path) -> None:
    migrations.upgrade(database, folder)
    (folder / "env.py").write_text("raise RuntimeError('asked')")
    migrations.upgrade(database, folder)
    add_step(folder, "0003", "0002", "links")
    with pytest.raises(RuntimeError, match="asked"):
        migrations.upgrade(database, folder)


def test_schema_of_a_later_release_stays_as_it_is(database: Database, folder: Path) -> None:
    add_step(folder, "0003", "0002", "links")
    migrations.upgrade(database, folder)
    (folder / "versions" / "0003.py").unlink()
    migrations.upgrade(database, folder)
    assert tables(database) == {"notes", "tags", "links"}


@pytest.mark.parametrize("service", ["auth", "social", "posts", "dm", "notifications"])
def test_migration_files_are_named_after_their_revisions_in_order(service: str) -> None:
    versions = ScriptDirectory(str(Path(__file__).parents[2] / "services" / service / "migrations"))
    files = sorted(Path(versions.versions).glob("*.py"))
    revisions = [each.revision for each in versions.walk_revisions()]
    assert [path.stem.partition("_")[0] for path in files] == revisions[::-1]


def test_failed_upgrade_writes_nothing(database: Database, folder: Path) -> None:
    add_step(folder, "0003", "0002", "links", more='op.execute("nonsense")')
    with pytest.raises(OperationalError):
        migrations.upgrade(database, folder)
    assert tables(database) == set()
    add_step(folder, "0003", "0002", "links")
    migrations.upgrade(database, folder)
    assert tables(database) == {"notes", "tags", "links"}
