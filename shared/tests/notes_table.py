"""A table of notes, and the function that writes one: used by database tests."""

from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select

from shared.database.engine import Database
from shared.database.statements import BigInt, CaseSensitiveString

METADATA = MetaData()
NOTES = Table(
    "notes",
    METADATA,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("text", CaseSensitiveString(100), nullable=False),
    Column("times", Integer, nullable=False, default=0),
)


def note(tx: Connection, id_: int, said: str = "hello") -> int:
    tx.execute(insert(NOTES).values(id=id_, text=said))
    return id_


def count(database: Database) -> int:
    return database.read(lambda connection: connection.execute(select(func.count()).select_from(NOTES)).scalar_one())
