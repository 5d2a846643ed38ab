"""Several MySQL servers of one group: connections go to the one that accepts writes.

`mysql+pymysql://user:password@db-1,db-2,db-3/schema` names them all; they have the same port. With a name that always
leads to the primary, such as that of MySQL Router, this is not needed.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pymysql.err import OperationalError
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect

READ_ONLY = 1290
"""The error number of a server that accepts no writes."""
_IS_READ_ONLY = "SELECT @@GLOBAL.read_only OR @@GLOBAL.super_read_only"
Connect = Callable[[Dialect, object, Sequence[Any], dict[str, Any]], DBAPIConnection]


def use_primary(engine: Engine) -> None:
    """Let new connections lead to the primary, if the URL has several hosts."""
    hosts = (engine.url.host or "").split(",")
    if len(hosts) > 1:
        event.listen(engine, "do_connect", connect_to_primary(hosts))


def connect_to_primary(hosts: Sequence[str]) -> Connect:
    """A listener for `do_connect` that tries these servers, beginning with the one that was the primary."""
    in_order = list(hosts)

    def connect(dialect: Dialect, _record: object, args: Sequence[Any], options: dict[str, Any]) -> DBAPIConnection:
        problem = OperationalError(READ_ONLY, "no server accepts writes")
        for host in tuple(in_order):
            try:
                connection = dialect.connect(*args, **{**options, "host": host})
            except OperationalError as error:
                problem = error
                continue
            if _accepts_writes(connection):
                in_order.sort(key=lambda each: each != host)
                return connection
            connection.close()
        raise problem

    return connect


def _accepts_writes(connection: DBAPIConnection) -> bool:
    cursor = connection.cursor()
    try:
        cursor.execute(_IS_READ_ONLY)
        return cursor.fetchone() == (0,)
    finally:
        cursor.close()
