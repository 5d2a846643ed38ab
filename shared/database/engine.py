"""The database of a service: one transaction for each request, committed here and retried here."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from shared.database.errors import is_read_only, is_retryable, to_app_error, unavailable
from shared.database.queues import Listeners, take_notified
from shared.database.statement_spans import trace_failures, trace_statements
from shared.tracing import spans

P = ParamSpec("P")
T = TypeVar("T")

MAX_ATTEMPTS = 5
POOL_TIMEOUT_SECONDS = 3.0
"""How long a request waits for a connection of the pool."""
PRE_PING_AFTER_SECONDS = 1.0
"""How long a connection may have been idle before it is pinged at checkout."""
LOCK_TIMEOUT_SECONDS = 5.0
"""How long a writer waits for another. SQLite has one lock for the whole database, MySQL one for each row."""
CONNECT_TIMEOUT_SECONDS = 3
IO_TIMEOUT_SECONDS = 30
"""How long MySQL may take for a connection, and for its response to a statement."""

# With FULL a committed transaction survives a power failure. Tests use OFF: fsync takes most of a small commit.
SQLITE_SYNCHRONOUS = "FULL"
EXECUTION_OPTIONS: dict[str, Any] = {}
"""Of each engine. In tests all engines share what SQLAlchemy has compiled; the program has few engines."""

IN_TRANSACTION = 1
"""SERVER_STATUS_IN_TRANS of the MySQL protocol. PyMySQL defines it too, but takes 2 MB, which SQLite does not need."""
SQL_MODE = (
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "ONLY_FULL_GROUP_BY,NO_ENGINE_SUBSTITUTION"
)


class Database:
    """A connection pool with two ways to use a connection: `read` and `write`."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        pool_timeout: float | None = None,
        lock_timeout: float | None = None,
    ) -> None:
        pool_timeout = POOL_TIMEOUT_SECONDS if pool_timeout is None else pool_timeout
        lock_timeout = LOCK_TIMEOUT_SECONDS if lock_timeout is None else lock_timeout
        self.engine = _engine(url, pool_size, pool_timeout, lock_timeout)
        self.has_row_locks = self.engine.dialect.name == "mysql"
        # In autocommit and read-only: a read then needs no statement that begins or ends a transaction.
        self.read_engine = _read_engine(url, pool_size, pool_timeout, lock_timeout)
        if spans.enabled():
            trace_failures(self.engine)
            trace_failures(self.read_engine)
        self._kept: Connection | None = None
        self._keeper: int | None = None
        """The thread that uses `_kept`."""
        self._writer_lock = nullcontext() if self.has_row_locks else _WriterLock(lock_timeout)
        self.writes = WaitGroup()
        self.listeners = Listeners()

    def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query outside of a write transaction. Raises errors.Unavailable."""
        try:
            if threading.get_ident() == self._keeper and not spans.current().recording:
                return query(self._kept or self._open_kept(), *args, **kwargs)
            with self.read_engine.connect() as connection:
                trace_statements(connection)
                return query(connection, *args, **kwargs)
        except (DBAPIError, PoolTimeout) as error:
            raise to_app_error(error) from error

    def write(self, action: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an action in one transaction. Raises errors.Unavailable.

        After a deadlock or a duplicate key the transaction is rolled back and the action is called again, and so it is
        on a server that accepts no writes, with new connections.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._commit(action, *args, **kwargs)
            except (DBAPIError, PoolTimeout) as error:
                if is_read_only(error):
                    self.close()  # all connections lead to a server that was the primary; new ones lead to another
                # A lost connection is not retried: the transaction may have been committed.
                if attempt == MAX_ATTEMPTS or not is_retryable(error):
                    raise to_app_error(error) from error
                time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def _commit(self, action: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        with (
            spans.child("transaction"),
            self.writes,
            self._writer_lock,
            self.engine.connect().execution_options(writes=True) as tx,
        ):
            trace_statements(tx)
            take_notified(tx)  # notifications of an attempt that failed
            with tx.begin():
                result = action(tx, *args, **kwargs)
            notified = take_notified(tx)
        self.listeners.call(notified)
        return result

    def keep_connection(self) -> None:
        """Use one connection for all reads of this thread, opened at the first one, besides those of the pool.

        Only for SQLite: a connection to a server can be lost. Reads that are traced use others: the listeners of a
        trace stay until a connection is closed.
        """
        self._keeper = threading.get_ident()

    def _open_kept(self) -> Connection:
        connection = self.read_engine.connect()
        connection.detach()  # from the pool
        self._kept = connection
        return connection

    def ping(self) -> None:
        """Raises errors.Unavailable if the database does not respond."""
        self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    def close(self) -> None:
        """Close all connections. The next use opens new ones."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
        self.engine.dispose()
        self.read_engine.dispose()


class WaitGroup:
    """Counts running writes. Background work that can wait begins when none is running."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            if not self._count:
                self._changed.notify_all()

    def wait_for_none(self, timeout_seconds: float) -> bool:
        """Wait until the count is zero; False after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, timeout_seconds)


class _WriterLock:
    """One writer at a time: SQLite has a single lock for writes.

    SQLite itself polls for its lock, so a thread that writes again at once overtakes all that wait. While 200,000
    rows were deleted in chunks, other writes took 760 ms (p99); with this lock 18 ms. A thread that waits here holds
    no connection that a reader needs.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._lock = threading.Lock()
        self._timeout_seconds = timeout_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout_seconds):
            raise unavailable()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _engine(url: str, pool_size: int, pool_timeout: float, lock_timeout: float) -> Engine:
    options = _pool_options(pool_size, pool_timeout)
    if not _is_sqlite(url):
        return _mysql_engine(url, _init_command(lock_timeout), isolation_level="READ COMMITTED", **options)
    engine = _sqlite_engine(url, lock_timeout, **options)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _read_engine(url: str, pool_size: int, pool_timeout: float, lock_timeout: float) -> Engine:
    options = _pool_options(pool_size, pool_timeout) | {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
    }
    if not _is_sqlite(url):
        return _mysql_engine(url, f"{_init_command(lock_timeout)}, transaction_read_only = ON", **options)
    engine = _sqlite_engine(url, lock_timeout, pool_reset_on_return=None, **options)
    event.listen(engine, "connect", _forbid_writes_in_sqlite)
    return engine


def _is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def _pool_options(size: int, timeout: float) -> dict[str, Any]:
    # hide_parameters: they contain names and addresses of people, which must not get into errors and logs.
    return {
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": timeout,
        "pool_use_lifo": True,  # few connections, in frequent use, instead of all of them in turn
        "hide_parameters": True,
        "execution_options": EXECUTION_OPTIONS,
    }


def _sqlite_engine(url: str, lock_timeout: float, **options: Any) -> Engine:
    engine = create_engine(url, connect_args={"timeout": lock_timeout}, **options)
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def _init_command(lock_timeout: float) -> str:
    return f"SET SESSION sql_mode = '{SQL_MODE}', innodb_lock_wait_timeout = {max(1, round(lock_timeout))}"


def _mysql_engine(url: str, init_command: str, **options: Any) -> Engine:
    engine = create_engine(
        url,
        **options,
        pool_recycle=1800,
        pool_reset_on_return=None,
        connect_args={
            "charset": "utf8mb4",
            "init_command": init_command,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": IO_TIMEOUT_SECONDS,
            "write_timeout": IO_TIMEOUT_SECONDS,
        },
    )
    from shared.database.primary import use_primary  # noqa: PLC0415 - SQLite does without the driver, which takes 2 MB

    use_primary(engine)
    event.listen(engine, "reset", _roll_back_open_transaction)
    event.listen(engine, "checkin", _record_use)
    event.listen(engine, "checkout", _pre_ping_if_idle)
    return engine


def _roll_back_open_transaction(connection: Any, _record: object, _state: object) -> None:
    # The pool itself would send ROLLBACK after each commit too, and each write would wait for the response.
    if connection.server_status & IN_TRANSACTION:
        connection.rollback()


def _record_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _pre_ping_if_idle(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    # pool_pre_ping would ping at each checkout, which costs as much as a query.
    now = time.monotonic()
    if now - record.info.get("used_at", now) > PRE_PING_AFTER_SECONDS:
        try:
            connection.ping(reconnect=False)
        except Exception as error:
            raise InvalidatePoolError from error


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is sent by _begin_sqlite
    for pragma in ("journal_mode = WAL", f"synchronous = {SQLITE_SYNCHRONOUS}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _forbid_writes_in_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail at the write; IMMEDIATE takes the lock first and waits.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
