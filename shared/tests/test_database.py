"""The database: all of an action or nothing, tried again where that helps, and honest when it cannot go on."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from shared.database import TRIES, Big, Bytes, Database, Exact, insert_new, upsert
from shared.errors import NotFound, Unavailable
from shared.testing import eventually

from .tables import made

METADATA = MetaData()
NOTES = Table(
    "notes",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("text", Exact(100), nullable=False),
    Column("times", Integer, nullable=False, default=0),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a database with one table."""
    path = tmp_path / "notes.db"
    made(path, METADATA)
    return path


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """The database, which does not wait long."""
    opened = Database(f"sqlite:///{path}", pool_size=4, pool_wait=0.05, lock_wait=0.05)
    yield opened
    opened.close()


def note(tx: Connection, id_: int, said: str = "hello") -> int:
    tx.execute(insert(NOTES).values(id=id_, text=said))
    return id_


def count(database: Database) -> int:
    return database.read(lambda connection: connection.execute(select(func.count()).select_from(NOTES)).scalar_one())


def test_an_action_that_returns_is_kept(database: Database) -> None:
    assert database.write(note, 1, said="kept") == 1
    assert database.read(lambda tx: tx.execute(select(NOTES.c.text)).scalar_one()) == "kept"


@pytest.mark.parametrize("problem", [NotFound("not_found", ""), ZeroDivisionError(), KeyboardInterrupt()])
def test_of_an_action_that_fails_nothing_is_kept(database: Database, problem: BaseException) -> None:
    def fail(tx: Connection) -> None:
        note(tx, 1)
        note(tx, 2)
        raise problem

    with pytest.raises(type(problem)):
        database.write(fail)
    assert count(database) == 0
    database.write(note, 1)


def test_a_read_keeps_nothing(database: Database) -> None:
    database.read(note, 1)
    assert count(database) == 0


def test_a_clash_of_keys_is_run_again_as_a_whole(database: Database) -> None:
    database.write(note, 1)
    keys = iter([1, 1, 2])
    seen = []

    def clash(tx: Connection) -> int:
        seen.append(count_in(tx))
        note(tx, 100 + len(seen))
        return note(tx, next(keys))

    assert database.write(clash) == 2
    assert seen == [1, 1, 1], "what the failed tries had written was gone"
    assert count(database) == 3


def count_in(tx: Connection) -> int:
    return tx.execute(select(func.count()).select_from(NOTES)).scalar_one()


def test_a_clash_that_stays_is_given_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    database.write(note, 1)
    tries = []

    def clash(tx: Connection) -> None:
        tries.append(1)
        note(tx, 1)

    with pytest.raises(IntegrityError):
        database.write(clash)
    assert len(tries) == TRIES


def test_while_another_writes_a_writer_waits_and_then_goes_on(path: Path) -> None:
    patient = Database(f"sqlite:///{path}", lock_wait=10)
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        note(tx, 1)
        entered.set()
        assert leave.wait(10)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(patient.write, slow)
        assert entered.wait(10)
        second = pool.submit(patient.write, note, 2)
        assert count(patient) == 0, "who reads does not wait, and sees nothing half-written"
        leave.set()
        first.result(10)
        assert second.result(10) == 2
    patient.close()


def test_writers_that_wait_for_their_turn_keep_no_connection_from_readers(path: Path) -> None:
    patient = Database(f"sqlite:///{path}", pool_size=2, pool_wait=0.05, lock_wait=10)
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        entered.set()
        assert leave.wait(10)
        note(tx, 0)

    with ThreadPoolExecutor(5) as pool:
        writing: list[Future[Any]] = [pool.submit(patient.write, slow)]
        assert entered.wait(10)
        writing += [pool.submit(patient.write, note, number) for number in range(1, 5)]
        eventually(lambda: all(each.running() for each in writing))
        assert [count(patient) for _ in range(50)] == [0] * 50
        leave.set()
        assert [each.result(10) for each in writing] == [None, 1, 2, 3, 4]
    patient.close()


def test_whose_turn_does_not_come_is_told_to_come_again(database: Database) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        entered.set()
        assert leave.wait(10)
        note(tx, 1)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(database.write, slow)
        assert entered.wait(10)
        with pytest.raises(Unavailable):
            database.write(note, 2)
        leave.set()
        writing.result(10)
    assert count(database) == 1


def test_a_locked_database_is_unavailable_and_nothing_is_written(database: Database, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as refusal:
        database.write(note, 1)
    assert (refusal.value.code, refusal.value.retry_after) == ("database_unavailable", 1)
    assert count(database) == 0
    other.execute("ROLLBACK")
    other.close()
    database.write(note, 1)
    assert count(database) == 1


def test_a_full_disk_is_unavailable_and_nothing_is_half_written(database: Database) -> None:
    database.write(note, 0)
    pages = database.read(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())

    def fill(tx: Connection) -> None:
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        for number in range(1, 10_000):
            note(tx, number, "x" * 100)

    with pytest.raises(Unavailable) as refusal:
        database.write(fill)
    assert isinstance(refusal.value.__cause__, OperationalError)
    assert "full" in str(refusal.value.__cause__.orig)
    assert count(database) == 1
    database.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 1000000"))
    database.write(note, 1)
    assert count(database) == 2


def test_a_file_that_may_not_be_written_is_unavailable(tmp_path: Path) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'missing' / 'notes.db'}")
    with pytest.raises(Unavailable):
        nowhere.ping()
    nowhere.close()


def test_when_all_connections_are_taken_one_is_told_to_come_again(database: Database) -> None:
    entered, leave = threading.Barrier(5), threading.Event()

    def hold(_: Connection) -> None:
        entered.wait(10)
        assert leave.wait(10)

    with ThreadPoolExecutor(4) as pool:
        held = [pool.submit(database.read, hold) for _ in range(4)]
        entered.wait(10)
        for use in (database.ping, lambda: database.write(note, 1)):
            with pytest.raises(Unavailable):
                use()
        leave.set()
        for each in held:
            each.result(10)
    database.ping()
    assert count(database) == 0


@pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "SELECT nothing FROM notes", "SELEC 1"])
def test_a_wrong_statement_is_our_own_mistake_and_not_called_an_outage(database: Database, statement: str) -> None:
    with pytest.raises(OperationalError):
        database.read(lambda connection: connection.execute(text(statement)))


def test_no_error_repeats_what_a_statement_was_given(database: Database) -> None:
    """It ends in logs, and there is somebody's name in it."""
    database.write(note, 1)

    def clash(tx: Connection) -> None:
        note(tx, 1, "ada@example.org")

    with pytest.raises(DBAPIError) as problem:
        database.write(clash)
    assert "ada@example.org" not in str(problem.value)


def test_the_relay_is_woken_only_by_a_commit_that_announced_something(database: Database) -> None:
    woken: list[int] = []
    database.on_announced = lambda: woken.append(count(database))

    def announce(tx: Connection, id_: int) -> None:
        note(tx, id_)
        tx.info["announced"] = True

    def announce_in_vain(tx: Connection) -> None:
        announce(tx, 2)
        raise ZeroDivisionError

    database.write(announce, 1)
    with pytest.raises(ZeroDivisionError):
        database.write(announce_in_vain)
    database.write(note, 3)
    assert woken == [1], "after the commit, so that there is something to publish"


def test_what_is_kept_survives_a_cut_of_power(database: Database) -> None:
    def settings(connection: Connection) -> dict[str, Any]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}

    assert database.read(settings) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
