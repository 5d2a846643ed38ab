"""Who follows whom, as social publishes it: events arrive in any order, and the newest version counts."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select

from shared.database.statements import upsert

from ... import models
from . import timelines

_follows = models.follows.c


def note(tx: Connection, follower_id: int, followee_id: int, version: int, following: bool) -> None:
    """Store the edge unless a newer version is there, and change the follower's timeline accordingly."""
    # Edges of deleted accounts are no longer stored.
    people = models.people.c
    either = select(people.id).where(people.id.in_((follower_id, followee_id)), people.deleted.is_(True))
    if tx.execute(either).first() is not None:
        return
    is_pushed = timelines.is_pushed(tx, followee_id)
    watermark = timelines.lock_for_update(tx, follower_id)
    known = _edge(tx, follower_id, followee_id)
    if known is not None and known.version >= version:
        return
    edge = {"follower_id": follower_id, "followee_id": followee_id, "version": version, "following": following}
    upsert(tx, models.follows, edge, lambda new: {"version": new.version, "following": new.following})
    if not following:
        timelines.take_out(tx, follower_id, followee_id, watermark)
    elif is_pushed:
        timelines.fill(tx, follower_id, followee_id, watermark)


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some edges from a deleted account. Returns whether there may be more."""
    some = select(_follows.followee_id).where(_follows.follower_id == person_id).limit(chunk)
    others = list(tx.execute(some).scalars())
    if others:
        tx.execute(delete(models.follows).where(_follows.follower_id == person_id, _follows.followee_id.in_(others)))
    return len(others) == chunk


def remove_some_to(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some edges to a deleted account. Returns whether there may be more."""
    some = select(_follows.follower_id).where(_follows.followee_id == person_id).limit(chunk)
    others = list(tx.execute(some).scalars())
    if others:
        tx.execute(delete(models.follows).where(_follows.followee_id == person_id, _follows.follower_id.in_(others)))
    return len(others) == chunk


def _edge(tx: Connection, follower_id: int, followee_id: int) -> Row[Any] | None:
    this = (_follows.follower_id == follower_id) & (_follows.followee_id == followee_id)
    return tx.execute(select(_follows.version).where(this)).one_or_none()
