"""Inserting once, upserting and counting in the database, also concurrently."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError

from shared.database.engine import Database
from shared.database.statements import BigInt, CaseSensitiveString, VarBinary, insert_if_absent, upsert
from shared.testing.backends import Backend
from shared.tests.notes_table import METADATA, NOTES

from .tables import made


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


class MySQL:
    """A fake connection to MySQL that records statements and returns the given results."""

    dialect = mysql.dialect()

    def __init__(self, failure: Exception | None = None) -> None:
        self.statements: list[str] = []
        self._failure = failure

    def execute(self, statement: Any, values: dict[str, Any]) -> None:
        """Record the statement, or raise."""
        self.statements.append(str(statement.compile(dialect=self.dialect, column_keys=[*values])))
        if self._failure is not None:
            raise self._failure


def test_row_is_inserted_once(database: Database) -> None:
    row = {"id": 1, "text": "first"}
    assert database.write(insert_if_absent, NOTES, row)
    assert not database.write(insert_if_absent, NOTES, row | {"text": "second"})
    assert database.read(lambda tx: tx.execute(select(NOTES.c.text)).scalar_one()) == "first"


def test_concurrent_inserts_create_one_row(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda n: database.write(insert_if_absent, NOTES, {"id": 1, "text": str(n)}), range(8)))
    assert done.count(True) == 1


def test_upsert_inserts_or_updates(database: Database) -> None:
    def count_up(tx: Connection, said: str) -> None:
        values = {"id": 1, "text": said, "times": 1}
        upsert(tx, NOTES, values, lambda new: {"text": new.text, "times": NOTES.c.times + new.times})

    for said in ("one", "two", "three"):
        database.write(count_up, said)
    assert database.read(lambda tx: tx.execute(select(NOTES)).one()) == (1, "three", 3)


def test_counter_in_the_database_is_exact_under_concurrency(database: Database) -> None:
    database.write(insert_if_absent, NOTES, {"id": 1, "text": "x"})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: database.write(_count_up), range(40)))
    assert database.read(lambda tx: tx.execute(select(NOTES.c.times)).scalar_one()) == 40


def _count_up(tx: Connection) -> None:
    tx.execute(NOTES.update().values(times=NOTES.c.times + 1))


def clash(code: int) -> IntegrityError:
    """The error that the driver raises."""
    return IntegrityError("INSERT", None, Exception(code, "words"))


@pytest.mark.parametrize(("failure", "inserted"), [(None, True), (clash(1062), False)])
def test_mysql_insert_if_absent_depends_on_the_key(failure: Exception | None, inserted: bool) -> None:
    tx: Any = MySQL(failure)
    assert insert_if_absent(tx, NOTES, {"id": 1, "text": "x"}) is inserted
    assert tx.statements[0].startswith("INSERT INTO notes")


def test_mysql_other_constraint_violation_is_not_a_taken_key() -> None:
    """NULL in a NOT NULL column raises the same class of errors."""
    tx: Any = MySQL(clash(1048))
    with pytest.raises(IntegrityError):
        insert_if_absent(tx, NOTES, {"id": 1, "text": None})


def test_mysql_upsert_is_one_statement() -> None:
    tx: Any = MySQL()
    upsert(tx, NOTES, {"id": 1, "text": "x", "times": 1}, lambda new: {"text": new.text, "times": NOTES.c.times + 1})
    assert len(tx.statements) == 1
    assert "ON DUPLICATE KEY UPDATE" in tx.statements[0]


def test_mysql_column_types_are_exact_and_wide_enough() -> None:
    def in_mysql(kind: Any) -> str:
        return str(kind.compile(dialect=mysql.dialect()))

    assert in_mysql(BigInt) == "BIGINT"
    assert in_mysql(CaseSensitiveString(30)) == "VARCHAR(30) COLLATE utf8mb4_0900_bin"
    assert in_mysql(VarBinary(32)) == "VARBINARY(32)"
