"""Uploaded photos: deleted after a day, or part of a post for as long as it shows them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from shared import clock, ids
from shared.errors import Invalid
from shared.files import garbage

from .. import models
from ..queries.photos import media_json
from . import people

_media = models.media.c
UNUSED_FOR = clock.DAY
# Files are deleted so much later than their upload can last be used: the worker never meets somebody who uses it.
MARGIN = clock.HOUR
# How long a photo that an edit removed from its post is still served.
REPLACED_KEPT = 5 * clock.MINUTE


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload: the names of its two files, and their properties."""

    display: str
    thumbnail: str
    width: int
    height: int
    blurhash: str
    alt: str | None
    content_type: str


def reserve(tx: Connection, owner_id: int, names: Iterable[str]) -> None:
    """Reserve names of files that are about to be stored: they are deleted later unless a post keeps them."""
    people.lock_for_share(tx, owner_id)
    garbage.schedule_deletion(tx, models.disposal, names, due_at=clock.now() + UNUSED_FOR + MARGIN)


def keep(tx: Connection, owner_id: int, upload: Upload) -> int:
    """Insert the upload after its files are stored: from now on a post can use it. Returns its id."""
    people.lock_for_share(tx, owner_id)
    media_id, now = ids.new(), clock.now()
    row = {"id": media_id, "owner_id": owner_id, "created_at": now, **asdict(upload)}
    tx.execute(insert(models.media).values(**row))
    return media_id


def attach(tx: Connection, owner_id: int, post_id: int, media_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Attach these photos to the post, in this order. Returns them as JSON. Some of them may be attached already.

    Raises Invalid for what is unknown or another user's, and for what another post shows.
    """
    statement = select(models.media).where(_media.id.in_(media_ids)).order_by(_media.id).with_for_update()
    rows = {row.id: row for row in tx.execute(statement)}
    shown = [_usable(rows.get(media_id), owner_id, post_id) for media_id in media_ids]
    fresh = [row for row in shown if row.post_id is None]
    garbage.keep(tx, models.disposal, _names(fresh))
    tx.execute(update(models.media).where(_media.id.in_([row.id for row in fresh])).values(post_id=post_id))
    return [media_json(row) for row in shown]


def remove_others(tx: Connection, post_id: int, media_ids: Collection[int]) -> None:
    """Remove the other photos of the post. Their files stay for a while, for pages that were loaded before."""
    replaced = (_media.post_id == post_id, _media.id.not_in(media_ids))
    _remove(tx, *replaced, due_at=clock.now() + REPLACED_KEPT, post_id=post_id)


def remove_of(tx: Connection, post_ids: Collection[int]) -> None:
    """Remove the photos of deleted posts."""
    _remove(tx, _media.post_id.in_(post_ids))
    garbage.schedule_now(tx, models.disposal, models.disposal.c.post_id.in_(post_ids))


def remove_some_by(tx: Connection, owner_id: int, chunk: int) -> bool:
    """Remove some unused uploads of a user whose account is deleted. Returns whether there may be more."""
    some = select(_media.id).where(_media.owner_id == owner_id, _media.post_id.is_(None))
    media_ids = list(tx.execute(some.order_by(_media.id).limit(chunk)).scalars())
    if media_ids:
        _remove(tx, _media.id.in_(media_ids))
    return len(media_ids) == chunk


def forget_unused(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some uploads that no post used within a day; their files are due anyway.

    Returns whether there may be more.
    """
    unused = _media.post_id.is_(None)
    old = select(_media.id).where(unused, _media.created_at < clock.now() - UNUSED_FOR).limit(limit)
    media_ids = list(tx.execute(old).scalars())
    tx.execute(delete(models.media).where(_media.id.in_(media_ids), unused))
    return len(media_ids) == limit


def _usable(row: Row[Any] | None, owner_id: int, post_id: int) -> Row[Any]:
    if row is None or row.owner_id != owner_id:
        raise _unknown()
    if row.post_id is None and row.created_at < clock.now() - UNUSED_FOR:
        raise _unknown()
    if row.post_id not in (None, post_id):
        detail = "Another post shows this photo."
        raise Invalid.field("media_ids", "media_already_used", detail)
    return row


def _unknown() -> Invalid:
    return Invalid.field("media_ids", "unknown_media", "There is no such photo of yours.")


def _remove(tx: Connection, *which: ColumnElement[bool], due_at: int | None = None, post_id: int | None = None) -> None:
    rows = tx.execute(select(models.media).where(*which).order_by(_media.id).with_for_update()).all()
    garbage.schedule_deletion(tx, models.disposal, _names(rows), due_at=due_at, columns={"post_id": post_id})
    tx.execute(delete(models.media).where(_media.id.in_([row.id for row in rows])))


def _names(rows: Iterable[Row[Any]]) -> list[str]:
    return [name for row in rows for name in (row.display, row.thumbnail)]
