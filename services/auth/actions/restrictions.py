"""Copies of who blocks whom: social publishes them. They are removed with the account of either, by a worker."""

from pydantic import BaseModel, Field
from sqlalchemy import Connection, delete, select

from shared.database.queues import notify
from shared.database.statements import insert_if_absent
from shared.ids import Id
from shared.replication.pairs import Key, PairProjection, purge_target

from .. import models

_accounts, _queue = models.accounts.c, models.unpurged_restrictions.c
_TARGET = purge_target(models.restrictions)


class Restriction(BaseModel):
    """What is kept here of a block."""

    person_id: Id = Field(alias="user_id")
    other_id: Id
    blocking: bool
    version: int


def _is_gone(tx: Connection, pair: Key) -> bool:
    # Locked, so that neither account is deleted before the commit: what is stored is seen by the worker then.
    both = select(_accounts.id).where(_accounts.id.in_(pair)).order_by(_accounts.id).with_for_update(read=True)
    return len(tx.execute(both).all()) < len(set(pair))


RESTRICTIONS = PairProjection(models.restrictions, Restriction, _is_gone)


def remove_later(tx: Connection, account_id: int) -> None:
    """Let the worker remove the blocks of and by an account that this transaction deletes: they may be many."""
    insert_if_absent(tx, models.unpurged_restrictions, {"account_id": account_id})
    notify(tx, models.unpurged_restrictions)


def remove_some(tx: Connection, chunk: int = _TARGET.chunk) -> bool:
    """Remove some blocks of and by one of the deleted accounts. Returns whether there may be more to do."""
    first = select(_queue.account_id).order_by(_queue.account_id).limit(1).with_for_update(skip_locked=True)
    account_id: int | None = tx.execute(first).scalar_one_or_none()
    if account_id is None:
        return False
    if not _TARGET.remove(tx, account_id, chunk):
        tx.execute(delete(models.unpurged_restrictions).where(_queue.account_id == account_id))
    return True
