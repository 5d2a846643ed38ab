"""Uploaded photos: deleted after a day, or part of a post for as long as it shows them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from shared.files import garbage

from .. import models
from ..queries.photos import file_names, stored_json
from . import people

_media, _posts = models.media.c, models.posts.c
UNUSED_FOR_MS = clock.DAY
# Files are deleted this long after their upload can last be used, so the worker never deletes one in use.
FILE_MARGIN_MS = clock.HOUR
# How long a photo that an edit removed from its post is still served.
REPLACED_RETENTION_MS = 5 * clock.MINUTE


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload: the names of its files, and their properties. All have `variants` in common."""

    variants: str
    display: str
    thumbnail: str
    width: int
    height: int
    blurhash: str
    alt: str | None
    content_type: str
    camera_info: dict[str, Any] | None = None
    stored_bytes: int = 0


def reserve(tx: Connection, owner_id: int, names: Iterable[str]) -> None:
    """Schedule the deletion of files that are about to be stored; a post that uses them keeps them."""
    people.lock_for_share(tx, owner_id)
    garbage.schedule_deletion(tx, models.disposal, names, due_at=clock.now() + UNUSED_FOR_MS + FILE_MARGIN_MS)


def keep(tx: Connection, owner_id: int, upload: Upload, quota_bytes: int = 0) -> int:
    """Insert the upload after its files are stored: from now on a post can use it. Returns its id.

    Raises Conflict if the photos of the owner then take more than the quota, unless that is 0.
    """
    if quota_bytes:
        people.lock_for_update(tx, owner_id)  # of two uploads, the second counts the first
        used = select(func.coalesce(func.sum(_media.stored_bytes), 0)).where(_media.owner_id == owner_id)
        if tx.execute(used).scalar_one() + upload.stored_bytes > quota_bytes:
            raise Conflict("storage_full", "There is no room for this photo. Delete others first.")
    else:
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
    _require_usable([rows.get(media_id) for media_id in media_ids], owner_id, post_id)
    shown = [rows[media_id] for media_id in media_ids]
    fresh = [row for row in shown if row.post_id is None]
    garbage.keep(tx, models.disposal, _names(fresh))
    tx.execute(update(models.media).where(_media.id.in_([row.id for row in fresh])).values(post_id=post_id))
    return [stored_json(row) for row in shown]


def describe(tx: Connection, owner_id: int, media_id: int, alt: str | None) -> None:
    """Change the alternative text, also in the post that shows the photo. Raises NotFound, Forbidden."""
    people.lock_for_share(tx, owner_id)
    before = require_own(tx, owner_id, media_id)
    if before.post_id is not None:  # in the order of an edit: first the post, then its photos
        tx.execute(select(_posts.id).where(_posts.id == before.post_id).with_for_update())
    tx.execute(update(models.media).where(_media.id == media_id).values(alt=alt))
    photo = require_own(tx, owner_id, media_id)
    if photo.post_id is not None:
        show_again(tx, photo, is_edit=True)


def require_own(tx: Connection, owner_id: int, media_id: int) -> Row[Any]:
    """The user's photo. Raises NotFound, also for another user's that no post shows; Forbidden for one in a post."""
    row = tx.execute(select(models.media).where(_media.id == media_id)).one_or_none()
    is_expired = row is not None and row.post_id is None and row.created_at < clock.now() - UNUSED_FOR_MS
    if row is None or is_expired or (row.owner_id != owner_id and row.post_id is None):
        raise NotFound("not_found", "There is no such photo.")
    if row.owner_id != owner_id:
        raise Forbidden("not_yours", "Only its owner may change a photo.")
    return row


def show_again(tx: Connection, photo: Row[Any], *, is_edit: bool) -> None:
    """Write the photo as it is now into the post that shows it. An edit moves `updated_at`."""
    this = _posts.id == photo.post_id
    post = tx.execute(select(_posts.media, _posts.updated_at).where(this).with_for_update()).one_or_none()
    if post is None:
        return
    new = stored_json(photo)
    values: dict[str, Any] = {"media": [new if each["id"] == new["id"] else each for each in post.media]}
    if is_edit:
        values["updated_at"] = max(clock.now(), post.updated_at + 1)
    tx.execute(update(models.posts).where(this).values(**values))


def remove_others(tx: Connection, post_id: int, media_ids: Collection[int]) -> None:
    """Remove the other photos of the post. Their files stay for a while, for pages that were loaded before."""
    replaced = (_media.post_id == post_id, _media.id.not_in(media_ids))
    _remove(tx, *replaced, due_at=clock.now() + REPLACED_RETENTION_MS, post_id=post_id)


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


def delete_unused(tx: Connection, limit: int = 1_000) -> bool:
    """Delete some uploads that no post used within a day; their files are scheduled already.

    Returns whether there may be more.
    """
    unused = _media.post_id.is_(None)
    old = select(_media.id).where(unused, _media.created_at < clock.now() - UNUSED_FOR_MS).limit(limit)
    media_ids = list(tx.execute(old).scalars())
    tx.execute(delete(models.media).where(_media.id.in_(media_ids), unused))
    return len(media_ids) == limit


def _require_usable(rows: Sequence[Row[Any] | None], owner_id: int, post_id: int) -> None:
    """Raises Invalid, which points at each photo that cannot be used."""
    found = [_unusable(index, row, owner_id, post_id) for index, row in enumerate(rows)]
    errors = tuple(error for error in found if error is not None)
    if errors:
        raise Invalid(errors[0].code, errors[0].detail, field_errors=errors)


def _unusable(index: int, row: Row[Any] | None, owner_id: int, post_id: int) -> FieldError | None:
    is_expired = row is not None and row.post_id is None and row.created_at < clock.now() - UNUSED_FOR_MS
    if row is None or row.owner_id != owner_id or is_expired:
        return FieldError.at("media_ids", index, code="unknown_media", detail="There is no such photo of yours.")
    if row.post_id not in (None, post_id):
        return FieldError.at("media_ids", index, code="media_already_used", detail="Another post shows this photo.")
    return None


def _remove(tx: Connection, *which: ColumnElement[bool], due_at: int | None = None, post_id: int | None = None) -> None:
    rows = tx.execute(select(models.media).where(*which).order_by(_media.id).with_for_update()).all()
    garbage.schedule_deletion(tx, models.disposal, _names(rows), due_at=due_at, columns={"post_id": post_id})
    tx.execute(delete(models.media).where(_media.id.in_([row.id for row in rows])))


def _names(rows: Iterable[Row[Any]]) -> list[str]:
    return [name for row in rows for name in file_names(row)]
