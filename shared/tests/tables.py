"""Creates tables for tests of shared code, which belong to no service and have no migrations."""

from typing import Any

from sqlalchemy import MetaData, Table, select

from shared.database.engine import Database


def made(url: str, metadata: MetaData) -> str:
    """This URL, after its database got these tables."""
    database = Database(url, pool_size=1)
    for table in metadata.sorted_tables:
        database.write(table.create)
    database.close()
    return url


def rows(database: Database, table: Table) -> list[Any]:
    """All rows of this table, ordered by key."""
    statement = select(table).order_by(*table.primary_key.columns)
    return list(database.read(lambda connection: connection.execute(statement).all()))
