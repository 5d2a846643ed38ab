"""Local copies of pairs: what one record says of another, as flags that another service owns.

As with other copies, only a newer version replaces an older one. The versions of all pairs of one record are one
sequence. A pair whose flags are all false keeps its row, so that an older event cannot set them again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Row,
    Table,
    and_,
    case,
    delete,
    exists,
    or_,
    select,
    true,
)

from shared.database.statements import BigInt, upsert
from shared.events.envelope import Event
from shared.replication.purge import PurgeTarget

CHUNK_ROWS = 1_000
Key = tuple[int, int]


def pair_table(name: str, metadata: MetaData, keys: tuple[str, str], flags: Sequence[str]) -> Table:
    """A table of copies; `keys` are the names of the columns of the two ids."""
    one, other = keys
    return Table(
        name,
        metadata,
        *(Column(each, BigInt, primary_key=True, autoincrement=False) for each in keys),
        *(Column(each, Boolean, nullable=False) for each in flags),
        Column("version", BigInt, nullable=False),
        Index(f"{name}_by_{other}", other, one),
    )


def purge_target(table: Table) -> PurgeTarget:
    """All pairs with a deleted record, of any table whose key is a pair."""
    one, other = table.primary_key.columns

    def remove(tx: Connection, subject: int, chunk: int) -> bool:
        outward = tx.execute(select(other).where(one == subject).limit(chunk)).scalars().all()
        inward = tx.execute(select(one).where(other == subject).limit(chunk)).scalars().all()
        if outward:
            tx.execute(delete(table).where(one == subject, other.in_(outward)))
        if inward:
            tx.execute(delete(table).where(other == subject, one.in_(inward)))
        return chunk in (len(outward), len(inward))

    return PurgeTarget([one, other], remove, CHUNK_ROWS)


def in_neither_direction(table: Table, flag: str, one_id: Any, other_id: Any) -> ColumnElement[bool]:
    """Whether neither of two records has this flag for the other: two look-ups by the key."""

    def flagged(name: str, from_id: Any, to_id: Any) -> ColumnElement[bool]:
        pairs = table.alias(f"{table.name}_{name}")
        one, other = (pairs.c[column.name] for column in table.primary_key.columns)
        found = select(one).where(one == from_id, other == to_id, pairs.c[flag] == true())
        # With the hint, because MySQL may first collect all pairs of the one record, which may be very many.
        return exists(found.prefix_with("/*+ NO_SEMIJOIN() */", dialect="mysql"))

    return and_(~flagged("outward", one_id, other_id), ~flagged("inward", other_id, one_id))


@dataclass(frozen=True)
class PairProjection:
    """The copies in one table, and the fields of the owner's messages that are stored."""

    table: Table
    schema: type[BaseModel]
    """Its fields are named like the columns."""
    is_gone: Callable[[Connection, Key], bool]
    """Whether one of the two records is deleted: then nothing is stored."""
    on_stored: Callable[[Connection, Row[Any]], None] = lambda _tx, _row: None
    """Called in the transaction that may have changed this row, which is locked."""

    def on_changed(self, tx: Connection, event: Event) -> None:
        """Store the new version: the handler of an event."""
        self.store(tx, event.data)

    def store(self, tx: Connection, message: Mapping[str, Any]) -> None:
        """Store the pair in this message unless a newer version is there. Raises ValidationError."""
        row = self._row(message)
        key = self.key(row)
        if self.is_gone(tx, key):
            return
        names = [name for name in row if name not in {each.name for each in self.keys} | {"version"}]

        def changes(new: Any) -> dict[str, Any]:
            newer = self.table.c.version < new.version
            # `version` last: MySQL reads columns that an earlier assignment of the statement has already changed.
            return {name: case((newer, new[name]), else_=self.table.c[name]) for name in (*names, "version")}

        upsert(tx, self.table, row, changes)
        self.on_stored(tx, tx.execute(select(self.table).where(self._is(key)).with_for_update()).one())

    @property
    def keys(self) -> tuple[Column[int], Column[int]]:
        """The columns of the two ids."""
        one, other = self.table.primary_key.columns
        return one, other

    @property
    def flags(self) -> list[Column[bool]]:
        """The columns of the flags."""
        return [each for each in self.table.columns if isinstance(each.type, Boolean)]

    def key(self, row: Mapping[str, Any]) -> Key:
        """The two ids of a row."""
        one, other = self.keys
        return row[one.name], row[other.name]

    def differing(
        self, connection: Connection, listed: Sequence[Mapping[str, Any]], after: Key, is_last: bool, limit: int
    ) -> tuple[list[Mapping[str, Any]], list[Key], Key | None]:
        """Compare a page of the owner's list with the copies.

        Returns the entries that have to be stored, the copies that are not in the list, and up to which pair all this
        was compared: None if to the end.
        """
        rows = [self._row(each) for each in listed]
        upto = None if is_last else self.key(rows[-1])
        local = {self.key(row): row for row in self._flagged(connection, after, upto, limit)}
        if len(local) == limit:
            upto = max(local)
        compared = {self.key(row): (row, each) for row, each in zip(rows, listed, strict=True)}
        compared = {key: both for key, both in compared.items() if upto is None or key <= upto}
        missed = [each for key, (row, each) in compared.items() if self._set(row) != self._set(local.get(key, {}))]
        return missed, sorted(local.keys() - compared.keys()), upto

    def _set(self, row: Mapping[str, Any]) -> set[str]:
        """The names of the flags that are set."""
        return {each.name for each in self.flags if row.get(each.name)}

    def _flagged(self, connection: Connection, after: Key, upto: Key | None, limit: int) -> list[dict[str, Any]]:
        """The next copies with a flag."""
        one, other = self.keys
        statement = select(self.table).where(one >= after[0], or_(one > after[0], other > after[1]))
        if upto is not None:
            statement = statement.where(one <= upto[0], or_(one < upto[0], other <= upto[1]))
        statement = statement.where(or_(*(each == true() for each in self.flags)))
        # With the hint, because MySQL may read all copies and sort them.
        statement = statement.with_hint(self.table, "FORCE INDEX (PRIMARY)", "mysql")
        return [dict(row) for row in connection.execute(statement.order_by(one, other).limit(limit)).mappings()]

    def _is(self, key: Key) -> ColumnElement[bool]:
        one, other = self.keys
        return and_(one == key[0], other == key[1])

    def _row(self, message: Mapping[str, Any]) -> dict[str, Any]:
        record = self.schema.model_validate(message)
        return {name: getattr(record, name) for name in self.schema.model_fields}
