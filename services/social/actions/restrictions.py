"""Blocking and muting, and the ends of both. All are idempotent.

Whoever changes what one restricts of another locks both users, as whoever changes an edge between them does. So a
block and a follow of the same two never miss each other: no edge between them outlives the block.
"""

from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from shared import ids
from shared.errors import Invalid

from .. import events, models, queries
from . import follows, people

_restrictions = models.restrictions.c
Kind = Literal["block_id", "mute_id"]


def block(tx: Connection, person_id: int, other_id: int) -> dict[str, Any]:
    """Block the other, and end what the two follow of each other. Returns the relation. Raises as `_change` does."""
    _change(tx, person_id, other_id, "block_id", wanted=True)
    return queries.relation(tx, person_id, other_id)


def unblock(tx: Connection, person_id: int, other_id: int) -> dict[str, Any]:
    """End the block. Returns the relation. Raises as `_change` does."""
    _change(tx, person_id, other_id, "block_id", wanted=False)
    return queries.relation(tx, person_id, other_id)


def mute(tx: Connection, person_id: int, other_id: int) -> dict[str, Any]:
    """Mute the other. Returns the relation. Raises as `_change` does."""
    _change(tx, person_id, other_id, "mute_id", wanted=True)
    return queries.relation(tx, person_id, other_id)


def unmute(tx: Connection, person_id: int, other_id: int) -> dict[str, Any]:
    """End the mute. Returns the relation. Raises as `_change` does."""
    _change(tx, person_id, other_id, "mute_id", wanted=False)
    return queries.relation(tx, person_id, other_id)


def _change(tx: Connection, person_id: int, other_id: int, kind: Kind, *, wanted: bool) -> None:
    """Begin or end a block or a mute, unless it is so already.

    Raises Invalid for the user themselves, and as `people.lock_pair` does. The other may be suspended, or block the
    user: neither can be found out in this way.
    """
    if person_id == other_id:
        raise Invalid("cannot_restrict_self", "Users can neither block nor mute themselves.")
    person, other = people.lock_pair(tx, person_id, other_id)
    this = (_restrictions.person_id == person_id) & (_restrictions.other_id == other_id)
    row = tx.execute(select(models.restrictions).where(this)).one_or_none()
    before: dict[str, int | None] = {"block_id": None, "mute_id": None} if row is None else _kinds(row)
    if (before[kind] is not None) == wanted:
        return
    after = {**before, kind: ids.new() if wanted else None}
    if row is None:
        tx.execute(insert(models.restrictions).values(person_id=person_id, other_id=other_id, **after))
    elif any(after.values()):
        tx.execute(update(models.restrictions).where(this).values(**after))
    else:
        tx.execute(delete(models.restrictions).where(this))
    version, table = person.restrictions_version + 1, models.people
    tx.execute(update(table).where(table.c.id == person_id).values(restrictions_version=version))
    blocking, muting = after["block_id"] is not None, after["mute_id"] is not None
    events.user_restricted(tx, person_id, other_id, version, blocking=blocking, muting=muting)
    if kind == "block_id" and wanted:
        follows.end(tx, person, other_id)
        follows.end(tx, other, person_id)


def _kinds(row: Any) -> dict[str, int | None]:
    return {"block_id": row.block_id, "mute_id": row.mute_id}
