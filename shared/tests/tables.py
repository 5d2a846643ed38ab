"""Makes the few tables that tests of the plumbing need; it belongs to no service, so no migration knows them."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from shared.database import Database


def made(path: Path, metadata: MetaData) -> str:
    """The URL of a new database with these tables and their indexes."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for table in metadata.sorted_tables:
            connection.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
            for index in table.indexes:
                connection.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
    connection.close()
    return f"sqlite:///{path}"


def rows(database: Database, table: Table) -> list[Any]:
    """Everything in this table, by its key."""
    question = select(table).order_by(*table.primary_key.columns)
    return list(database.read(lambda connection: connection.execute(question).all()))
