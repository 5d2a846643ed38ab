"""Copies of foreign records: the newest version wins in any order, and tombstones are final."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, String, Table
from sqlalchemy.dialects import mysql

from shared.database.engine import Database
from shared.database.statements import BigInt
from shared.replication.projections import tombstone, upsert_if_newer
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("title", String(50)),
    Column("seen", Integer, nullable=False, default=0),
    Column("version", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
)
BLANK = {"title": None}


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With a table of copies."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def keep(database: Database, version: int, title: str = "") -> None:
    database.write(upsert_if_newer, THINGS, {"id": 1, "title": title or f"title {version}", "version": version})


def kept(database: Database) -> tuple[Any, ...]:
    (row,) = rows(database, THINGS)
    return row.title, row.version, row.deleted


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_newest_version_is_kept_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    for version in order * 3:
        keep(database, version)
    assert kept(database) == ("title 3", 3, False)


def test_same_version_again_changes_nothing(database: Database) -> None:
    keep(database, 1, "first")
    keep(database, 1, "second")
    assert kept(database) == ("first", 1, False)


@pytest.mark.parametrize("before", [0, 1])
def test_tombstone_is_final(database: Database, before: int) -> None:
    for version in range(1, before + 1):
        keep(database, version)
    for _ in range(2):
        database.write(tombstone, THINGS, 1, BLANK)
    keep(database, 99)
    title, _, deleted = kept(database)
    assert (title, deleted) == (None, True)


def test_other_columns_are_unchanged(database: Database) -> None:
    keep(database, 1)
    database.write(lambda tx: tx.execute(THINGS.update().values(seen=7)))
    keep(database, 2)
    database.write(tombstone, THINGS, 1, BLANK)
    assert rows(database, THINGS)[0].seen == 7


def test_mysql_updates_the_version_last() -> None:
    """MySQL reads columns that an earlier assignment of the statement has already changed."""
    statements: list[str] = []

    class Recorder:
        dialect = mysql.dialect()

        def execute(self, statement: Any, values: dict[str, Any]) -> None:
            statements.append(str(statement.compile(dialect=self.dialect, column_keys=[*values])))

    recorder: Any = Recorder()
    tx: Connection = recorder
    upsert_if_newer(tx, THINGS, {"version": 2, "id": 1, "title": "two"})
    changes = statements[0].partition("ON DUPLICATE KEY UPDATE")[2]
    assert changes.index("title = ") < changes.index("version = ")
    assert "id = " not in changes and "deleted = CASE" not in changes
