"""Files that are to go: deleted after the transaction that gave them up, whatever crashes between."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData

from shared import clock
from shared.database.engine import Database
from shared.errors import NotFound, Unavailable
from shared.files.garbage import BATCH, collect, garbage_table, keep, schedule_deletion, schedule_now
from shared.files.storage import Storage, storage_from
from shared.testing.backends import Backend

from .tables import made, rows

METADATA = MetaData()
DISPOSAL = garbage_table(METADATA)


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With a list of what is to go."""
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


def test_what_is_given_up_goes_and_the_rest_stays(database: Database, storage: Storage) -> None:
    store(storage, "old.jpg", "new.jpg")
    database.write(schedule_deletion, DISPOSAL, ["old.jpg"])
    assert not collect(database, DISPOSAL, storage)
    assert (is_there(storage, "old.jpg"), is_there(storage, "new.jpg")) == (False, True)
    assert rows(database, DISPOSAL) == []


def test_files_that_are_to_go_later_can_be_made_due_now(database: Database, storage: Storage) -> None:
    names = ("one.jpg", "two.jpg", "other.jpg")
    store(storage, *names, "used.jpg")
    database.write(schedule_deletion, DISPOSAL, names, due_at=clock.now() + clock.HOUR)
    database.write(schedule_now, DISPOSAL, DISPOSAL.c.name.in_(["one.jpg", "two.jpg", "used.jpg"]))
    collect(database, DISPOSAL, storage)
    assert [is_there(storage, name) for name in (*names, "used.jpg")] == [False, False, True, True]
    assert [row.name for row in rows(database, DISPOSAL)] == ["other.jpg"]


def test_an_upload_that_nobody_claims_goes_when_its_time_has_come(
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


def test_an_upload_that_is_claimed_stays(database: Database, storage: Storage) -> None:
    store(storage, "upload.jpg")
    database.write(schedule_deletion, DISPOSAL, ["upload.jpg", "other.jpg"])
    database.write(keep, DISPOSAL, ["upload.jpg"])
    collect(database, DISPOSAL, storage)
    assert is_there(storage, "upload.jpg")


def test_where_the_transaction_fails_the_file_stays(database: Database, storage: Storage) -> None:
    store(storage, "used.jpg")

    def fail(tx: Connection) -> None:
        schedule_deletion(tx, DISPOSAL, ["used.jpg"])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(fail)
    collect(database, DISPOSAL, storage)
    assert is_there(storage, "used.jpg")


def test_a_file_that_is_already_gone_or_never_came_is_no_hindrance(database: Database, storage: Storage) -> None:
    """A crash may come between naming and storing, or between deleting and forgetting."""
    store(storage, "there.jpg")
    database.write(schedule_deletion, DISPOSAL, ["never.jpg", "there.jpg"])
    collect(database, DISPOSAL, storage)
    assert not is_there(storage, "there.jpg")
    assert rows(database, DISPOSAL) == []


def test_while_storage_is_away_nothing_is_forgotten(
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


def test_giving_up_again_only_moves_the_time(database: Database) -> None:
    database.write(schedule_deletion, DISPOSAL, ["one.jpg"], due_at=5)
    database.write(schedule_deletion, DISPOSAL, ["one.jpg"], due_at=7)
    assert [(row.name, row.due_at) for row in rows(database, DISPOSAL)] == [("one.jpg", 7)]


def test_many_go_a_batch_at_a_time(database: Database, storage: Storage) -> None:
    database.write(schedule_deletion, DISPOSAL, [f"{number}.jpg" for number in range(BATCH + 1)])
    assert collect(database, DISPOSAL, storage)
    assert not collect(database, DISPOSAL, storage)
    assert rows(database, DISPOSAL) == []
