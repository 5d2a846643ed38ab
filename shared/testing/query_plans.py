"""Query plans, so that tests can show that no statement scans a large table.

MySQL in the tests plans as if every table were large (see `mysql_schemas`); SQLite does so anyway.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from shared.database.engine import Database

Statement = tuple[str, Any]
SORT = "sort"


@contextmanager
def captured_statements(database: Database) -> Iterator[list[Statement]]:
    """All statements executed during the block, with their parameters, except BEGIN and COMMIT."""
    asked: list[Statement] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append((statement, parameters))

    engines = {database.engine, database.read_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", listen)


def slow_steps(database: Database, statement: Statement) -> set[str]:
    """The steps whose cost grows with the tables: `all of <table>` for each full scan, and `sort`.

    Temporary results are as large as the steps that produced them, which are checked too.
    """
    steps = _in_mysql if database.has_row_locks else _in_sqlite
    return database.write(lambda tx: set(steps(tx, statement)))


def indexes_used(database: Database, statement: Statement) -> set[str]:
    """The names of the indexes that the plan uses, except primary keys."""
    names = _names_in_mysql if database.has_row_locks else _names_in_sqlite
    return database.write(lambda tx: set(names(tx, statement)))


def sqlite_work(ask: Callable[[Connection], Any], connection: Connection) -> int:
    """How many hundreds of virtual machine instructions SQLite executes for it: a cost independent of the machine."""
    ticks: list[None] = []
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: ticks.append(None), 100)
    try:
        ask(connection)
    finally:
        driver.set_progress_handler(None, 0)
    return len(ticks)


def _in_mysql(connection: Connection, statement: Statement) -> Iterator[str]:
    for row in _explained(connection, statement):
        if row["type"] in {"ALL", "index"} and not str(row["table"]).startswith("<"):
            yield f"all of {row['table']}"
        if "filesort" in (row["Extra"] or ""):
            yield SORT


def _names_in_mysql(connection: Connection, statement: Statement) -> Iterator[str]:
    for row in _explained(connection, statement):
        if row["key"] not in {None, "PRIMARY"}:
            yield row["key"]


def _explained(connection: Connection, statement: Statement) -> list[Any]:
    found = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement[0]}", statement[1])
    return list(found.mappings().all())


def _in_sqlite(connection: Connection, statement: Statement) -> Iterator[str]:
    steps = _query_plan(connection, statement)
    on_the_way = {step.split()[1] for step in steps if step.startswith(("MATERIALIZE", "CO-ROUTINE"))}
    for step in steps:
        verb, what, *_ = f"{step} ".split(" ")
        if verb == "SCAN" and what not in on_the_way and not what.startswith(("CONSTANT", "(subquery")):
            yield f"all of {what}"
        if step.startswith("USE TEMP B-TREE"):
            yield SORT


def _names_in_sqlite(connection: Connection, statement: Statement) -> Iterator[str]:
    for step in _query_plan(connection, statement):
        _, found, name = step.partition("INDEX ")
        if found and not name.startswith("sqlite_"):
            yield name.split()[0]


def _query_plan(connection: Connection, statement: Statement) -> list[str]:
    return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1])]
