"""A service with copies of foreign records: it fetches unknown ones, and handles the owner's events."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy import Column, MetaData, String, Table, select

from shared import ids
from shared.database.engine import Database
from shared.database.statements import BigInt
from shared.errors import NotFound
from shared.events.envelope import Event
from shared.ids import Id
from shared.replication.projections import Projection, UnknownRecords, projection_table
from shared.replication.purge import PurgePlan, PurgeTarget, purge_table
from shared.replication.replica import Replica
from shared.replication.source import RecordSource, WithKnownRecords
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
COPIES = projection_table("copies", METADATA, [Column("title", String(50))])
JOBS = purge_table("jobs", METADATA, "thing_id")
PARTS = Table("parts", METADATA, Column("id", BigInt, primary_key=True), Column("thing_id", BigInt))


class Thing(BaseModel):
    thing_id: Id
    title: str
    version: int
    hidden: bool = False


announced: list[int] = []
PROJECTION = Projection(COPIES, Thing, "thing_id")
TARGET = PurgeTarget([PARTS.c.thing_id], lambda _tx, _subject, _chunk: False, 1)
REPLICA = Replica(
    PROJECTION, PurgePlan(JOBS, PROJECTION.tombstone, [TARGET], lambda _, subject: announced.append(subject))
)


class Owner:
    """The service that owns the records, without HTTP."""

    def __init__(self, **records: dict[str, Any]) -> None:
        self.records = records
        self.requests: list[str] = []

    async def get(self, path: str, **_: Any) -> dict[str, Any] | None:
        self.requests.append(path)
        return self.records.get(path.rpartition("/")[2])


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    announced.clear()
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def message(record_id: int, title: str | None = "one", version: int = 1, **more: Any) -> dict[str, Any]:
    return {"thing_id": ids.encode(record_id), "title": title, "version": version, "other": "not kept", **more}


def event(data: dict[str, Any]) -> Event:
    return Event(id=ids.new(), type="thing.changed", version=1, occurred_at=0, request_id=None, data=data)


def copies(database: Database) -> list[tuple[Any, ...]]:
    return [(row.id, row.title, row.deleted) for row in rows(database, COPIES)]


def title_of(database: Database, *record_ids: int) -> list[str | None]:
    known = dict(database.read(lambda tx: [tuple(row) for row in tx.execute(select(COPIES.c.id, COPIES.c.title))]))
    unknown = [each for each in record_ids if each not in known]
    if unknown:
        raise UnknownRecords(*unknown, otherwise=NotFound("not_found", "Unknown."))
    return [known[each] for each in record_ids]


def titles(database: Database, owner: Any, *record_ids: int) -> list[str | None]:
    source = RecordSource(owner, "/internal/things", "/internal/deleted", "thing_id", "/internal/hidden")
    with_known = WithKnownRecords(database, REPLICA, source)
    return asyncio.run(with_known(lambda: title_of(database, *record_ids)))


def test_unknown_records_are_fetched_once_and_the_work_is_repeated(database: Database) -> None:
    owner = Owner(**{ids.encode(each): message(each, f"title {each}", deleted=False) for each in (1, 2)})
    for _ in range(2):
        assert titles(database, owner, 1, 2) == ["title 1", "title 2"]
    assert owner.requests == [f"/internal/things/{ids.encode(each)}" for each in (1, 2)]


def test_record_deleted_by_its_owner_becomes_a_tombstone_with_a_purge(database: Database) -> None:
    owner = Owner(**{ids.encode(1): message(1, None, 0, deleted=True)})
    assert titles(database, owner, 1) == [None]
    assert copies(database) == [(1, None, True)] and len(rows(database, JOBS)) == 1


def test_given_error_is_raised_for_a_record_unknown_to_its_owner(database: Database) -> None:
    with pytest.raises(NotFound):
        titles(database, Owner(), 1)
    assert copies(database) == []


def test_events_store_newer_versions_and_a_deletion_is_final(database: Database) -> None:
    database.write(REPLICA.on_changed, event(message(1, "two", 2)))
    database.write(REPLICA.on_changed, event(message(1, "one", 1)))
    assert copies(database) == [(1, "two", False)]
    database.write(REPLICA.on_deleted, event(message(1)))
    database.write(REPLICA.on_changed, event(message(1, "three", 3)))
    assert copies(database) == [(1, None, True)] and announced == []


def test_repeated_deletion_repeats_the_report(database: Database) -> None:
    database.write(REPLICA.on_deleted, event(message(1)))
    assert REPLICA.purge.work(database, 0) and announced == [1]
    database.write(REPLICA.on_deleted, event(message(1)))
    assert announced == [1, 1]


@pytest.mark.parametrize("data", [{}, {"thing_id": "x"}, message(1) | {"title": None}, message(1) | {"version": "x"}])
def test_event_that_violates_its_contract_is_rejected(database: Database, data: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        database.write(REPLICA.on_changed, event(data))
    assert copies(database) == []
