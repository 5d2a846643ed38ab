"""Saving a post for oneself, and no longer. Both are idempotent. Nothing is counted."""

from sqlalchemy import Connection, delete, select

from shared import ids
from shared.database.statements import insert_if_absent

from .. import models
from . import people, posts

_saves = models.saves.c


def save(tx: Connection, person_id: int, post_id: int) -> None:
    """Raises NotFound, also if one of the user and the post's author blocks the other.

    A post that is saved already keeps its position in the list.
    """
    people.lock_for_share(tx, person_id)
    posts.lock_for_share(tx, post_id, person_id)
    insert_if_absent(tx, models.saves, {"person_id": person_id, "post_id": post_id, "id": ids.new()})


def unsave(tx: Connection, person_id: int, post_id: int) -> None:
    """Raises NotFound. Whoever blocks whom, a post is no longer saved."""
    people.lock_for_share(tx, person_id)
    posts.lock_for_share(tx, post_id)
    tx.execute(delete(models.saves).where(_saves.person_id == person_id, _saves.post_id == post_id))


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some saved posts of a user whose account is deleted. Returns whether there may be more."""
    some = select(_saves.post_id).where(_saves.person_id == person_id).order_by(_saves.post_id).limit(chunk)
    post_ids = list(tx.execute(some).scalars())
    tx.execute(delete(models.saves).where(_saves.person_id == person_id, _saves.post_id.in_(post_ids)))
    return len(post_ids) == chunk


def remove_some_of(tx: Connection, post_id: int, chunk: int) -> bool:
    """Remove some users' saves of a deleted post. Returns whether there were any."""
    person_ids = list(tx.execute(select(_saves.person_id).where(_saves.post_id == post_id).limit(chunk)).scalars())
    tx.execute(delete(models.saves).where(_saves.post_id == post_id, _saves.person_id.in_(person_ids)))
    return bool(person_ids)
