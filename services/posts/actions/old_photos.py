"""Gives photos new files: all sizes and formats if they are from before there were variants, and what is missing.

Each can be repeated.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from shared import clock
from shared.files import garbage

from .. import models
from ..queries.photos import display_and_thumbnail, file_names
from .photos import FILE_MARGIN_MS, UNUSED_FOR_MS, show_again

BATCH_SIZE = 100
_media, _posts = models.media.c, models.posts.c


def next_without_variants(connection: Connection, after: int) -> Sequence[Row[Any]]:
    """Some photos without variants, of those whose ids are above `after`."""
    without = select(models.media).where(_media.id > after, _media.variants.is_(None))
    return connection.execute(without.order_by(_media.id).limit(BATCH_SIZE)).all()


def reserve(tx: Connection, names: Sequence[str]) -> None:
    """Before the new files are stored: they are deleted later unless `replace` keeps them."""
    garbage.schedule_deletion(tx, models.disposal, names, due_at=clock.now() + UNUSED_FOR_MS + FILE_MARGIN_MS)


def replace(tx: Connection, photo: Row[Any], base: str, size: tuple[int, int]) -> bool:
    """Show the new files, whose names begin with `base`, in place of the old ones, which are deleted after a day.

    `size` is that of the largest, in pixels. Returns False if the photo is gone or has other files by now.
    """
    if photo.post_id is not None:  # in the order of an edit: first the post, then its photos
        tx.execute(select(_posts.id).where(_posts.id == photo.post_id).with_for_update())
    this = select(models.media).where(_media.id == photo.id)
    old = tx.execute(this.with_for_update()).one_or_none()
    if old is None or old.variants != photo.variants or old.post_id != photo.post_id:
        return False
    width, height = size
    display, thumbnail = display_and_thumbnail(base, width, height)
    changed = {"variants": base, "display": display, "thumbnail": thumbnail, "width": width, "height": height}
    tx.execute(update(models.media).where(_media.id == photo.id).values(**changed, missing=None))
    garbage.schedule_deletion(tx, models.disposal, file_names(old), due_at=clock.now() + clock.DAY)
    if old.post_id is not None:
        new = tx.execute(this).one()
        garbage.keep(tx, models.disposal, file_names(new))
        show_again(tx, new, is_edit=False)
    return True


def by_id(connection: Connection, media_id: int) -> Row[Any] | None:
    """The photo; None if it is gone."""
    return connection.execute(select(models.media).where(_media.id == media_id)).one_or_none()


def mark(tx: Connection, media_id: int, *, missing: bool) -> None:
    """Tell clients that all files of a photo are lost, or that they are there again."""
    photo = by_id(tx, media_id)
    if photo is not None and photo.post_id is not None:  # in the order of an edit: first the post, then its photos
        tx.execute(select(_posts.id).where(_posts.id == photo.post_id).with_for_update())
    tx.execute(update(models.media).where(_media.id == media_id).values(missing=missing or None))
    photo = by_id(tx, media_id)
    if photo is not None and photo.post_id is not None:
        show_again(tx, photo, is_edit=False)


def next_missing(connection: Connection, after: int) -> Sequence[int]:
    """Some ids of photos that are marked as missing, of those above `after`, in their order."""
    marked = select(_media.id).where(_media.id > after, _media.missing.is_(True))
    return connection.execute(marked.order_by(_media.id).limit(BATCH_SIZE)).scalars().all()
