"""File garbage collection: files are deleted after the transaction that scheduled them, also after a crash."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData

from shared import clock
from shared.database.engine import Database
from shared.errors import NotFound, Unavailable
from shared.files.garbage import BATCH_SIZE, collect, garbage_table, keep, schedule_deletion, schedule_now
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
DISPOSAL = garbage_table(METADATA)


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With a table of scheduled files."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """A folder."""
    return storage_from((tmp_path / "files").as_uri())


def is_there(storage: Storage, name: str) -> bool:
    try:
        storage.get(name)
    except NotFound:
        return False
    return True


def store(storage: Storage, *names: str) -> None:
    for name in names:
        storage.put(name, b"content", "text/plain")


def test_scheduled_files_are_deleted_and_others_are_kept(database: Database, storage: Storage) -> None:
    store(storage, "old.jpg", "new.jpg")
    database.write(schedule_deletion, DISPOSAL, ["old.jpg"])
    assert not collect(database, DISPOSAL, storage)
    assert (is_there(storage, "old.jpg"), is_there(storage, "new.jpg")) == (False, True)
    assert rows(database, DISPOSAL) == []


def test_scheduled_deletion_can_be_made_due_now(database: Database, storage: Storage) -> None:
    names = ("one.jpg", "two.jpg", "other.jpg")
    store(storage, *names, "used.jpg")
    database.write(schedule_deletion, DISPOSAL, names, due_at=clock.now() + clock.HOUR)
    database.write(schedule_now, DISPOSAL, DISPOSAL.c.name.in_(["one.jpg", "two.jpg", "used.jpg"]))
    collect(database, DISPOSAL, storage)
    assert [is_there(storage, name) for name in (*names, "used.jpg")] == [False, False, True, True]
    assert [row.name for row in rows(database, DISPOSAL)] == ["other.jpg"]


def test_unclaimed_upload_is_deleted_when_due(
    database: Database, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(storage, "upload.jpg")
    database.write(schedule_deletion, DISPOSAL, ["upload.jpg"], due_at=clock.now() + clock.HOUR)
    collect(database, DISPOSAL, storage)
    assert is_there(storage, "upload.jpg")
    later = clock.now() + clock.HOUR
    monkeypatch.setattr(clock, "now", lambda: later)
    collect(database, DISPOSAL, storage)
    assert not is_there(storage, "upload.jpg")


def test_claimed_upload_is_kept(database: Database, storage: Storage) -> None:
    store(storage, "upload.jpg")
    database.write(schedule_deletion, DISPOSAL, ["upload.jpg", "other.jpg"])
    database.write(keep, DISPOSAL, ["upload.jpg"])
    collect(database, DISPOSAL, storage)
    assert is_there(storage, "upload.jpg")


def test_file_is_kept_when_the_transaction_fails(database: Database, storage: Storage) -> None:
    store(storage, "used.jpg")

    def fail(tx: Connection) -> None:
        schedule_deletion(tx, DISPOSAL, ["used.jpg"])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)
    collect(database, DISPOSAL, storage)
    assert is_there(storage, "used.jpg")


def test_missing_file_is_no_error(database: Database, storage: Storage) -> None:
    """A crash may occur between naming and storing, or between deleting the file and its row."""
    store(storage, "there.jpg")
    database.write(schedule_deletion, DISPOSAL, ["never.jpg", "there.jpg"])
    collect(database, DISPOSAL, storage)
    assert not is_there(storage, "there.jpg")
    assert rows(database, DISPOSAL) == []


def test_deletions_are_kept_while_storage_is_unavailable(
    database: Database, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise Unavailable("storage_unavailable", "")

    store(storage, "old.jpg")
    database.write(schedule_deletion, DISPOSAL, ["old.jpg"])
    with monkeypatch.context() as patched:
        patched.setattr(storage, "delete", away)
        with pytest.raises(Unavailable):
            collect(database, DISPOSAL, storage)
    assert len(rows(database, DISPOSAL)) == 1
    collect(database, DISPOSAL, storage)
    assert not is_there(storage, "old.jpg")


def test_scheduling_again_only_changes_the_time(database: Database) -> None:
    database.write(schedule_deletion, DISPOSAL, ["one.jpg"], due_at=5)
    database.write(schedule_deletion, DISPOSAL, ["one.jpg"], due_at=7)
    assert [(row.name, row.due_at) for row in rows(database, DISPOSAL)] == [("one.jpg", 7)]


def test_files_are_deleted_in_batches(database: Database, storage: Storage) -> None:
    database.write(schedule_deletion, DISPOSAL, [f"{number}.jpg" for number in range(BATCH_SIZE + 1)])
    assert collect(database, DISPOSAL, storage)
    assert not collect(database, DISPOSAL, storage)
    assert rows(database, DISPOSAL) == []
