"""Column types and statements that work in the same way on MySQL and SQLite."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    Dialect,
    Insert,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import IntegrityError

from shared.database.errors import MYSQL_DUPLICATE_KEY, mysql_code

# 64 bits on both databases. SQLite makes only INTEGER keys its rowid.
BigInt = BigInteger().with_variant(Integer(), "sqlite")


def CaseSensitiveString(length: int) -> String:  # noqa: N802 - used as a column type
    """Text that is compared byte by byte."""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_0900_bin"), "mysql")


LongCaseSensitiveText = Text().with_variant(mysql.MEDIUMTEXT(collation="utf8mb4_0900_bin"), "mysql")
"""The same without a maximum length."""


def VarBinary(length: int) -> LargeBinary:  # noqa: N802 - used as a column type
    """Short binary text that can be a key."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


Changes = Callable[[Any], Mapping[str, Any]]
"""Gets the new values of a row and returns what to set in the existing row."""


def upsert(tx: Connection, table: Table, values: Mapping[str, Any], update: Changes) -> None:
    """Insert the row, or update the row that has the same primary key."""
    tx.execute(upsert_statement(tx.dialect.name, table, update), values)


def upsert_statement(dialect: str, table: Table, update: Changes) -> Insert:
    """The statement of `upsert`, for callers that execute it often and build it once."""
    if dialect == "mysql":
        new = mysql.insert(table)
        # A list of pairs, because the order matters: MySQL reads the values that earlier assignments have left.
        return new.on_duplicate_key_update(list(update(new.inserted).items()))
    row = sqlite.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    return row.on_conflict_do_update(index_elements=keys, set_=update(row.excluded))


def insert_if_absent(tx: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert the row unless its key exists. Returns whether it was inserted."""
    if tx.dialect.name == "mysql":
        try:
            tx.execute(mysql.insert(table), values)
        except IntegrityError as error:  # MySQL rolls back only this statement, not the transaction
            if mysql_code(error) != MYSQL_DUPLICATE_KEY:
                raise
            return False
        return True
    result = tx.execute(sqlite.insert(table).on_conflict_do_nothing(), values)
    return result.rowcount > 0


class PreparedSelect:
    """A SELECT that is executed often. Its SQL text is generated once for each dialect.

    SQLAlchemy keeps that text too, but to find it, it hashes every part of the statement each time.
    Parameters and results have the types of the driver: use it for numbers and texts.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def execute(self, connection: Connection, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it with values for all its parameters without one. Raises KeyError if one is missing."""
        dialect = connection.dialect
        text, names, values = self._compiled.get(dialect.name) or self._compile(dialect)
        values = {**values, **parameters}
        return connection.exec_driver_sql(text, values if names is None else tuple([values[name] for name in names]))

    def _compile(self, dialect: Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled = self._statement.compile(dialect=dialect)
        names = compiled.positiontup if compiled.positional else None
        values = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
        self._compiled[dialect.name] = found = (compiled.string, names, values)
        return found
