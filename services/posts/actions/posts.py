"""Publishing, editing and deleting posts."""

from collections.abc import Sequence
from typing import Any, TypedDict

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from shared import clock, ids
from shared.database.queues import notify
from shared.errors import Forbidden

from .. import events, models
from ..queries.people import NOBODY
from ..queries.posts import for_viewer, post_not_found, with_authors
from ..text_entities import Entities, parse
from . import captions, people, photos, tags
from .feed import fanout, timelines

_posts = models.posts.c
# Built once: building takes longer than executing, and every like and comment executes it.
_HELD = (
    for_viewer(_posts.author_id).where(_posts.id == bindparam("post_id")).with_for_update(read=True, of=models.posts)
)


class Changes(TypedDict, total=False):
    """The fields of an edit; those that are absent stay."""

    caption: str | None
    media_ids: Sequence[int]


def publish(tx: Connection, author_id: int, media_ids: Sequence[int], caption: str | None) -> int:
    """Insert a post of these photos into the author's timeline, and queue its fan-out to followers. Returns its id.

    Its tags are counted last, because everyone who uses a popular tag waits for that.

    Raises Invalid for photos that cannot be used.
    """
    people.lock_for_share(tx, author_id)
    post_id, now = ids.new(), clock.now()
    media = photos.attach(tx, author_id, post_id, media_ids)
    found = parse(caption)
    row = {"id": post_id, "author_id": author_id, "caption": caption, "media": media, **captions.columns(found)}
    tx.execute(insert(models.posts).values(**row, created_at=now, updated_at=now))
    timelines.add(tx, author_id, [post_id])
    fanout.begin(tx, post_id, author_id)
    if found.tags or found.names:
        _write_caption(tx, post_id, author_id, found, now)
    return post_id


def edit(tx: Connection, person_id: int, post_id: int, changes: Changes) -> None:
    """Change the given fields; photos that are no longer shown are removed.

    Raises NotFound, Forbidden for another user's post, Invalid for photos that cannot be used.
    """
    post = _own(tx, person_id, post_id)
    if not changes:
        return
    values: dict[str, Any] = {"updated_at": max(clock.now(), post.updated_at + 1)}
    found = parse(changes["caption"]) if "caption" in changes else None
    if found is not None:
        values |= {"caption": changes["caption"], **captions.columns(found)}
    if "media_ids" in changes:
        values["media"] = photos.attach(tx, person_id, post_id, changes["media_ids"])
        photos.remove_others(tx, post_id, changes["media_ids"])
    tx.execute(update(models.posts).where(_posts.id == post_id).values(**values))
    if found is not None and (found.tags or found.names or post.tags or post.names):
        _write_caption(tx, post_id, person_id, found, values["updated_at"])


def delete_post(tx: Connection, person_id: int, post_id: int) -> None:
    """Delete the post at once; the cleanup of what belongs to it follows. Raises NotFound, Forbidden."""
    _own(tx, person_id, post_id)
    _remove(tx, person_id, [post_id])


def remove(tx: Connection, post_id: int) -> None:
    """The same for a moderator, whoever the author is. Does nothing if it is gone."""
    of_post = select(_posts.author_id).where(_posts.id == post_id).with_for_update()
    author_id = tx.execute(of_post).scalar_one_or_none()
    if author_id is not None:
        _remove(tx, author_id, [post_id])


def lock_for_share(tx: Connection, post_id: int, viewer: int = NOBODY) -> int:
    """Lock the post FOR SHARE: it is neither changed nor deleted before this transaction commits. Returns its author.

    Raises NotFound, also if one of its author and the viewer blocks the other. A block that comes at the same time may
    not be seen: then what this transaction does came before it.
    """
    author_id: int | None = tx.execute(_HELD, {"post_id": post_id, "viewer": viewer}).scalar_one_or_none()
    if author_id is None:
        raise post_not_found()
    return author_id


def remove_some_by(tx: Connection, author_id: int, chunk: int) -> bool:
    """Delete some posts of a user whose account is deleted. Returns whether there may be more."""
    some = select(_posts.id).where(_posts.author_id == author_id).order_by(_posts.id).limit(chunk)
    post_ids = list(tx.execute(some.with_for_update()).scalars())
    if post_ids:
        _remove(tx, author_id, post_ids)
    return len(post_ids) == chunk


def _own(tx: Connection, person_id: int, post_id: int) -> Row[Any]:
    people.lock_for_share(tx, person_id)
    statement = with_authors(*_posts).where(_posts.id == post_id).with_for_update(of=models.posts)
    post = tx.execute(statement).one_or_none()
    if post is None:
        raise post_not_found()
    if post.author_id != person_id:
        raise Forbidden("not_yours", "Only its author may change or delete a post.")
    return post


def _remove(tx: Connection, author_id: int, post_ids: list[int]) -> None:
    """Delete rows, photos and tags now: everything else is reached through the row, and `post_cleanup` removes it."""
    tx.execute(delete(models.posts).where(_posts.id.in_(post_ids)))
    fanout.stop(tx, post_ids)
    photos.remove_of(tx, post_ids)
    rest = [{"post_id": post_id, "author_id": author_id} for post_id in post_ids]
    tx.execute(insert(models.removals), rest)
    notify(tx, models.removals)
    tags.remove_of(tx, post_ids)
    for post_id in post_ids:
        events.post_deleted(tx, post_id, author_id)


def _write_caption(tx: Connection, post_id: int, author_id: int, found: Entities, version: int) -> None:
    mentioned = captions.write(tx, post_id, author_id, found)
    if mentioned:
        events.post_written(tx, post_id, author_id, mentioned, version)
