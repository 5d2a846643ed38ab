"""Copies of social's follows: events arrive in any order, and the newest version counts.

Mutes and blocks hide the posts of followees from the feed. They do so when they are written, in `following` of the
edge, so that reading a feed costs nothing more. Whoever changes an edge locks its feed, and then reads the mutes and
blocks. Whoever changes these locks the feeds afterwards, and then reads the edges. So the last of them sees both.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from shared.database.statements import upsert
from shared.replication.projections import any_deleted

from ... import models
from . import rebuild, timelines

_follows, _restrictions = models.follows.c, models.restrictions.c


def note(tx: Connection, follower_id: int, followee_id: int, version: int, following: bool) -> None:
    """Store the edge unless a newer version is there, and change the follower's timeline accordingly."""
    # Edges of deleted accounts are no longer stored.
    if any_deleted(tx, models.people, (follower_id, followee_id)):
        return
    is_pushed = timelines.is_pushed(tx, followee_id)
    watermark = timelines.lock_for_update(tx, follower_id)
    known = _edge(tx, follower_id, followee_id)
    if known is not None and known.version >= version:
        return
    hidden = following and _is_hidden(tx, follower_id, followee_id)
    shown = following and not hidden
    values = {"version": version, "following": shown, "hidden_version": version if hidden else None}
    edge = {"follower_id": follower_id, "followee_id": followee_id, **values}
    upsert(tx, models.follows, edge, lambda new: {name: new[name] for name in values})
    if not shown:
        timelines.take_out(tx, follower_id, followee_id, watermark)
    elif is_pushed:
        timelines.fill(tx, follower_id, followee_id, watermark)


def show_or_hide(tx: Connection, person_id: int, other_id: int) -> None:
    """Show or hide what these two follow of each other, after a mute or block of the one has changed."""
    edges = [(person_id, other_id), (other_id, person_id)]
    # Locked in the same order as everywhere: authors by ascending id, then feeds by ascending id.
    is_pushed = {each: timelines.is_pushed(tx, each) for each in sorted((person_id, other_id))}
    watermarks = {each: timelines.lock_for_update(tx, each) for each in sorted((person_id, other_id))}
    for follower_id, followee_id in edges:
        edge = _edge(tx, follower_id, followee_id)
        if edge is None or not (edge.following or edge.hidden_version == edge.version):
            continue
        hidden = _is_hidden(tx, follower_id, followee_id)
        if hidden != edge.following:
            continue
        values = {"following": not hidden, "hidden_version": edge.version if hidden else None}
        tx.execute(update(models.follows).where(_this(follower_id, followee_id)).values(**values))
        if hidden:
            timelines.take_out(tx, follower_id, followee_id, watermarks[follower_id])
        elif is_pushed[followee_id]:
            timelines.fill(tx, follower_id, followee_id, watermarks[follower_id])


def _is_hidden(tx: Connection, follower_id: int, followee_id: int) -> bool:
    """Whether the follower mutes the followee, or one of the two blocks the other."""
    by_follower = and_(_restrictions.person_id == follower_id, _restrictions.other_id == followee_id)
    by_followee = and_(_restrictions.person_id == followee_id, _restrictions.other_id == follower_id)
    either = or_(
        and_(by_follower, or_(_restrictions.muting.is_(True), _restrictions.blocking.is_(True))),
        and_(by_followee, _restrictions.blocking.is_(True)),
    )
    return tx.execute(select(_restrictions.person_id).where(either)).first() is not None


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


def end_some(tx: Connection, after: int, chunk: int = 100) -> int | None:
    """Let the next users follow nobody, until social publishes their edges again as newer ones.

    For an older backup of social that was restored. Returns the last of the users, or None if there are no more.
    """
    users = select(_follows.follower_id).where(_follows.follower_id > after).distinct()
    user_ids = list(tx.execute(users.order_by(_follows.follower_id).limit(chunk)).scalars())
    these = _follows.follower_id.in_(user_ids)
    tx.execute(update(models.follows).where(these).values(following=False, hidden_version=None))
    rebuild.ask_for(tx, user_ids)
    return user_ids[-1] if len(user_ids) == chunk else None


def _edge(tx: Connection, follower_id: int, followee_id: int) -> Row[Any] | None:
    return tx.execute(select(models.follows).where(_this(follower_id, followee_id))).one_or_none()


def _this(follower_id: int, followee_id: int) -> ColumnElement[bool]:
    return and_(_follows.follower_id == follower_id, _follows.followee_id == followee_id)
