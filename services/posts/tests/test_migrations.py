"""The migrations lead up, down and up again, and to exactly the tables that the code speaks of."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect

from services.posts import models
from services.posts.models import metadata
from services.posts.queries.feed import feed
from shared import ids
from shared.database import migrations
from shared.database.engine import Database
from shared.testing.backends import Backend

from .conftest import MIGRATIONS
from .factories import OF_A_PERSON, listed, some_people
from .feed_checks import settle, timelines


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


def test_after_an_upgrade_feeds_are_full_and_are_then_written(empty: Database) -> None:
    migrations._run(empty, MIGRATIONS, "upgrade", "0002")
    jo, friend = some_people(empty, 2)
    row: dict[str, Any] = {"caption": None, "media": [], "created_at": 1, "updated_at": 1}
    rows = [{"id": ids.new(), "author_id": author, **row} for author in (friend, jo, friend)]
    empty.write(lambda tx: tx.execute(insert(models.posts), rows))
    edge = {"follower_id": jo, "followee_id": friend, "version": 1, "following": True}
    empty.write(lambda tx: tx.execute(insert(models.follows), edge))
    migrations.upgrade(empty, MIGRATIONS)
    there = [each["id"] for each in reversed(rows)]
    assert timelines(empty) == {} and listed(empty, feed, jo) == there
    settle(empty)
    assert timelines(empty) == {jo: there} and listed(empty, feed, jo) == there


def test_the_tables_are_as_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_tests_of_withdrawal_know_every_column_that_names_a_person() -> None:
    """A new one has to be thought of in a withdrawal, and in `OF_A_PERSON`."""
    naming = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in {"author_id", "person_id", "owner_id", "follower_id", "followee_id", "user_id"}
    }
    assert naming == {(table, column) for table, columns in OF_A_PERSON.items() for column in columns} | {
        ("purges", "user_id")
    }
