"""Rows are copied from SQLite to any database, as they were; an interrupted copy is continued."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import JSON, Boolean, Column, MetaData, Table, insert

from shared.database import copy
from shared.database.copy import NotACopy, copy_rows
from shared.database.engine import Database
from shared.database.statements import BigInt, CaseSensitiveString, VarBinary
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
WORDS = Table(
    "words",
    METADATA,
    Column("word", CaseSensitiveString(50), primary_key=True),
    Column("number", BigInt, primary_key=True),
    Column("data", JSON),
    Column("flag", Boolean),
)
HASHES = Table("hashes", METADATA, Column("digest", VarBinary(32), primary_key=True), Column("at", BigInt))
EXAMPLES = [
    {"word": word, "number": number, "data": {"é": [word, None, 1.5]}, "flag": number % 2 == 0}
    for number in (2**62, 1)
    for word in ("a", "A", "ä", "b", "z", "한국", "😀", " ", "")
]


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    database = Database(made(f"sqlite:///{tmp_path}/source.db", METADATA))
    database.write(lambda tx: tx.execute(insert(WORDS), EXAMPLES))
    hashes = [{"digest": bytes([number, 255 - number]), "at": number} for number in range(256)]
    database.write(lambda tx: tx.execute(insert(HASHES), hashes))
    yield database
    database.close()


@pytest.fixture
def target(backend: Backend) -> Iterator[Database]:
    database = Database(made(backend.empty(), METADATA))
    yield database
    database.close()


def content(database: Database, table: Table) -> set[str]:
    return {str(tuple(row)) for row in rows(database, table)}


def test_all_rows_arrive_as_they_were(source: Database, target: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "CHUNK_ROWS", 5)
    told: dict[str, int] = {}
    copy_rows(source, target, METADATA, told.__setitem__)
    assert told == {"words": len(EXAMPLES), "hashes": 256}
    for table in (WORDS, HASHES):
        assert content(target, table) == content(source, table)


@pytest.mark.parametrize("stopped_after", [0, 1, 3])
def test_an_interrupted_copy_is_continued(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch, stopped_after: int
) -> None:
    monkeypatch.setattr(copy, "CHUNK_ROWS", 4)
    chunks = iter(range(stopped_after))
    write = copy._insert

    def stop_after_some(*args: object) -> None:
        if next(chunks, None) is None:
            raise KeyboardInterrupt
        write(*args)  # type: ignore[arg-type] # passed on as they are

    monkeypatch.setattr(copy, "_insert", stop_after_some)
    with pytest.raises(KeyboardInterrupt):
        copy_rows(source, target, METADATA)
    monkeypatch.setattr(copy, "_insert", write)
    copy_rows(source, target, METADATA)
    copy_rows(source, target, METADATA)
    for table in (WORDS, HASHES):
        assert content(target, table) == content(source, table)


@pytest.mark.parametrize("number", [1, 300])
def test_a_database_with_rows_of_its_own_is_refused(source: Database, target: Database, number: int) -> None:
    own = [{"digest": number.to_bytes(3), "at": 0} for number in range(number)]
    target.write(lambda tx: tx.execute(insert(HASHES), own))
    with pytest.raises(NotACopy, match="hashes"):
        copy_rows(source, target, METADATA)
