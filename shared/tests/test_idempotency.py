"""Idempotency keys: a repeated write happens once, and gets the first response."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateTable

from shared import clock
from shared.database.engine import Database
from shared.errors import Conflict, Invalid, NotFound, TooManyRequests
from shared.idempotency import RETENTION_MS, Idempotency, Key, StoredResponse, idempotency_table
from shared.testing.backends import Backend
from shared.testing.waiting import WAIT_SECONDS

from .tables import made, rows

METADATA = MetaData()
KEYS = idempotency_table(METADATA)
NOTES = Table("notes", METADATA, Column("id", Integer, primary_key=True))
KEY = Key(owner=1, name=b"n" * 32, request=b"r" * 32)


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With tables of keys and notes."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


@pytest.fixture
def once(database: Database) -> Idempotency:
    return Idempotency(database, KEYS)


def note(tx: Connection) -> StoredResponse:
    made_id = tx.execute(insert(NOTES)).inserted_primary_key
    return StoredResponse(201, f'{{"id":{made_id[0] if made_id else 0}}}'.encode(), {"location": "/notes/1"})


def test_repeated_request_gets_the_first_response_and_changes_nothing(once: Idempotency, database: Database) -> None:
    first, second = once.write(KEY, note), once.write(KEY, note)
    assert first == second == StoredResponse(201, b'{"id":1}', {"location": "/notes/1"})
    assert len(rows(database, NOTES)) == 1


def test_response_is_stored_for_all_processes(once: Idempotency, database: Database) -> None:
    first = once.write(KEY, note)
    assert Idempotency(database, KEYS).write(KEY, note) == first


def test_response_without_a_location_is_repeated_without_one(once: Idempotency) -> None:
    plain = StoredResponse(201, b"{}")
    assert once.write(KEY, lambda _: plain) == plain
    assert once.write(KEY, lambda _: plain) == plain


def test_body_that_can_be_rebuilt_is_not_stored(once: Idempotency, database: Database) -> None:
    def again(_: Connection, location: str) -> bytes:
        return b"made anew of " + location.encode()

    assert once.write(KEY, note, again).body == b'{"id":1}'
    assert once.write(KEY, note, again) == StoredResponse(201, b"made anew of /notes/1", {"location": "/notes/1"})
    assert [row.body for row in rows(database, KEYS)] == [b""]
    assert len(rows(database, NOTES)) == 1


def test_body_stored_by_an_earlier_release_is_returned_unchanged(once: Idempotency) -> None:
    once.write(KEY, note)
    assert once.write(KEY, note, lambda _, __: b"anew").body == b'{"id":1}'


def test_number_of_keys_per_owner_and_day_is_limited(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    start, once = clock.now(), Idempotency(database, KEYS, keys_a_day=2)
    for number in range(2):
        _at(monkeypatch, start + number * clock.HOUR)
        once.write(Key(1, b"%d" % number, KEY.request), note)
    with pytest.raises(TooManyRequests) as refusal:
        once.write(Key(1, b"2", KEY.request), note)
    assert refusal.value.code == "too_many_idempotency_keys"
    assert refusal.value.retry_after == 1 + 23 * 60 * 60
    assert len(rows(database, NOTES)) == len(rows(database, KEYS)) == 2
    once.write(Key(1, b"0", KEY.request), note)
    once.write(Key(2, b"0", KEY.request), note)
    once.write(None, note)
    _at(monkeypatch, start + RETENTION_MS + 1)
    once.write(Key(1, b"2", KEY.request), note)
    assert len(rows(database, NOTES)) == 5


def test_same_key_for_another_request_is_refused(once: Idempotency, database: Database) -> None:
    once.write(KEY, note)
    with pytest.raises(Invalid) as refusal:
        once.write(Key(1, KEY.name, b"another request"), note)
    assert refusal.value.code == "idempotency_key_reused"
    assert len(rows(database, NOTES)) == 1


@pytest.mark.parametrize("other", [Key(2, KEY.name, KEY.request), Key(1, b"another name", KEY.request)])
def test_keys_of_other_owners_and_other_keys_are_independent(once: Idempotency, database: Database, other: Key) -> None:
    once.write(KEY, note)
    once.write(other, note)
    assert len(rows(database, NOTES)) == 2


def test_request_without_a_key_is_always_executed(once: Idempotency, database: Database) -> None:
    once.write(None, note)
    once.write(None, note)
    assert len(rows(database, NOTES)) == 2
    assert rows(database, KEYS) == []


def test_concurrent_request_with_the_same_key_is_refused(once: Idempotency, database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Connection) -> StoredResponse:
        begun.set()
        assert go_on.wait(WAIT_SECONDS)
        return note(tx)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(once.write, KEY, slow)
        assert begun.wait(WAIT_SECONDS)
        with pytest.raises(Conflict) as refusal:
            once.write(KEY, note)
        go_on.set()
        answer = first.result(WAIT_SECONDS)
    assert refusal.value.code == "idempotency_in_progress"
    assert once.write(KEY, note) == answer
    assert len(rows(database, NOTES)) == 1


def test_two_processes_with_the_same_key_write_once(database: Database) -> None:
    processes = [Idempotency(database, KEYS) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda process: process.write(KEY, note), processes))
    (kept,) = rows(database, NOTES)
    assert {each.body for each in answers} == {f'{{"id":{kept.id}}}'.encode()}, "whichever of them was first"


@pytest.mark.parametrize("problem", [NotFound("not_found", ""), RuntimeError("surprise")])
def test_failure_is_not_stored(once: Idempotency, database: Database, problem: Exception) -> None:
    def fail(tx: Connection) -> StoredResponse:
        note(tx)
        raise problem

    for _ in range(2):
        with pytest.raises(type(problem)):
            once.write(KEY, fail)
    assert rows(database, NOTES) == rows(database, KEYS) == []
    assert once.write(KEY, note).status == 201


def test_key_can_be_reused_after_a_day(once: Idempotency, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    once.write(KEY, note)
    _at(monkeypatch, clock.now() + RETENTION_MS - clock.MINUTE)
    once.write(KEY, note)
    assert len(rows(database, NOTES)) == 1
    _at(monkeypatch, clock.now() + 2 * clock.MINUTE)
    once.write(Key(1, KEY.name, b"another request"), note)
    assert len(rows(database, NOTES)) == 2


def test_old_keys_are_deleted_in_batches(
    once: Idempotency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in (1, 2, 3):
        once.write(Key(owner, KEY.name, KEY.request), note)
    _at(monkeypatch, clock.now() + RETENTION_MS + 1)
    once.write(Key(4, KEY.name, KEY.request), note)
    assert database.write(once.delete_expired, 2)
    assert not database.write(once.delete_expired, 2)
    assert [row.owner_id for row in rows(database, KEYS)] == [4]


def _at(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_mysql_stores_the_longest_response() -> None:
    """A post of ten photos with long descriptions exceeds the 64 KiB of a BLOB."""
    assert "body MEDIUMBLOB NOT NULL" in str(CreateTable(KEYS).compile(dialect=mysql.dialect()))
