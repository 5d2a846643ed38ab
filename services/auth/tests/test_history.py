"""The migrations lead up, down and up again, and to exactly the tables that the code speaks of."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from services.auth.models import metadata
from shared import migrations
from shared.database import Database
from shared.testing.homes import Home

from .conftest import MIGRATIONS


@pytest.fixture
def empty(home: Home) -> Iterator[Database]:
    """A database without tables."""
    database = Database(home.empty(), pool_size=1)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    return set(database.read(lambda connection: inspect(connection).get_table_names())) - {"alembic_version"}


def test_up_down_and_up_again(empty: Database) -> None:
    migrations.upgrade(empty, MIGRATIONS)
    assert tables(empty) == set(metadata.tables)
    migrations.downgrade(empty, MIGRATIONS)
    assert tables(empty) == set()
    migrations.upgrade(empty, MIGRATIONS)
    migrations.upgrade(empty, MIGRATIONS)
    assert tables(empty) == set(metadata.tables)


def test_the_models_are_what_the_migrations_make(empty: Database) -> None:
    migrations.upgrade(empty, MIGRATIONS)
    differences = empty.read(lambda connection: compare_metadata(MigrationContext.configure(connection), metadata))
    assert differences == []
