"""The migrations lead up, down and up again, and to exactly the tables that the code speaks of."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from services.dm.models import metadata
from shared.database import migrations
from shared.database.engine import Database
from shared.testing.backends import Backend

from .conftest import MIGRATIONS


@pytest.fixture
def empty(backend: Backend) -> Iterator[Database]:
    """A database without any table."""
    database = Database(backend.empty(), pool_size=1)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_the_migrations_lead_up_and_down_and_up_again(empty: Database) -> None:
    migrations.upgrade(empty, MIGRATIONS)
    made = tables(empty)
    assert made == set(metadata.tables)
    migrations.upgrade(empty, MIGRATIONS)
    migrations.downgrade(empty, MIGRATIONS)
    assert tables(empty) == set()
    migrations.upgrade(empty, MIGRATIONS)
    assert tables(empty) == made


def test_the_tables_are_as_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        told = {check["name"]: check["sqltext"] for check in inspect(connection).get_check_constraints("messages")}
    assert set(told) == {"messages_say_one_thing"}
