"""Which errors of the database driver are transient, and which transactions may be retried."""

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared import errors

log = structlog.get_logger()

MYSQL_DUPLICATE_KEY = 1062
_MYSQL_RETRYABLE = {1213, 1205, 3572}  # deadlock, lock wait timeout, lock not available (NOWAIT)
# Not the primary of its group (any more), or its group did not accept the commit: rolled back for certain.
_MYSQL_READ_ONLY = {1290, 1836, 3100, 3101}
_MYSQL_TRANSIENT = {
    *_MYSQL_RETRYABLE,
    *_MYSQL_READ_ONLY,
    *(1021, 1037, 1038, 1041, 1114),  # disk or memory is full
    *(1040, 1129, 1203, 1226),  # too many connections
    *(1044, 1045, 1049, 1142),  # the schema or the user of this service does not exist yet
    *(1053, 1077, 1080, 1158, 1159, 1160, 1161, 1317, 1927, 3168, 4031),  # shutting down, or connection lost
    3024,  # the statement exceeded its time limit
}


def is_retryable(error: Exception) -> bool:
    """Whether the transaction was rolled back for certain and may succeed when it is run again."""
    if isinstance(error, IntegrityError):
        return True
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        return mysql_code(error) in _MYSQL_RETRYABLE | _MYSQL_READ_ONLY
    return False


def is_read_only(error: Exception) -> bool:
    """Whether the server accepts no writes: another one is the primary now, or will soon be."""
    return isinstance(error, DBAPIError) and mysql_code(error) in _MYSQL_READ_ONLY


def mysql_code(error: DBAPIError) -> int | None:
    """The error number of MySQL; None on SQLite."""
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def to_app_error(error: Exception) -> Exception:
    """errors.Unavailable for a transient error; other errors are bugs and are returned as they are."""
    if not _is_transient(error):
        return error
    log.warning("database unavailable", reason=str(getattr(error, "orig", error)))
    return unavailable()


def unavailable() -> errors.Unavailable:
    return errors.Unavailable("database_unavailable", "The database cannot take this right now.")


def _is_transient(error: Exception) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = mysql_code(error)
    if code is None:
        return not any(bug in str(error.orig) for bug in ("no such table", "no such column", "syntax error"))
    return code < 1000 or 2000 <= code < 3000 or code in _MYSQL_TRANSIENT  # below 1000, and 2000-2999: no connection
