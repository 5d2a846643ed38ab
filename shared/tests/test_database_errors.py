"""What the database raises, and what becomes of it: tried again, told as an outage, or our own mistake."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from shared.database.engine import MAX_ATTEMPTS, Database
from shared.errors import Unavailable

from .tables import made


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """One that is tried again at once."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    opened = Database(made(f"sqlite:///{tmp_path}/empty.db", MetaData()))
    yield opened
    opened.close()


class Failing:
    """An action that fails so many times, as MySQL's driver would, and counts its tries."""

    def __init__(self, problem: DBAPIError, times: int = 99) -> None:
        self.tries = 0
        self._problem = problem
        self._times = times

    def __call__(self, _: Connection) -> str:
        """Try."""
        self.tries += 1
        if self.tries <= self._times:
            raise self._problem
        return "done"


def driver_error(code: int, kind: type[DBAPIError] = OperationalError, *, lost: bool = False) -> DBAPIError:
    return kind("UPDATE", None, Exception(code, "words"), connection_invalidated=lost)


@pytest.mark.parametrize("code", [1213, 1205, 3572])
def test_after_a_deadlock_the_whole_is_run_again(database: Database, code: int) -> None:
    action = Failing(driver_error(code), times=MAX_ATTEMPTS - 1)
    assert database.write(action) == "done"
    assert action.tries == MAX_ATTEMPTS


@pytest.mark.parametrize("code", [1213, 1205, 3572])
def test_a_deadlock_that_stays_is_an_outage(database: Database, code: int) -> None:
    action = Failing(driver_error(code))
    with pytest.raises(Unavailable):
        database.write(action)
    assert action.tries == MAX_ATTEMPTS


@pytest.mark.parametrize(
    "problem", [driver_error(2013, lost=True), driver_error(2006, lost=True), driver_error(1213, lost=True)]
)
def test_after_a_lost_connection_nothing_is_run_again(database: Database, problem: DBAPIError) -> None:
    """Nobody knows whether it was committed."""
    action = Failing(problem)
    with pytest.raises((Unavailable, OperationalError)):
        database.write(action)
    assert action.tries == 1


@pytest.mark.parametrize("code", [2003, 2013, 1040, 1045, 1114, 1290, 1053])
def test_what_goes_by_is_an_outage(database: Database, code: int) -> None:
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
def test_what_stays_is_our_own_mistake(database: Database, problem: DBAPIError) -> None:
    action = Failing(problem)
    with pytest.raises(type(problem)):
        database.write(action)
    assert action.tries == 1


def test_no_secret_and_no_name_gets_into_the_words_of_the_engine() -> None:
    database = Database("mysql+pymysql://user:secret@nowhere/shutter", pool_size=3, pool_timeout=0.5)
    assert database.has_row_locks
    assert database.engine.hide_parameters
    assert "secret" not in str(database.engine)
    database.close()


def test_where_there_is_no_mysql_it_is_an_outage() -> None:
    database = Database("mysql+pymysql://user:secret@127.0.0.1:1/shutter")
    with pytest.raises(Unavailable):
        database.ping()
    database.close()
