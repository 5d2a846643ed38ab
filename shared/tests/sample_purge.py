"""A small purge plan: things with owners, and their tables."""

from sqlalchemy import Column, Connection, MetaData, Table, delete, insert, select, update

from shared import clock, ids
from shared.database.engine import Database
from shared.database.statements import BigInt, insert_if_absent
from shared.replication.purge import PurgePlan, PurgeTarget, purge_table
from shared.replication.reconcile import checkpoint_table

from .tables import rows

LAST_SWEEP_AFTER = clock.HOUR
metadata = MetaData()
jobs = purge_table("jobs", metadata, "subject")
checkpoints = checkpoint_table("places", metadata)
things = Table(
    "things",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("owner", BigInt, nullable=False, index=True),
)
hidden = Table("hidden", metadata, Column("subject", BigInt, primary_key=True, autoincrement=False))
said = Table("said", metadata, Column("id", BigInt, primary_key=True), Column("subject", BigInt, nullable=False))
pending = Table("pending", metadata, Column("subject", BigInt, primary_key=True, autoincrement=False))


def hide(tx: Connection, subject: int) -> None:
    insert_if_absent(tx, hidden, {"subject": subject})


def remove_some(tx: Connection, subject: int, chunk: int) -> bool:
    some = list(tx.execute(select(things.c.id).where(things.c.owner == subject).limit(chunk)).scalars())
    tx.execute(delete(things).where(things.c.id.in_(some)))
    return len(some) == chunk


def say(tx: Connection, subject: int) -> None:
    tx.execute(insert(said).values(subject=subject))


def is_pending(tx: Connection, subject: int) -> bool:
    return tx.execute(select(pending).where(pending.c.subject == subject)).first() is not None


PURGE = PurgePlan(jobs, hide, [PurgeTarget([things.c.owner], remove_some, 3)], say)


def own(database: Database, subject: int, number: int = 1) -> None:
    """Insert this number of things of the subject."""
    database.write(lambda tx: tx.execute(insert(things), [{"id": ids.new(), "owner": subject} for _ in range(number)]))


def owners(database: Database) -> list[int]:
    return [row.owner for row in rows(database, things)]


def states(database: Database) -> dict[int, str]:
    return {row.subject: row.state for row in rows(database, jobs)}


def told(database: Database) -> list[int]:
    return [row.subject for row in rows(database, said)]


def due_now(database: Database) -> None:
    """End every pause."""
    soon = update(jobs).where(jobs.c.sweep_at.is_not(None)).values(sweep_at=clock.now())
    database.write(lambda tx: tx.execute(soon))


def to_the_end(database: Database, purge: PurgePlan = PURGE, last_sweep_after: int = LAST_SWEEP_AFTER) -> None:
    while database.write(purge.step, last_sweep_after):
        pass
