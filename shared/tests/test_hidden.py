"""Hidden copies: hidden and shown by version, in any order, and corrected by the owner's list."""

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from shared import ids
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.replication.hidden import HiddenReconciler
from shared.replication.source import RecordSource
from shared.testing.backends import Backend
from shared.testing.query_plans import captured_statements, slow_steps

from .tables import made, rows
from .test_replication import COPIES, METADATA, REPLICA, event, message


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


class Owner:
    """The service that owns the records, without HTTP; it has no list if `hidden` is None."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.hidden: list[int] | None = []
        self.is_up = True

    def has(self, record_id: int, version: int = 1, *, hidden: bool = False, deleted: bool = False) -> dict[str, Any]:
        found = message(record_id, version=version, hidden=hidden, deleted=deleted)
        self.records[ids.encode(record_id)] = found
        self.hidden = sorted({*(self.hidden or ()), record_id} if hidden else {*(self.hidden or ())} - {record_id})
        return found

    async def get(self, path: str, after: str = "", limit: int = 0) -> dict[str, Any] | None:
        if not self.is_up:
            raise Unavailable("neighbour_unavailable", "It is away.")
        if path != "/internal/hidden":
            return self.records.get(path.rpartition("/")[2])
        if self.hidden is None:
            return None
        return {"items": [{"thing_id": ids.encode(each)} for each in self.hidden if each > ids.parse(after)][:limit]}


@pytest.fixture
def owner() -> Owner:
    return Owner()


def reconcile(database: Database, owner: Any) -> None:
    source = RecordSource(owner, "/internal/things", "/internal/deleted", "thing_id", "/internal/hidden")
    assert not asyncio.run(HiddenReconciler("test", database, REPLICA, source, page_size=2).step())


def hidden_here(database: Database) -> list[int]:
    return [row.id for row in rows(database, COPIES) if row.hidden]


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_newest_state_is_kept_in_any_order(database: Database, order: tuple[int, ...]) -> None:
    for version in order * 2:
        database.write(REPLICA.on_changed, event(message(1, version=version, hidden=version == 2)))
    assert hidden_here(database) == []
    for version in order * 2:
        database.write(REPLICA.on_changed, event(message(2, version=version, hidden=version == 3)))
    assert hidden_here(database) == [2]


def test_tombstone_is_final_and_not_hidden(database: Database) -> None:
    database.write(REPLICA.on_changed, event(message(1, hidden=True)))
    database.write(REPLICA.on_deleted, event(message(1)))
    database.write(REPLICA.on_changed, event(message(1, version=2, hidden=True)))
    database.write(REPLICA.projection.correct, message(1, version=0, hidden=True))
    ((row),) = rows(database, COPIES)
    assert (row.deleted, row.hidden, row.title) == (True, False, None)


def test_reconciliation_corrects_what_no_event_reported(database: Database, owner: Owner) -> None:
    for record_id in range(1, 10):
        database.write(REPLICA.on_changed, event(owner.has(record_id)))
    for record_id in (2, 3, 4, 8, 12):  # nobody has a copy of 12
        owner.has(record_id, version=2, hidden=True)
    reconcile(database, owner)
    assert hidden_here(database) == [2, 3, 4, 8]
    for record_id in (3, 8):
        owner.has(record_id, version=3)
    owner.has(9, version=2, hidden=True)
    reconcile(database, owner)
    assert hidden_here(database) == [2, 4, 9]
    assert {row.id: row.version for row in rows(database, COPIES)}[3] == 3


def test_reconciliation_corrects_a_version_that_was_stored_without_its_state(database: Database, owner: Owner) -> None:
    database.write(REPLICA.on_changed, event(message(1, version=2)))
    owner.has(1, version=2, hidden=True)
    reconcile(database, owner)
    assert hidden_here(database) == [1]


def test_newer_event_during_the_reconciliation_is_kept(database: Database, owner: Owner) -> None:
    owner.has(1, version=2, hidden=True)
    database.write(REPLICA.on_changed, event(message(1, version=3)))
    reconcile(database, owner)
    assert hidden_here(database) == []


def test_deleted_record_and_missing_list_change_nothing(database: Database, owner: Owner) -> None:
    database.write(REPLICA.on_changed, event(message(1, hidden=True)))
    owner.has(1, deleted=True)
    reconcile(database, owner)
    owner.hidden = None
    reconcile(database, owner)
    assert hidden_here(database) == [1]
    owner.is_up = False
    with pytest.raises(Unavailable):
        reconcile(database, owner)


def test_comparison_reads_only_hidden_copies(database: Database, owner: Owner) -> None:
    for number in range(1, 50):
        database.write(REPLICA.on_changed, event(owner.has(number, hidden=number == 1)))
    if database.has_row_locks:  # MySQL's plan depends on the size of the table that it knows
        database.write(lambda tx: tx.exec_driver_sql("ANALYZE TABLE copies").all())
    with captured_statements(database) as asked:
        reconcile(database, owner)
    assert [slow_steps(database, each) for each in asked] == [set()] * 2
