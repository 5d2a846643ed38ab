"""Who follows whom, as social tells it: in whatever order the facts arrive, the newest counts."""

from typing import Any

from sqlalchemy import Connection, case, delete, select

from shared.database import upsert

from .. import models

_follows = models.follows.c


def note(tx: Connection, follower_id: int, followee_id: int, version: int, following: bool) -> None:
    """One follows another or no longer does, in this version. Nothing about the withdrawn is noted any more."""
    people = models.people.c
    either = select(people.id).where(people.id.in_((follower_id, followee_id)), people.deleted.is_(True))
    if tx.execute(either).first() is not None:
        return
    edge = {"follower_id": follower_id, "followee_id": followee_id, "version": version, "following": following}
    upsert(tx, models.follows, edge, _if_newer)


def remove_some_by(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some edges from somebody who has withdrawn; whether there may be more."""
    some = select(_follows.followee_id).where(_follows.follower_id == person_id).limit(chunk)
    others = list(tx.execute(some).scalars())
    tx.execute(delete(models.follows).where(_follows.follower_id == person_id, _follows.followee_id.in_(others)))
    return len(others) == chunk


def remove_some_to(tx: Connection, person_id: int, chunk: int) -> bool:
    """Remove some edges to somebody who has withdrawn; whether there may be more."""
    some = select(_follows.follower_id).where(_follows.followee_id == person_id).limit(chunk)
    others = list(tx.execute(some).scalars())
    tx.execute(delete(models.follows).where(_follows.followee_id == person_id, _follows.follower_id.in_(others)))
    return len(others) == chunk


def _if_newer(new: Any) -> dict[str, Any]:
    newer = _follows.version < new.version
    # `version` last: MySQL reads columns that an earlier assignment of the statement has already changed.
    return {name: case((newer, new[name]), else_=_follows[name]) for name in ("following", "version")}
