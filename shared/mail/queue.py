"""A queue of messages in the database: inserted by a transaction, sent after its commit by a worker.

No request waits for a mail server or fails with it. A message is sent at least once: it is deleted after the server has
accepted it. It is sent again if the process is killed between the two, or if the connection breaks after the server has
accepted the message and before its reply arrives. SMTP has no way to find out (RFC 1047). A repetition has the same
Message-ID.

A message that the server defers is retried with backoff until it expires. One that is refused or has expired is dead:
it stays in the table for an operator, who can requeue it.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

import structlog
from anyio import CapacityLimiter
from prometheus_client import Counter
from sqlalchemy import Column, Connection, Index, Integer, MetaData, Row, String, Table, delete, insert, select, update

from shared import clock, ids
from shared.background import PeriodicWorker, run_sync_shielded
from shared.database.engine import Database
from shared.database.queues import WorkQueue, earliest, notify
from shared.database.statements import BigInt
from shared.errors import Unavailable
from shared.mail import transport as transports
from shared.mail.message import Mail
from shared.mail.transport import Deferred, Interrupted, Refused, Transport

LIFETIME_MS = 3 * clock.DAY
"""How long a message is retried, unless it expires earlier. RFC 5321, section 4.5.4.1, recommends four or five days;
what these messages say is of no use after that."""
DEAD_RETENTION_MS = 30 * clock.DAY
LEASE_MS = 5 * clock.MINUTE
"""How long a message belongs to the process that sends it: longer than sending may take."""
FIRST_RETRY_MS = 30 * clock.SECOND
MAX_RETRY_MS = clock.HOUR
MAILS_PER_CONNECTION = 50
STOP_SECONDS = 10.0
"""How long a message that is being sent may take when the process stops. After that it is sent again later."""
MAILS = Counter("mails_total", "Messages, by outcome: sent, deferred, refused, expired, dropped.", ["outcome"])
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
Render = Callable[[Row[Any]], Mail | None]
"""Makes the message of a row when it is sent; None if it is not needed any more."""
log = structlog.get_logger()


def mail_table(metadata: MetaData, *more: Column[Any] | Index) -> Table:
    """The table of messages; `more` are columns from which the service makes them, and finds them."""
    return Table(
        "mails",
        metadata,
        Column("id", BigInt, primary_key=True, autoincrement=False),
        Column("created_at", BigInt, nullable=False),
        Column("due_at", BigInt),  # NULL: dead
        Column("expires_at", BigInt, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("failed_at", BigInt),  # when it died
        Column("reason", String(transports.MAX_REASON_LENGTH)),  # the last reply of the server
        Index("mails_due", "due_at"),
        Index("mails_failed", "failed_at"),
        *more,
    )


def enqueue(tx: Connection, mails: Table, *, expires_at: int | None = None, **columns: Any) -> int:
    """Send a message after the commit. It is retried until `expires_at` (ms since 1970). Returns its id."""
    mail_id, now = ids.new(), clock.now()
    row = {
        "id": mail_id,
        "created_at": now,
        "due_at": now,
        "expires_at": now + LIFETIME_MS if expires_at is None else expires_at,
        "attempts": 0,
        **columns,
    }
    tx.execute(insert(mails).values(row))
    notify(tx, mails)
    return mail_id


def dead(connection: Connection, mails: Table, limit: int) -> list[Row[Any]]:
    """Messages that were refused or have expired, the newest first."""
    table = mails.c
    rows = select(mails).where(table.failed_at.is_not(None)).order_by(table.failed_at.desc()).limit(limit)
    return list(connection.execute(rows).all())


def requeue(tx: Connection, mails: Table, mail_id: int | None = None) -> int:
    """Send dead messages again: this one, or all. Returns how many. One that is of no use any more is then dropped."""
    table, now = mails.c, clock.now()
    which = table.failed_at.is_not(None) if mail_id is None else (table.id == mail_id) & table.failed_at.is_not(None)
    fresh = {"due_at": now, "expires_at": now + LIFETIME_MS, "attempts": 0, "failed_at": None, "reason": None}
    return tx.execute(update(mails).where(which).values(fresh)).rowcount


def delete_expired(tx: Connection, mails: Table, limit: int = 1_000) -> bool:
    """Delete some messages that died long ago. Returns whether there may be more."""
    table = mails.c
    old = select(table.id).where(table.failed_at < clock.now() - DEAD_RETENTION_MS).limit(limit)
    gone = list(tx.execute(old).scalars())
    tx.execute(delete(mails).where(table.id.in_(gone)))
    return len(gone) == limit


def work_queue(mails: Table) -> WorkQueue:
    """The messages that are due."""
    return WorkQueue(
        mails, mails.c.due_at.is_not(None), since=mails.c.created_at, due=mails.c.due_at, order=[mails.c.due_at]
    )


class MailQueue:
    """Sends the messages of a table, one at a time."""

    def __init__(self, database: Database, mails: Table, render: Render, transport: Transport) -> None:
        self._database = database
        self._mails = mails
        self._render = render
        self._transport = transport
        self._thread = CapacityLimiter(1)
        self._sent: list[int] = []
        """Accepted by the server, and not yet deleted: the database was unavailable."""

    def worker(self, name: str) -> PeriodicWorker:
        """Woken by commits of this process, and when a retry is due."""
        return PeriodicWorker(name, self.step, queue=self._mails.name, due=self._due)

    async def step(self) -> bool:
        """Send some messages over one connection. Returns whether there may be more. Raises Unavailable."""
        await self._delete_sent()
        due = await self._due()
        if due is None or due > clock.now():
            return False
        async with self._transport.connect() as connection:  # before a message is taken, so that none waits for this
            for _ in range(MAILS_PER_CONNECTION):
                row = await self._in_thread(self._database.write, self._take)
                if row is None:
                    return False
                await self._finish(self._deliver(connection, row))
        return True

    async def _due(self) -> int | None:
        return await self._in_thread(self._database.read, earliest, self._mails.c.due_at)

    def _take(self, tx: Connection) -> Row[Any] | None:
        """The message that has waited longest, which no other process takes meanwhile."""
        table, now = self._mails.c, clock.now()
        late = (table.due_at <= now) & (table.expires_at <= now)
        expired = tx.execute(update(self._mails).where(late).values(due_at=None, failed_at=now)).rowcount
        MAILS.labels("expired").inc(expired)
        due = select(self._mails).where(table.due_at <= now).order_by(table.due_at).limit(1)
        row = tx.execute(due.with_for_update(skip_locked=True)).one_or_none()
        if row is not None:
            values = {"due_at": now + LEASE_MS, "attempts": row.attempts + 1}
            tx.execute(update(self._mails).where(table.id == row.id).values(values))
        return row

    async def _finish(self, delivery: Any) -> None:
        """Wait for it, a while even when the worker is being stopped."""
        running = asyncio.ensure_future(delivery)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running], timeout=STOP_SECONDS)
            running.cancel()
            raise

    async def _deliver(self, connection: transports.Connection, row: Row[Any]) -> None:
        mail = await self._in_thread(self._render, row)
        if mail is None:
            await self._settle(row, "dropped", delete(self._mails))
            return
        try:
            await connection.send(mail, row.id, row.created_at)
        except Deferred as refusal:
            await self._settle(row, "deferred", self._retry(row, refusal.reason), code=refusal.code)
        except Refused as refusal:
            dying = update(self._mails).values(due_at=None, failed_at=clock.now(), reason=refusal.reason)
            await self._settle(row, "refused", dying, code=refusal.code)
        except Interrupted as problem:
            await self._settle(row, "deferred", self._retry(row, str(problem)), code=str(problem))
            raise Unavailable("mail_unavailable", f"The mail server was interrupted: {problem}.") from problem
        else:
            self._sent.append(row.id)
            MAILS.labels("sent").inc()
            await self._delete_sent()

    def _retry(self, row: Row[Any], reason: str) -> Any:
        pause = min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** min(row.attempts, 10))
        later = clock.now() + int(pause * random.uniform(0.8, 1))  # noqa: S311 - jitter, not a secret
        # Not after it expires: it is listed as dead then.
        return update(self._mails).values(due_at=min(later, row.expires_at), reason=reason)

    async def _settle(self, row: Row[Any], outcome: str, change: Any, code: object = None) -> None:
        await self._in_thread(self._database.write, lambda tx: tx.execute(change.where(self._mails.c.id == row.id)))
        MAILS.labels(outcome).inc()
        if code is not None:
            log.warning(f"mail {outcome}", mail_id=ids.encode(row.id), attempts=row.attempts + 1, code=code)

    async def _delete_sent(self) -> None:
        """If the database is unavailable now, they are deleted before the next message is taken."""
        if self._sent:
            gone = delete(self._mails).where(self._mails.c.id.in_(self._sent))
            await self._in_thread(self._database.write, lambda tx: tx.execute(gone))
            self._sent.clear()

    async def _in_thread(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        return await run_sync_shielded(function, *args, limiter=self._thread)
