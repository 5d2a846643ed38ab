"""Makes the few tables that tests of the plumbing need; it belongs to no service, so no migration knows them."""

from typing import Any

from sqlalchemy import MetaData, Table, select

from shared.database.engine import Database


def made(url: str, metadata: MetaData) -> str:
    """This URL, of a database that now has these tables."""
    database = Database(url, pool_size=1)
    for table in metadata.sorted_tables:
        database.write(table.create)
    database.close()
    return url


def rows(database: Database, table: Table) -> list[Any]:
    """Everything in this table, by its key."""
    statement = select(table).order_by(*table.primary_key.columns)
    return list(database.read(lambda connection: connection.execute(statement).all()))
