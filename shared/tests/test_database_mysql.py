"""MySQL: deadlocks, lock timeouts and broken connections. Nothing is ever written partly."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, event, select, text, update
from sqlalchemy.exc import OperationalError

from shared.database.engine import Database
from shared.errors import Unavailable
from shared.testing.backends import Cluster, Servers
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.notes_table import METADATA, NOTES, count, note

from .tables import made

pytestmark = pytest.mark.containers


@pytest.fixture
def database(servers: Servers) -> Iterator[Database]:
    """With two notes, and a short lock timeout."""
    backend = Cluster(servers)
    opened = Database(made(backend.empty(), METADATA), pool_size=4)
    event.listen(opened.engine, "begin", lambda tx: tx.exec_driver_sql("SET innodb_lock_wait_timeout = 1"))
    for number in (1, 2):
        opened.write(note, number)
    yield opened
    opened.close()
    backend.clear()


def times(database: Database) -> list[int]:
    statement = select(NOTES.c.times).order_by(NOTES.c.id)
    return list(database.read(lambda connection: connection.execute(statement).scalars()))


def count_up(tx: Connection, id_: int) -> None:
    tx.execute(update(NOTES).where(NOTES.c.id == id_).values(times=NOTES.c.times + 1))


def test_deadlocked_transactions_both_succeed_in_the_end(database: Database) -> None:
    meet = threading.Barrier(2)
    codes: list[int] = []

    def both(tx: Connection, first: int, then: int) -> None:
        count_up(tx, first)
        if not codes:
            meet.wait(WAIT_SECONDS)
        try:
            count_up(tx, then)
        except OperationalError as problem:
            codes.extend(problem.orig.args[:1] if problem.orig else ())
            raise

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(database.write, both, 1, 2), pool.submit(database.write, both, 2, 1)]:
            done.result(WAIT_SECONDS)
    assert codes == [1213]
    assert times(database) == [2, 2], "of the one that was chosen nothing was left, and it was run again"


def test_lock_timeout_rolls_back_and_repeats_the_whole_action(database: Database) -> None:
    """MySQL rolls back only the statement: a commit would keep half a transaction."""
    held, let_go, tries = threading.Event(), threading.Event(), []

    def hold(tx: Connection) -> None:
        count_up(tx, 2)
        held.set()
        assert let_go.wait(WAIT_SECONDS)

    def both(tx: Connection) -> None:
        tries.append(times_in(tx))
        count_up(tx, 1)
        if len(tries) == 2:
            let_go.set()
        count_up(tx, 2)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(database.write, hold)
        assert held.wait(WAIT_SECONDS)
        database.write(both)
        holding.result(WAIT_SECONDS)
    assert tries[:2] == [[0, 0], [0, 0]]
    assert times(database) == [1, 2]


def times_in(tx: Connection) -> list[int]:
    return list(tx.execute(select(NOTES.c.times).order_by(NOTES.c.id)).scalars())


def test_killed_connection_is_an_outage_and_writes_nothing(
    database: Database,
) -> None:
    tries = []

    def die(tx: Connection) -> None:
        tries.append(1)
        note(tx, 3)
        itself = tx.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        database.read(lambda other: other.execute(text(f"KILL {itself}")))
        note(tx, 4)

    with pytest.raises(Unavailable):
        database.write(die)
    assert tries == [1], "nobody can know whether it was committed"
    assert count(database) == 2
    database.write(note, 3)
    assert count(database) == 3


def test_idle_broken_connections_are_replaced(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.engine.PRE_PING_AFTER_SECONDS", 0.0)

    def kill_all(connection: Connection) -> None:
        mine = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        for each in connection.execute(text(mine)).scalars().all():
            connection.execute(text(f"KILL {each}"))

    with ThreadPoolExecutor(4) as pool:
        together = threading.Barrier(4)
        for use in (database.read, database.write):
            list(pool.map(lambda _, use=use: use(lambda _tx: together.wait(WAIT_SECONDS)), range(4)))
        database.read(kill_all)
        list(pool.map(lambda each: database.write(count_up, each), [1, 2] * 8))
    assert times(database) == [8, 8]


def test_text_comparison_is_exact_and_any_script_is_stored(database: Database) -> None:
    said = ["a", "A", "á", "a ", "ａ", "ß", "ss", "👋", "🙂", "\U0010ffff", "안녕"]
    for number, each in enumerate(said, 10):
        database.write(note, number, each)
    for number, each in enumerate(said, 10):
        statement = select(NOTES.c.id).where(NOTES.c.text == each)
        assert database.read(lambda tx: tx.execute(statement).scalars().all()) == [number]  # noqa: B023 - asked at once


def rolled_back(tx: Connection) -> int:
    """The number of ROLLBACK statements of this connection."""
    return int(tx.execute(text("SHOW SESSION STATUS LIKE 'Com_rollback'")).one()[1])


def test_no_rollback_after_a_commit(database: Database) -> None:
    before = database.write(rolled_back)
    database.write(count_up, 1)
    assert database.write(rolled_back) == before


def test_connection_returned_during_a_transaction_has_written_and_locked_nothing(
    database: Database,
) -> None:
    given_back = database.engine.raw_connection()
    given_back.cursor().execute("UPDATE notes SET times = times + 7 WHERE id = 1")
    given_back.close()
    with ThreadPoolExecutor(1) as another:
        another.submit(database.write, count_up, 1).result(WAIT_SECONDS)
    assert times(database) == [1, 0]
