"""Transactions: all or nothing, retries, and errors when the database is unavailable."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.database.engine import MAX_ATTEMPTS, Database
from shared.database.queues import notify
from shared.errors import NotFound, Unavailable
from shared.testing.backends import Backend
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.notes_table import METADATA, NOTES, count, note

from .tables import made


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With a short timeout."""
    opened = Database(made(backend.empty(), METADATA), pool_size=4, pool_timeout=0.05, lock_timeout=0.05)
    yield opened
    opened.close()


def test_successful_action_is_committed(database: Database) -> None:
    assert database.write(note, 1, said="kept") == 1
    assert database.read(lambda tx: tx.execute(select(NOTES.c.text)).scalar_one()) == "kept"


@pytest.mark.parametrize("problem", [NotFound("not_found", ""), ZeroDivisionError(), KeyboardInterrupt()])
def test_failed_action_is_rolled_back(database: Database, problem: BaseException) -> None:
    def fail(tx: Connection) -> None:
        note(tx, 1)
        note(tx, 2)
        raise problem

    with pytest.raises(type(problem)):
        database.write(fail)
    assert count(database) == 0
    database.write(note, 1)


def test_write_is_in_flight_until_it_is_committed(database: Database) -> None:
    assert not database.write(lambda _: database.writes.wait_for_none(0))
    assert database.writes.wait_for_none(0)


def test_read_writes_nothing(database: Database) -> None:
    with pytest.raises((DBAPIError, Unavailable)):
        database.read(note, 1)
    assert count(database) == 0


def test_key_conflict_repeats_the_whole_action(database: Database) -> None:
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


def test_persistent_key_conflict_is_an_error(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    database.write(note, 1)
    tries = []

    def clash(tx: Connection) -> None:
        tries.append(1)
        note(tx, 1)

    with pytest.raises(IntegrityError):
        database.write(clash)
    assert len(tries) == MAX_ATTEMPTS


def test_read_without_a_free_connection_is_unavailable(database: Database) -> None:
    entered, leave = threading.Barrier(5), threading.Event()

    def hold(_: Connection) -> None:
        entered.wait(WAIT_SECONDS)
        assert leave.wait(WAIT_SECONDS)

    with ThreadPoolExecutor(4) as pool:
        held = [pool.submit(database.read, hold) for _ in range(4)]
        entered.wait(WAIT_SECONDS)
        with pytest.raises(Unavailable):
            database.ping()
        leave.set()
        for each in held:
            each.result(WAIT_SECONDS)
    database.ping()


def test_write_without_a_free_slot_is_unavailable(database: Database) -> None:
    writers = 4 if database.has_row_locks else 1
    entered, leave = threading.Barrier(writers + 1), threading.Event()

    def hold(_: Connection) -> None:
        entered.wait(WAIT_SECONDS)
        assert leave.wait(WAIT_SECONDS)

    with ThreadPoolExecutor(writers) as pool:
        held = [pool.submit(database.write, hold) for _ in range(writers)]
        entered.wait(WAIT_SECONDS)
        with pytest.raises(Unavailable):
            database.write(note, 1)
        database.ping()
        leave.set()
        for each in held:
            each.result(WAIT_SECONDS)
    assert count(database) == 0


@pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "SELECT nothing FROM notes", "SELEC 1"])
def test_invalid_statement_is_a_bug_and_not_an_outage(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError):
        database.read(lambda connection: connection.execute(text(statement)))


def test_errors_do_not_contain_parameters(database: Database) -> None:
    """Errors are logged, and parameters contain personal data."""
    database.write(note, 1)

    def clash(tx: Connection) -> None:
        note(tx, 1, "ada@example.org")

    with pytest.raises(DBAPIError) as problem:
        database.write(clash)
    assert "ada@example.org" not in str(problem.value)


def test_listeners_are_called_only_after_a_commit_that_notified_of_their_table(database: Database) -> None:
    woken: list[int] = []
    queue, other = Table("queue", MetaData()), Table("other", MetaData())
    database.listeners.add(queue.name, lambda: woken.append(count(database)))

    def enqueue(tx: Connection, id_: int) -> None:
        note(tx, id_)
        notify(tx, queue)

    def enqueue_in_vain(tx: Connection) -> None:
        enqueue(tx, 2)
        raise ZeroDivisionError

    database.write(enqueue, 1)
    with pytest.raises(ZeroDivisionError):
        database.write(enqueue_in_vain)
    database.write(note, 3)
    database.write(lambda tx: notify(tx, other))
    assert woken == [1], "after the commit, so that there is something to publish"
