"""Idempotency-Key: the response of a write is stored in the transaction of the write, and returned to a repetition.

Of a response that can be rebuilt from immutable data, only the location is stored.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import mysql

from shared import clock, errors
from shared.database.engine import Database
from shared.database.statements import BigInt, VarBinary

RETENTION_MS = clock.DAY
MAX_KEYS_PER_DAY = 5_000
"""Of one owner: a response of some kilobytes is stored with each key for a day."""
BY_OWNER = "idempotency_keys_by_owner"
Rebuild = Callable[[Connection, str], bytes]
"""Rebuilds the body of a response from its location."""
ResponseBody = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql")
"""A BLOB of MySQL ends at 64 KiB; a page of long texts can be longer."""


def idempotency_table(metadata: MetaData) -> Table:
    """The table `idempotency_keys` of a service."""
    return Table(
        "idempotency_keys",
        metadata,
        Column("owner_id", BigInt, primary_key=True, autoincrement=False),
        Column("key_hash", VarBinary(32), primary_key=True),
        Column("request_hash", VarBinary(32), nullable=False),
        Column("status", Integer, nullable=False),
        Column("body", ResponseBody, nullable=False),
        Column("location", String(255), nullable=False),
        Column("created_at", BigInt, nullable=False),
        Index("idempotency_keys_age", "created_at"),
        Index(BY_OWNER, "owner_id", "created_at"),
    )


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response without a framework, as it is stored with its key."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Key:
    """The hash of the client's key for a write, and of the request."""

    owner: int
    name: bytes
    request: bytes


class Idempotency:
    """Runs writes under keys. A key whose write is still running is an error; it is not waited for."""

    def __init__(self, database: Database, table: Table, keys_a_day: int = MAX_KEYS_PER_DAY) -> None:
        self._database = database
        self._table = table
        self._keys_a_day = keys_a_day
        self._running: set[tuple[int, bytes]] = set()
        self._lock = threading.Lock()

    def write(
        self, key: Key | None, action: Callable[[Connection], StoredResponse], rebuild: Rebuild | None = None
    ) -> StoredResponse:
        """Run the action in one transaction with its key, or return its stored response.

        With `rebuild` the body is not stored, but rebuilt from the location. Raises errors.Invalid for a key that was
        used for another request, errors.Conflict while the first request runs, errors.TooManyRequests if the owner used
        too many keys in a day.
        """
        with self.running(key):
            return self.record(key, action, rebuild)

    @contextmanager
    def running(self, key: Key | None) -> Iterator[None]:
        """Reserve the key for work that comes before its write. Raises errors.Conflict while another request has it."""
        if key is None:
            yield
            return
        running_key = (key.owner, key.name)
        with self._lock:
            if running_key in self._running:
                raise errors.Conflict("idempotency_in_progress", "The first request with this key is still running.")
            self._running.add(running_key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(running_key)

    def record(
        self, key: Key | None, action: Callable[[Connection], StoredResponse], rebuild: Rebuild | None = None
    ) -> StoredResponse:
        """As `write`, inside a block of `running` with this key."""
        if key is None:
            return self._database.write(action)
        return self._database.write(self._once, key, action, rebuild)

    def earlier(self, key: Key | None) -> StoredResponse | None:
        """The stored response, if any. Raises errors.Invalid for a key that was used for another request."""
        return None if key is None else self._database.read(self._earlier, key)

    def _once(
        self, tx: Connection, key: Key, action: Callable[[Connection], StoredResponse], rebuild: Rebuild | None
    ) -> StoredResponse:
        row = tx.execute(self._row_of(key)).one_or_none()
        if row is not None:
            if not _is_expired(row):
                return _response_in(row, key, lambda location: rebuild(tx, location) if rebuild else b"")
            tx.execute(delete(self._table).where(self._is(key)))
        self._check_number(tx, key.owner)
        answer = action(tx)
        tx.execute(
            insert(self._table).values(
                owner_id=key.owner,
                key_hash=key.name,
                request_hash=key.request,
                status=answer.status,
                body=answer.body if rebuild is None else b"",
                location=answer.headers.get("location", ""),
                created_at=clock.now(),
            )
        )
        return answer

    def _check_number(self, tx: Connection, owner: int) -> None:
        """Raises TooManyRequests. Concurrent requests see only committed keys, so the limit is not exact."""
        table, now = self._table.c, clock.now()
        lately = (table.owner_id == owner) & (table.created_at > now - RETENTION_MS)
        statement = select(func.count(), func.min(table.created_at)).where(lately)
        # With an index hint: by the primary key MySQL would also read the stored responses.
        statement = statement.prefix_with(f"/*+ INDEX({self._table.name} {BY_OWNER}) */", dialect="mysql")
        number, oldest = tx.execute(statement).one()
        if number >= self._keys_a_day:
            wait = 1 + (oldest + RETENTION_MS - now) // clock.SECOND
            detail = f"At most {self._keys_a_day} idempotency keys within 24 hours."
            raise errors.TooManyRequests("too_many_idempotency_keys", detail, retry_after=wait)

    def _earlier(self, connection: Connection, key: Key) -> StoredResponse | None:
        row = connection.execute(self._row_of(key)).one_or_none()
        return None if row is None or _is_expired(row) else _response_in(row, key, lambda _: b"")

    def _row_of(self, key: Key) -> Select[Any]:
        return select(self._table).where(self._is(key))

    def _is(self, key: Key) -> ColumnElement[bool]:
        return (self._table.c.owner_id == key.owner) & (self._table.c.key_hash == key.name)

    def delete_expired(self, tx: Connection, limit: int = 1_000) -> bool:
        """Delete some keys that are older than a day. Returns whether there may be more."""
        table = self._table
        old = (
            select(table.c.owner_id, table.c.key_hash)
            .where(table.c.created_at < clock.now() - RETENTION_MS)
            .limit(limit)
        )
        gone: list[Any] = list(tx.execute(old))
        for row in gone:
            tx.execute(delete(table).where(table.c.owner_id == row.owner_id, table.c.key_hash == row.key_hash))
        return len(gone) == limit


def delete_some_of(table: Table, tx: Connection, owner: int, limit: int) -> bool:
    """Delete some stored responses of this owner: they contain what was written. Returns whether there may be more."""
    theirs = table.c.owner_id == owner
    keys = list(tx.execute(select(table.c.key_hash).where(theirs).limit(limit)).scalars())
    if keys:
        tx.execute(delete(table).where(theirs, table.c.key_hash.in_(keys)))
    return len(keys) == limit


def _is_expired(row: Row[Any]) -> bool:
    return bool(row.created_at < clock.now() - RETENTION_MS)


def _response_in(row: Row[Any], key: Key, made_anew: Callable[[str], bytes]) -> StoredResponse:
    if row.request_hash != key.request:
        raise errors.Invalid("idempotency_key_reused", "This key was used for another request.")
    body = row.body or made_anew(row.location)
    return StoredResponse(row.status, body, {"location": row.location} if row.location else {})
