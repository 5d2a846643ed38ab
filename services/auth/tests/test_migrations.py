"""The migrations lead up, down and up again, and to exactly the tables that the code speaks of."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from services.auth import models
from services.auth.models import metadata
from shared.database import migrations
from shared.database.engine import Database
from shared.testing.backends import Backend

from .conftest import MIGRATIONS

BEFORE = [
    "INSERT INTO signing_keys (kid, sealed_private_key, created_at) VALUES ('a', 'x', 200), ('b', 'y', 100)",
    "INSERT INTO failures (digest, tries, blocked_until, last_at) VALUES ('d', 3, 0, 0)",
    "INSERT INTO accounts (id, email, name, name_key, nickname, bio, password_hash, version, created_at, updated_at)"
    " VALUES (1, 'a@example.org', 'Ann', 'ann', 'ann1', '', 'h', 1, 0, 0),"
    " (2, 'b@example.org', 'Ann', 'ann', 'annl', '', 'h', 1, 0, 0)",
]
"""Rows of the first tables."""


@pytest.fixture
def empty(backend: Backend) -> Iterator[Database]:
    """A database without tables."""
    database = Database(backend.empty(), pool_size=1)
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


def test_what_was_there_before_is_brought_along(empty: Database) -> None:
    """Two keys that signed one after the other, and accounts whose looks nobody has claimed yet."""
    migrations._run(empty, MIGRATIONS, "upgrade", "0001")
    for statement in BEFORE:
        empty.write(lambda tx, each: tx.execute(text(each)), statement)
    migrations.upgrade(empty, MIGRATIONS)
    key = models.signing_keys.c
    rows = empty.read(lambda tx: tx.execute(select(key.kid, key.generation, key.signs_from).order_by(key.kid)).all())
    assert [tuple(row) for row in rows] == [("a", 2, 200), ("b", 1, 100)]
    due = empty.read(lambda tx: tx.execute(select(models.unclaimed_looks.c.account_id)).scalars().all())
    assert sorted(due) == [1, 2]
    assert empty.read(lambda tx: tx.execute(select(models.failures.c.pending)).scalar_one()) == 0
    found = empty.read(lambda tx: tx.execute(select(models.search_prefixes)).all())
    assert {(row.prefix, row.account_id) for row in found} == {
        (prefix, account_id)
        for account_id, nickname in ((1, "ann1"), (2, "annl"))
        for prefix in ("a", "an", "ann", nickname)
    }


def test_the_models_are_what_the_migrations_make(empty: Database) -> None:
    migrations.upgrade(empty, MIGRATIONS)
    differences = empty.read(lambda connection: compare_metadata(MigrationContext.configure(connection), metadata))
    assert differences == []
