"""Packed columns are unpacked unchanged on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import exists, insert, literal, select

from shared.database.engine import Database
from shared.database.packed_columns import Packed
from shared.testing.backends import Backend
from shared.tests.notes_table import METADATA, NOTES

from .tables import made

NASTY = 'quote " and \\ backslash, \n line, \x01 control, \U0001f30a wave, \u00e9'
LARGEST = 2**63 - 1


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With one note of special characters."""
    opened = Database(made(backend.empty(), METADATA), pool_size=2)
    opened.write(lambda tx: tx.execute(insert(NOTES).values(id=LARGEST, text=NASTY)))
    yield opened
    opened.close()


def test_packed_row_has_every_column(database: Database) -> None:
    nothing, truth = literal(None).label("nothing"), exists(select(NOTES.c.id)).label("truth")
    packed = Packed(NOTES.c.id, NOTES.c.text, nothing, truth, beside=(NOTES.c.text.label("whole"),))
    statement = select(*packed.columns).select_from(NOTES)
    (row,) = database.read(lambda connection: packed.rows(connection.execute(statement)))
    assert (row.id, row.text, row.nothing, bool(row.truth), row.whole) == (LARGEST, NASTY, None, True, NASTY)


def test_no_row_gives_none(database: Database) -> None:
    packed = Packed(NOTES.c.id, NOTES.c.text)
    statement = select(*packed.columns).where(NOTES.c.id == 0)
    assert database.read(lambda connection: packed.rows(connection.execute(statement))) == []
