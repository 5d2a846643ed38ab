"""SQLite: one writer at a time in order of arrival, full disks, and durability."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from shared.database.engine import Database
from shared.errors import Unavailable
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.notes_table import METADATA, count, note

from .tables import made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a database with one table."""
    made(f"sqlite:///{tmp_path}/notes.db", METADATA)
    return tmp_path / "notes.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """With a short timeout."""
    opened = Database(f"sqlite:///{path}", pool_size=4, pool_timeout=0.05, lock_timeout=0.05)
    yield opened
    opened.close()


def test_writer_waits_for_another_writer(path: Path) -> None:
    patient = Database(f"sqlite:///{path}", lock_timeout=10)
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        note(tx, 1)
        entered.set()
        assert leave.wait(WAIT_SECONDS)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(patient.write, slow)
        assert entered.wait(WAIT_SECONDS)
        second = pool.submit(patient.write, note, 2)
        assert count(patient) == 0, "who reads does not wait, and sees nothing half-written"
        leave.set()
        first.result(WAIT_SECONDS)
        assert second.result(WAIT_SECONDS) == 2
    patient.close()


def test_waiting_writers_use_no_connection_of_readers(path: Path) -> None:
    patient = Database(f"sqlite:///{path}", pool_size=2, pool_timeout=0.05, lock_timeout=10)
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        entered.set()
        assert leave.wait(WAIT_SECONDS)
        note(tx, 0)

    with ThreadPoolExecutor(5) as pool:
        writing: list[Future[Any]] = [pool.submit(patient.write, slow)]
        assert entered.wait(WAIT_SECONDS)
        writing += [pool.submit(patient.write, note, number) for number in range(1, 5)]
        eventually(lambda: all(each.running() for each in writing))
        assert [count(patient) for _ in range(50)] == [0] * 50
        leave.set()
        assert [each.result(WAIT_SECONDS) for each in writing] == [None, 1, 2, 3, 4]
    patient.close()


def test_writer_that_waits_too_long_is_unavailable(database: Database) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow(tx: Connection) -> None:
        entered.set()
        assert leave.wait(WAIT_SECONDS)
        note(tx, 1)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(database.write, slow)
        assert entered.wait(WAIT_SECONDS)
        with pytest.raises(Unavailable):
            database.write(note, 2)
        leave.set()
        writing.result(WAIT_SECONDS)
    assert count(database) == 1


def test_locked_database_is_unavailable_and_nothing_is_written(database: Database, path: Path) -> None:
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


def test_full_disk_is_unavailable_and_nothing_is_partly_written(database: Database) -> None:
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


def test_read_only_file_is_unavailable(tmp_path: Path) -> None:
    nowhere = Database(f"sqlite:///{tmp_path / 'missing' / 'notes.db'}")
    with pytest.raises(Unavailable):
        nowhere.ping()
    nowhere.close()


SETTINGS = """
from shared.database.engine import Database
database = Database("sqlite:///settings.db")
names = ("journal_mode", "synchronous", "foreign_keys")
ask = lambda tx: [tx.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]
print(database.read(ask))
"""


def test_committed_data_survives_a_power_failure(tmp_path: Path) -> None:
    """In a separate process: this one sets synchronous to OFF for all its databases."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SETTINGS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['wal', 2, 1]"


def test_kept_connection_serves_its_thread_and_sees_every_commit(database: Database) -> None:
    def connection_id(connection: Connection) -> int:
        return id(connection.connection.dbapi_connection)

    database.keep_connection()
    with ThreadPoolExecutor(1) as pool:
        kept = database.read(connection_id)
        assert pool.submit(database.read, connection_id).result(WAIT_SECONDS) != kept
        for number in (1, 2):
            assert pool.submit(database.write, note, number).result(WAIT_SECONDS) == number
            assert count(database) == number
    assert database.read(connection_id) == kept
    database.close()
    assert count(database) == 2, "the next use opens a new one"


def test_kept_connection_is_none_of_the_pool(path: Path) -> None:
    database = Database(f"sqlite:///{path}", pool_size=1, pool_timeout=0.05)
    database.keep_connection()
    assert count(database) == 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(count, database).result(WAIT_SECONDS) == 0
    database.close()
