"""MySQL schemas for tests: migrated once, emptied before the next test uses them."""

import uuid
from collections import defaultdict
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect, text

from shared.database import migrations
from shared.database.engine import Database

WITHOUT_TLS = "?ssl_disabled=true"
"""As inside the cluster. With TLS, opening connections took 40 % of the CPU of these tests."""
ROWS = 1_000_000
_AS_IF_LARGE = (
    "UPDATE mysql.innodb_table_stats SET n_rows = {rows}, clustered_index_size = {pages},"
    " sum_of_other_index_sizes = {pages} WHERE database_name = '{schema}'",
    "UPDATE mysql.innodb_index_stats SET stat_value = {pages}"
    " WHERE database_name = '{schema}' AND stat_name IN ('size', 'n_leaf_pages')",
    # Of an index of n columns, the first n-1 are equal in a hundred rows, the first n-2 in ten thousand.
    "UPDATE mysql.innodb_index_stats s JOIN (SELECT table_name t, index_name i, MAX(stat_name) longest"
    " FROM mysql.innodb_index_stats WHERE database_name = '{schema}' AND stat_name LIKE 'n_diff%' GROUP BY 1, 2) w"
    " ON s.table_name = w.t AND s.index_name = w.i SET s.stat_value = GREATEST(10,"
    " {rows} / POW(100, RIGHT(w.longest, 2) - RIGHT(s.stat_name, 2)))"
    " WHERE s.database_name = '{schema}' AND s.stat_name LIKE 'n_diff%'",
)


class MySqlSchemas:
    """All schemas on this server, free or in use."""

    def __init__(self, server_url: str) -> None:
        self._url = server_url
        self._server = create_engine(f"{server_url}/{WITHOUT_TLS}", isolation_level="AUTOCOMMIT")
        self._free: dict[Path, list[str]] = defaultdict(list)

    def empty(self) -> str:
        """The URL of a new schema without tables."""
        name = f"test_{uuid.uuid4().hex}"
        with self._server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"))
        return f"{self._url}/{name}{WITHOUT_TLS}"

    def drop(self, url: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {_name(url)}"))

    def acquire(self, folder: Path) -> str:
        """The URL of a schema with the tables of these migrations, and no rows."""
        free = self._free[folder]
        return free.pop() if free else self._migrated(folder)

    def release(self, folder: Path, url: str) -> None:
        """Return a schema; the rows of the test are deleted."""
        with self._server.connect() as connection:
            connection.exec_driver_sql("SET SESSION foreign_key_checks = 0, innodb_lock_wait_timeout = 5")
            for table in _tables(connection, _name(url)):
                connection.exec_driver_sql(f"DELETE FROM {table}")
        self._free[folder].append(url)

    def close(self) -> None:
        """Close the connections; the server is removed after the tests."""
        self._server.dispose()

    def _migrated(self, folder: Path) -> str:
        url = self.empty()
        database = Database(url, pool_size=1)
        migrations.upgrade(database, folder)
        database.close()
        self.set_large_statistics(url)
        return url

    def set_large_statistics(self, url: str) -> None:
        """Make the server plan each statement as for tables of a million rows."""
        schema = _name(url)
        with self._server.connect() as connection:
            for statement in _AS_IF_LARGE:
                filled = statement.format(rows=ROWS, pages=ROWS // 100, schema=schema)
                connection.exec_driver_sql(filled.replace("%", "%%"))
            connection.exec_driver_sql("FLUSH TABLES " + ", ".join(_tables(connection, schema)))


def _tables(connection: Connection, schema: str) -> list[str]:
    names = inspect(connection).get_table_names(schema=schema)
    return [f"`{schema}`.`{name}`" for name in names if name != "alembic_version"]


def _name(url: str) -> str:
    return url.rpartition("/")[2].removesuffix(WITHOUT_TLS)
