"""One engine for each service; a request is one transaction, committed here and tried again here."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from pymysql.constants import SERVER_STATUS
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Insert,
    Integer,
    LargeBinary,
    String,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from shared import errors
from shared.database.queues import Listeners, take_notified
from shared.inflight import InFlight

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger()

Big = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits on both; SQLite gives its rowid only to INTEGER keys."""


def Exact(length: int) -> String:  # noqa: N802 - used as the column type that it is
    """Text that is equal only to itself: compared byte by byte on both."""
    return String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_0900_bin"), "mysql")


def Bytes(length: int) -> LargeBinary:  # noqa: N802 - as above
    """Short binary text that can be a key."""
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql")


TRIES = 5
POOL_WAIT = 3.0
"""Seconds a request waits for a connection before it is told to come back."""
FRESH = 1.0
"""Seconds for which a connection that was just used is taken to live."""
LOCK_WAIT = 5.0
"""Seconds a writer waits for another; SQLite has one lock for all, MySQL one for each row."""

SQLITE_SYNCHRONOUS = "FULL"
"""A commit that was acknowledged survives a loss of power. Tests do without it: fsync takes most of a small commit."""

_MYSQL_KEY_TAKEN = 1062
_MYSQL_TRY_AGAIN = {1213, 1205, 3572}  # deadlock, lock wait timeout, lock not available at once
_MYSQL_PASSING = {
    *_MYSQL_TRY_AGAIN,
    *(1021, 1037, 1038, 1041, 1114),  # no room on the disk or in memory
    *(1040, 1129, 1203, 1226),  # too many connections
    *(1044, 1045, 1049, 1142),  # not set up for us yet
    *(1053, 1077, 1080, 1158, 1159, 1160, 1161, 1317, 1927, 3168, 4031),  # stopping, or cut off
    *(1290, 1836, 3024),  # read-only for now; too slow for its limit
}
_MYSQL_GREETING = (
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    f"ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = {LOCK_WAIT:.0f}"
)


class Database:
    """A pool of connections, and the two ways to use one: `read` and `write`."""

    def __init__(
        self, url: str, *, pool_size: int = 10, pool_wait: float = POOL_WAIT, lock_wait: float = LOCK_WAIT
    ) -> None:
        self.engine = _engine(url, pool_size, pool_wait, lock_wait)
        self.has_row_locks = self.engine.dialect.name == "mysql"
        self.reading = _reading_engine(url, pool_size, pool_wait) if self.has_row_locks else self.engine
        """What `read` asks. MySQL lets it write nothing, and no transaction has to be ended."""
        self._turns = nullcontext() if self.has_row_locks else _Turns(lock_wait)
        self.writes = InFlight()
        self.listeners = Listeners()

    def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one question; nothing is kept."""
        try:
            with self.reading.connect() as connection:
                return query(connection, *args, **kwargs)
        except (DBAPIError, PoolTimeout) as problem:
            raise _translated(problem) from problem

    def write(self, action: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one action in one transaction: all of it or none of it.

        Deadlocks, and key clashes that the action did not claim (two ids, or two equal writers), roll the whole
        back and run it again. A lost connection is not tried again: whether it committed is unknown.
        Raises errors.Unavailable where the database cannot take it now.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._commit(action, *args, **kwargs)
            except (DBAPIError, PoolTimeout) as problem:
                if attempt == TRIES or not _worth_another_try(problem):
                    raise _translated(problem) from problem
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _commit(self, action: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self.writes, self._turns, self.engine.connect().execution_options(writes=True) as tx:
            take_notified(tx)  # of an attempt that failed
            with tx.begin():
                result = action(tx, *args, **kwargs)
            notified = take_notified(tx)
        self.listeners.call(notified)
        return result

    def ping(self) -> None:
        """Raises errors.Unavailable where the database does not answer."""
        self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
        self.reading.dispose()


class _Turns:
    """Writers of this process take turns: SQLite has one lock, and those who wait for it only look now and then.

    Without turns whoever writes again at once overtakes everybody: beside the removal of 200,000 rows in chunks
    other writes took 760 ms (p99), by turns 18 ms. Those who wait here hold no connection that a reader needs.
    """

    def __init__(self, patience: float) -> None:
        self._lock = threading.Lock()
        self._patience = patience

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._patience):
            raise _unavailable()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


Changes = Callable[[Any], Mapping[str, Any]]
"""Gets the new values of a row and names the changes of the one that is there."""


def upsert(tx: Connection, table: Table, values: Mapping[str, Any], update: Changes) -> None:
    """Insert the row, or change the one that has its key."""
    tx.execute(upserting(tx.dialect.name, table, update), values)


def upserting(dialect: str, table: Table, update: Changes) -> Insert:
    """The statement of `upsert`, for whoever needs it so often that it is to be built once."""
    if dialect == "mysql":
        new = mysql.insert(table)
        # Pairs, because their order counts: MySQL reads columns as earlier ones of the statement have left them.
        return new.on_duplicate_key_update(list(update(new.inserted).items()))
    row = sqlite.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    return row.on_conflict_do_update(index_elements=keys, set_=update(row.excluded))


def insert_new(tx: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert the row unless its key is taken; whether it was inserted."""
    if tx.dialect.name == "mysql":
        try:
            tx.execute(mysql.insert(table), values)
        except IntegrityError as problem:  # only the statement is undone; the transaction goes on
            if _mysql_code(problem) != _MYSQL_KEY_TAKEN:
                raise
            return False
        return True
    result = tx.execute(sqlite.insert(table).on_conflict_do_nothing(), values)
    return result.rowcount > 0


def _engine(url: str, pool_size: int, pool_wait: float, lock_wait: float) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        pool = _pool(pool_size, pool_wait)
        engine = create_engine(url, **pool, connect_args={"timeout": lock_wait})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return _mysql_engine(url, isolation_level="READ COMMITTED", **_pool(pool_size, pool_wait))


def _reading_engine(url: str, pool_size: int, pool_wait: float) -> Engine:
    greeting = f"{_MYSQL_GREETING}, transaction_read_only = ON"
    pool = _pool(pool_size, pool_wait)
    return _mysql_engine(url, greeting, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **pool)


def _pool(size: int, wait: float) -> dict[str, Any]:
    # What a statement was given are people's names and addresses: no error, and so no log, may quote it.
    return {"pool_size": size, "max_overflow": 0, "pool_timeout": wait, "hide_parameters": True}


def _mysql_engine(url: str, greeting: str = _MYSQL_GREETING, **options: Any) -> Engine:
    engine = create_engine(
        url,
        **options,
        pool_recycle=1800,
        pool_use_lifo=True,
        pool_reset_on_return=None,
        connect_args={
            "charset": "utf8mb4",
            "init_command": greeting,
            "connect_timeout": 3,
            "read_timeout": 30,
            "write_timeout": 30,
        },
    )
    event.listen(engine, "reset", _roll_back_what_is_open)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _look_whether_it_lives)
    return engine


def _roll_back_what_is_open(connection: Any, _record: object, _state: object) -> None:
    """The pool would roll back after each commit too, and each write would wait for that answer."""
    if connection.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
        connection.rollback()


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _look_whether_it_lives(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask whoever has been silent for a while: asking each time, as the pool would, takes as long as a question."""
    now = time.monotonic()
    if now - record.info.get("used_at", now) > FRESH:
        try:
            connection.ping(reconnect=False)
        except Exception as problem:
            raise InvalidatePoolError from problem


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode = WAL", f"synchronous = {SQLITE_SYNCHRONOUS}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that starts as a reader can fail halfway; taking the lock first makes it wait instead.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _worth_another_try(problem: Exception) -> bool:
    if isinstance(problem, IntegrityError):
        return True
    if isinstance(problem, DBAPIError) and not problem.connection_invalidated:
        return _mysql_code(problem) in _MYSQL_TRY_AGAIN
    return False


def _mysql_code(problem: DBAPIError) -> int | None:
    arguments = problem.orig.args if problem.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def _translated(problem: Exception) -> Exception:
    """What a caller can do something about: come back later. A wrong statement stays our own error."""
    if not _is_passing(problem):
        return problem
    log.warning("database unavailable", reason=str(getattr(problem, "orig", problem)))
    return _unavailable()


def _unavailable() -> errors.Unavailable:
    return errors.Unavailable("database_unavailable", "The database cannot take this right now.")


def _is_passing(problem: Exception) -> bool:
    if isinstance(problem, PoolTimeout):
        return True
    if not isinstance(problem, (OperationalError, InterfaceError)):
        return False
    code = _mysql_code(problem)
    if code is None:
        return not any(sign in str(problem.orig) for sign in ("no such table", "no such column", "syntax error"))
    return code < 1000 or 2000 <= code < 3000 or code in _MYSQL_PASSING  # below 1000, and the 2000s: no connection
