"""Exports of a person's own data: one for each account, collected by a worker, deleted after a week.

A worker holds an export for a minute at a time and extends that with each page. If it is killed, another one begins
again from the start: what it collects replaces the file.
"""

import secrets
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from shared import clock
from shared.database.queues import WorkQueue, notify
from shared.errors import NotFound, TooManyRequests
from shared.files import garbage

from .. import models, queries
from ..signed_urls import UrlSigner
from . import audit_log
from .accounts import lock
from .audit_log import AuditEvent, Origin

FOLDER = "exports"
FILE_NAME = r"^[0-9a-f]{24}\.zip$"
FILE_NAME_LENGTH = 28
RETENTION_MS = 7 * clock.DAY
INTERVAL_MS = clock.DAY
"""How long after one another's request the next one is accepted."""
HELD_MS = clock.MINUTE


def work_queue() -> WorkQueue:
    """The exports that are not ready."""
    table = models.exports.c
    return WorkQueue(models.exports, table.due_at.is_not(None), since=table.requested_at, due=table.due_at)


def request(tx: Connection, account_id: int, origin: Origin | None) -> Row[Any]:
    """Begin an export, unless one is being collected. Raises TooManyRequests, Unauthenticated.

    `origin` is None for what an operator does.
    """
    lock(tx, account_id)
    before, now = queries.export_of(tx, account_id), clock.now()
    if before is not None:
        if before.due_at is not None:
            return before
        wait = before.requested_at + INTERVAL_MS - now
        if wait > 0:
            detail = "There was an export in the last 24 hours."
            raise TooManyRequests("too_many_exports", detail, retry_after=1 + wait // clock.SECOND)
        delete_all(tx, account_id)
    name = f"{FOLDER}/{secrets.token_hex(12)}.zip"
    garbage.schedule_deletion(tx, models.disposal, [name], due_at=now + RETENTION_MS)  # whatever happens
    row = {"account_id": account_id, "name": name, "requested_at": now, "due_at": now}
    tx.execute(insert(models.exports).values(**row))
    if origin is None:
        audit_log.record(tx, account_id, AuditEvent.EXPORT_REQUESTED, "")
    else:
        audit_log.record_in_login(tx, account_id, AuditEvent.EXPORT_REQUESTED, origin)
    notify(tx, models.exports)
    return tx.execute(select(models.exports).where(models.exports.c.account_id == account_id)).one()


def export_json(row: Row[Any], signer: UrlSigner) -> dict[str, Any]:
    """The state of an export, with a signed URL if it is ready."""
    ready = row.due_at is None
    return {
        "state": "ready" if ready else "collecting",
        "url": signer.url(row.name.removeprefix(f"{FOLDER}/")) if ready else None,
        "expires_at": clock.format_rfc3339(row.expires_at) if ready else None,
    }


def claim(tx: Connection) -> Row[Any] | None:
    """Hold the oldest export that nobody holds."""
    exports = models.exports.c
    due = select(models.exports).where(exports.due_at <= clock.now()).order_by(exports.due_at).limit(1)
    row = tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    held_until = clock.now() + HELD_MS
    tx.execute(update(models.exports).where(exports.account_id == row.account_id).values(due_at=held_until))
    return tx.execute(select(models.exports).where(exports.account_id == row.account_id)).one()


def extend(tx: Connection, held: Row[Any]) -> Row[Any]:
    """Hold it for longer. Raises NotFound if its account has been deleted, or another worker holds it."""
    exports = models.exports.c
    held_until = max(clock.now() + HELD_MS, held.due_at + 1)
    _change(tx, held, due_at=held_until)
    return tx.execute(select(models.exports).where(exports.account_id == held.account_id)).one()


def finish(tx: Connection, held: Row[Any]) -> None:
    """It is ready: its file is stored. Raises NotFound if its account has been deleted, or another worker holds it."""
    expires_at = clock.now() + RETENTION_MS
    _change(tx, held, due_at=None, expires_at=expires_at)
    garbage.schedule_deletion(tx, models.disposal, [held.name], due_at=expires_at)


def delete_all(tx: Connection, account_id: int) -> None:
    """Delete the export of the account and its file, also while it is being collected."""
    row = queries.export_of(tx, account_id)
    if row is not None:
        tx.execute(delete(models.exports).where(models.exports.c.account_id == account_id))
        garbage.schedule_deletion(tx, models.disposal, [row.name])


def delete_expired(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some whose files are gone. Returns whether there may be more."""
    exports = models.exports.c
    old = select(exports.account_id).where(exports.expires_at < clock.now()).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(models.exports).where(exports.account_id.in_(gone), exports.expires_at < clock.now()))
    return len(gone) == limit


def _change(tx: Connection, held: Row[Any], **values: Any) -> None:
    exports = models.exports.c
    mine = (exports.account_id == held.account_id, exports.name == held.name, exports.due_at == held.due_at)
    if tx.execute(update(models.exports).where(*mine).values(**values)).rowcount == 0:
        raise NotFound("not_found", "This export has been deleted, or another worker holds it.")
