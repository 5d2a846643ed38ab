"""Records of deleted accounts, one file each, beside the database.

Restoring an older backup of the database brings back accounts that were deleted since. A restore never removes these
files, so that each account is found here and deleted again, at each start and by the command `after-restore`.
"""

from sqlalchemy import Connection, delete, select

from shared import clock, ids
from shared.database.engine import Database
from shared.files.storage import Storage

from .. import models
from . import withdrawals

FOLDER = "withdrawals"
BATCH_ROWS = 100
_queue, _list = models.unrecorded_withdrawals.c, models.withdrawals.c


def record_some(database: Database, storage: Storage) -> bool:
    """Write the records of some accounts. Returns whether there may be more. Safe to repeat after a crash."""
    deleted = database.read(_unrecorded)
    for account_id, withdrawn_at in deleted.items():
        storage.put(record_name(account_id), clock.format_rfc3339(withdrawn_at).encode(), "text/plain")
    if deleted:
        database.write(_forget, list(deleted))
    return len(deleted) == BATCH_ROWS


def repeat_all(database: Database, storage: Storage) -> int:
    """Delete every recorded account that the database does not list as deleted. Returns how many those were."""
    repeated = 0
    for page in storage.pages(FOLDER):
        recorded = {ids.parse(name.rpartition("/")[2]): name for name in page}
        for account_id in database.read(_unknown, list(recorded)):
            withdrawn_at = clock.parse_rfc3339(storage.get(recorded[account_id]).decode())
            repeated += database.write(withdrawals.repeat, account_id, withdrawn_at)
    return repeated


def repeat_at_start(database: Database, storage: Storage) -> bool:
    """The same as a step of a worker: there is no more to do."""
    repeat_all(database, storage)
    return False


def record_name(account_id: int) -> str:
    """The name of its file."""
    return f"{FOLDER}/{ids.encode(account_id)}"


def _unrecorded(connection: Connection) -> dict[int, int]:
    """Some account ids, and when each account was deleted."""
    rows = (
        select(_queue.account_id, _list.withdrawn_at)
        .join(models.withdrawals, _list.account_id == _queue.account_id)
        .order_by(_queue.account_id)
        .limit(BATCH_ROWS)
    )
    return {row.account_id: row.withdrawn_at for row in connection.execute(rows)}


def _forget(tx: Connection, account_ids: list[int]) -> None:
    tx.execute(delete(models.unrecorded_withdrawals).where(_queue.account_id.in_(account_ids)))


def _unknown(connection: Connection, account_ids: list[int]) -> list[int]:
    known = set(connection.execute(select(_list.account_id).where(_list.account_id.in_(account_ids))).scalars())
    return [each for each in account_ids if each not in known]
