"""Causes: what users did that concerns others, as the events of other services tell it.

Each row has the version of the newest event about it, and stays when it is taken back. So events that come late, twice
or in another order leave the same causes. A cause keeps the position at which it was first heard of: whoever likes,
takes that back and likes again notifies once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, false, func, insert, or_, select, true, update

from shared import ids

from .. import events, models
from . import groups, people, preferences, pushes
from .groups import Key

MODERATION = "moderation"
LIVE_ACTORS = 20
"""Of a notification with more actors, only what makes it unread is published: a popular post costs no event a like."""
_causes, _restrictions = models.causes.c, models.restrictions.c
_people, _removals = models.people.c, models.removals.c


@dataclass(frozen=True, slots=True)
class Cause:
    """What one user did, or took back, and whom it concerns."""

    recipient_id: int
    kind: str
    subject_id: int
    actor_id: int
    version: int
    active: bool
    post_id: int | None = None
    """If the subject is a comment: its post."""
    removed: Mapping[str, Any] | None = None
    """If a moderator removed the subject: what is shown of it."""


def record(tx: Connection, causes: Iterable[Cause]) -> None:
    """Store these, of one actor and subject, unless newer versions are there. Nobody is notified of what they did
    themselves, and nothing is stored about deleted accounts, posts and comments.
    """
    told = [each for each in causes if each.recipient_id != each.actor_id]
    if not told:
        return
    known = people.lock(tx, {told[0].actor_id, *(each.recipient_id for each in told)})
    if known[told[0].actor_id].deleted or _is_removed(tx, told[0]):
        return
    for cause in told:
        if not known[cause.recipient_id].deleted:
            _record(tx, cause, known)


def record_removal(tx: Connection, author_id: int, subject_id: int, removed: Mapping[str, Any]) -> None:
    """Store that a moderator removed this content of the author. That it is deleted does not end this."""
    known = people.lock(tx, [author_id])
    if not known[author_id].deleted:
        # It is removed once, so every event about it has the same version.
        _record(tx, Cause(author_id, MODERATION, subject_id, models.NO_ACTOR, 1, True, removed=removed), known)


def _record(tx: Connection, cause: Cause, known: Mapping[int, Row[Any]]) -> None:
    key = Key(cause.recipient_id, cause.kind, cause.subject_id)
    this = key.within(models.causes) & (_causes.actor_id == cause.actor_id)
    before = tx.execute(select(models.causes).where(this)).one_or_none()
    if before is not None and before.version >= cause.version:
        return
    active = cause.active and (
        bool(before and before.active) or preferences.is_listed(tx, cause.recipient_id, cause.kind)
    )
    is_hidden = cause.actor_id != models.NO_ACTOR and not _visible(tx, cause.recipient_id, [cause.actor_id], known)
    shown = active and not is_hidden
    values = {"version": cause.version, "active": active, "shown": shown}
    recipient = known[cause.recipient_id]
    if before is None:
        cause_id = max(ids.new(), recipient.last_id + 1)
        named = {"recipient_id": key.recipient_id, "kind": key.kind, "subject_id": key.subject_id}
        row = {**named, "actor_id": cause.actor_id, "id": cause_id, "post_id": cause.post_id, **values}
        tx.execute(insert(models.causes).values(**row))
        tx.execute(update(models.people).where(_people.id == cause.recipient_id).values(last_id=cause_id))
    else:
        tx.execute(update(models.causes).where(this).values(**values))
    step = int(shown) - int(bool(before and before.shown))
    if step:
        _announce(tx, recipient, cause.kind, groups.change(tx, key, step, cause.post_id, cause.removed))


def _announce(tx: Connection, recipient: Row[Any], kind: str, changed: groups.Change | None) -> None:
    if changed is None or recipient.hidden:
        return
    is_newly_unread = (changed.after or 0) > recipient.read_id >= (changed.before or 0)
    if changed.actor_count <= LIVE_ACTORS or is_newly_unread:
        created = changed.before is None
        events.notification_changed(tx, changed.notification_id, recipient.id, created=created)
    if is_newly_unread and changed.after is not None:
        pushes.enqueue(tx, recipient.id, kind, changed.notification_id, changed.after)


def _is_removed(tx: Connection, cause: Cause) -> bool:
    subjects = [cause.subject_id] if cause.post_id is None else [cause.subject_id, cause.post_id]
    there = select(_removals.subject_id).where(_removals.subject_id.in_(subjects)).limit(1)
    return tx.execute(there).first() is not None


def _visible(tx: Connection, recipient_id: int, actor_ids: Collection[int], known: Mapping[int, Row[Any]]) -> set[int]:
    """Those of these actors whose causes this user is shown. All are locked."""
    present = {each for each in actor_ids if not known[each].deleted and not known[each].hidden}
    if not present:
        return present
    outward = select(_restrictions.other_id).where(
        _restrictions.person_id == recipient_id,
        _restrictions.other_id.in_(present),
        or_(_restrictions.blocking == true(), _restrictions.muting == true()),
    )
    inward = select(_restrictions.person_id).where(
        _restrictions.other_id == recipient_id,
        _restrictions.person_id.in_(present),
        _restrictions.blocking == true(),
    )
    return present.difference(tx.execute(outward).scalars(), tx.execute(inward).scalars())


def review(tx: Connection, found: Sequence[Row[Any]]) -> None:
    """Show or hide these causes, as suspensions, blocks and mutes are now."""
    known = people.lock(tx, {each for row in found for each in (row.recipient_id, row.actor_id)})
    for key, actor_ids in _by_notification(found).items():
        these = key.within(models.causes) & _causes.actor_id.in_(actor_ids)
        rows = tx.execute(select(models.causes).where(these)).all()
        visible = _visible(tx, key.recipient_id, actor_ids, known)
        step = 0
        for shown in (True, False):
            differing = [
                row.actor_id for row in rows if row.shown != shown and (row.active and row.actor_id in visible) == shown
            ]
            changed = key.within(models.causes) & _causes.actor_id.in_(differing)
            if differing:
                tx.execute(update(models.causes).where(changed).values(shown=shown))
            step += len(differing) if shown else -len(differing)
        if step:
            groups.change(tx, key, step, rows[0].post_id)


def remove(tx: Connection, found: Sequence[Row[Any]]) -> None:
    """Remove these causes, and take them out of their notifications."""
    if not found:
        return
    people.lock(tx, {row.recipient_id for row in found})
    for key, actor_ids in _by_notification(found).items():
        these = key.within(models.causes) & _causes.actor_id.in_(actor_ids)
        counted = select(func.count()).select_from(models.causes).where(these, _causes.shown == true())
        shown = tx.execute(counted).scalar_one()
        tx.execute(delete(models.causes).where(these))
        if shown:
            groups.change(tx, key, -shown, None)


def switch_some_by(tx: Connection, actor_id: int, after: int, chunk: int, hidden: bool) -> int | None:
    """Hide some causes of this user, whose account is suspended, or show them again (Switch)."""
    differing = _causes.shown == true() if hidden else and_(_causes.active == true(), _causes.shown == false())
    mine = select(models.causes).where(_causes.actor_id == actor_id, _causes.id > after, differing)
    found = tx.execute(mine.order_by(_causes.id).limit(chunk)).all()
    if not found:
        return None
    review(tx, found)
    return int(found[-1].id)


def remove_some_by(tx: Connection, actor_id: int, chunk: int) -> bool:
    """Remove some causes of a user whose account is deleted. Returns whether there may be more."""
    mine = select(models.causes).where(_causes.actor_id == actor_id).order_by(_causes.id).limit(chunk)
    found = tx.execute(mine).all()
    remove(tx, found)
    return len(found) == chunk


def remove_some_of(tx: Connection, recipient_id: int, chunk: int) -> bool:
    """Remove some causes that concern a user whose account is deleted. Returns whether there may be more."""
    mine = select(_causes.id).where(_causes.recipient_id == recipient_id).limit(chunk)
    found = list(tx.execute(mine).scalars())
    tx.execute(delete(models.causes).where(_causes.recipient_id == recipient_id, _causes.id.in_(found)))
    return len(found) == chunk


def _by_notification(found: Iterable[Row[Any]]) -> dict[Key, list[int]]:
    """The actors of these causes, by their notifications, in an order that all transactions have."""
    actors: dict[Key, list[int]] = {}
    for row in sorted(found, key=lambda each: (each.recipient_id, each.kind, each.subject_id)):
        actors.setdefault(Key.of(row), []).append(row.actor_id)
    return actors
