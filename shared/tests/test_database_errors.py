"""Errors of the database driver: retried, reported as an outage, or a bug."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from sqlalchemy import Connection, MetaData
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from shared.database.engine import MAX_ATTEMPTS, Database
from shared.database.primary import connect_to_primary
from shared.errors import Unavailable

from .tables import made


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Retries at once."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    opened = Database(made(f"sqlite:///{tmp_path}/empty.db", MetaData()))
    yield opened
    opened.close()


class Failing:
    """An action that raises errors of the MySQL driver a number of times, and counts its attempts."""

    def __init__(self, problem: DBAPIError, times: int = 99) -> None:
        self.tries = 0
        self._problem = problem
        self._times = times

    def __call__(self, _: Connection) -> str:
        self.tries += 1
        if self.tries <= self._times:
            raise self._problem
        return "done"


def driver_error(code: int, kind: type[DBAPIError] = OperationalError, *, lost: bool = False) -> DBAPIError:
    return kind("UPDATE", None, Exception(code, "words"), connection_invalidated=lost)


@pytest.mark.parametrize("code", [1213, 1205, 3572])
def test_deadlock_repeats_the_whole_action(database: Database, code: int) -> None:
    action = Failing(driver_error(code), times=MAX_ATTEMPTS - 1)
    assert database.write(action) == "done"
    assert action.tries == MAX_ATTEMPTS


@pytest.mark.parametrize("code", [1213, 1205, 3572])
def test_persistent_deadlock_is_an_outage(database: Database, code: int) -> None:
    action = Failing(driver_error(code))
    with pytest.raises(Unavailable):
        database.write(action)
    assert action.tries == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "problem", [driver_error(2013, lost=True), driver_error(2006, lost=True), driver_error(1213, lost=True)]
)
def test_lost_connection_is_not_retried(database: Database, problem: DBAPIError) -> None:
    """The transaction may have been committed."""
    action = Failing(problem)
    with pytest.raises((Unavailable, OperationalError)):
        database.write(action)
    assert action.tries == 1


@pytest.mark.parametrize("code", [2003, 2013, 1040, 1045, 1114, 1290, 1053])
def test_transient_error_is_an_outage(database: Database, code: int) -> None:
    for problem in (driver_error(code), driver_error(code, InterfaceError)):
        with pytest.raises(Unavailable) as refusal:
            database.read(Failing(problem))
        assert refusal.value.__cause__ is problem


@pytest.mark.parametrize(
    "problem",
    [
        driver_error(1054),  # an unknown column
        driver_error(1366),  # a wrong value
        driver_error(1146, ProgrammingError),  # no such table
    ],
)
def test_permanent_error_is_a_bug(database: Database, problem: DBAPIError) -> None:
    action = Failing(problem)
    with pytest.raises(type(problem)):
        database.write(action)
    assert action.tries == 1


def test_driver_errors_contain_no_secret_and_no_host() -> None:
    database = Database("mysql+pymysql://user:secret@nowhere/shutter", pool_size=3, pool_timeout=0.5)
    assert database.has_row_locks
    assert database.engine.hide_parameters
    assert "secret" not in str(database.engine)
    database.close()


def test_unreachable_mysql_is_an_outage() -> None:
    database = Database("mysql+pymysql://user:secret@127.0.0.1:1/shutter")
    with pytest.raises(Unavailable):
        database.ping()
    database.close()


@pytest.mark.parametrize("code", [1290, 1836, 3100, 3101])
def test_server_that_accepts_no_writes_is_left_and_the_action_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    left = []
    monkeypatch.setattr(database, "close", lambda: left.append(code))
    action = Failing(driver_error(code), times=2)
    assert database.write(action) == "done"
    assert left == [code] * 2


class Server:
    """A MySQL server, as the listener sees it."""

    def __init__(self, *, read_only: int = 0) -> None:
        self._answer = (read_only,)
        self.closed = False

    def cursor(self) -> "Server":
        return self

    def execute(self, _: str) -> None: ...

    def fetchone(self) -> tuple[int]:
        return self._answer

    def close(self) -> None:
        self.closed = True


class Driver(MySQLDialect_pymysql):
    """Opens connections to the servers that are there."""

    def __init__(self, **known: Server) -> None:
        super().__init__()
        self.known = known
        self.tried: list[str] = []

    def connect(self, *_: Any, host: str, port: int) -> Any:
        assert port == 3307
        self.tried.append(host)
        if host not in self.known:
            raise pymysql.err.OperationalError(2003, "not reached")
        return self.known[host]


def test_connection_leads_to_the_server_that_accepts_writes() -> None:
    connect, options = connect_to_primary(["one", "two", "three"]), {"host": "one,two,three", "port": 3307}
    secondary, primary = Server(read_only=1), Server()
    driver = Driver(two=secondary, three=primary)
    connections: list[object] = [connect(driver, None, [], options), connect(driver, None, [], options)]
    assert connections == [primary, primary]
    assert driver.tried == ["one", "two", "three", "three"], "the primary is tried first from then on"
    assert secondary.closed


@pytest.mark.parametrize(("known", "code"), [({"two": Server(read_only=1)}, 1290), ({}, 2003)])
def test_group_without_a_primary_is_an_outage(known: dict[str, Server], code: int) -> None:
    connect = connect_to_primary(["two"])
    with pytest.raises(pymysql.err.OperationalError) as problem:
        connect(Driver(**known), None, [], {"host": "two", "port": 3307})
    assert problem.value.args[0] == code


def test_each_host_of_the_url_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = []

    def refuse(**options: Any) -> None:
        hosts.append((options["host"], options["port"]))
        raise pymysql.err.OperationalError(2003, "not reached")

    monkeypatch.setattr("pymysql.connect", refuse)
    database = Database("mysql+pymysql://user:secret@one,two:3307/shutter")
    with pytest.raises(Unavailable):
        database.ping()
    assert hosts == [("one", 3307), ("two", 3307)]
    database.close()
