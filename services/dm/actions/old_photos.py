"""Gives photos new files: all sizes and formats if they are from before there were variants, and what is missing.

Each can be repeated.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from shared import clock
from shared.files import garbage
from shared.images.variants import Variant, former_variants, variants_of

from .. import models, photo_queries
from .photos import FILE_MARGIN_MS, UNSENT_FOR_MS

BATCH_SIZE = 100
_media = models.media.c


def next_without_variants(connection: Connection, after: int) -> Sequence[Row[Any]]:
    """Some sent photos without variants, of those whose ids are above `after`."""
    without = select(models.media).where(_media.id > after, _media.sent, _media.has_variants.is_not(True))
    return connection.execute(without.order_by(_media.id).limit(BATCH_SIZE)).all()


def reserve(tx: Connection, photo: Row[Any], names: Sequence[str]) -> None:
    """Before the new files are stored: they are deleted later unless `add_variants` keeps them."""
    new = set(names).difference(photo_queries.file_names(photo))  # the thumbnail has been there before, and is in use
    garbage.schedule_deletion(tx, models.disposal, new, due_at=clock.now() + UNSENT_FOR_MS + FILE_MARGIN_MS)


def add_variants(tx: Connection, media_id: int) -> bool:
    """Show the new files beside the display file, which stays.

    Returns False if it has variants already, or is gone: a moderator has removed its message.
    """
    this = select(models.media).where(_media.id == media_id)
    old = tx.execute(this.with_for_update()).one_or_none()
    if old is None or old.has_variants:
        return False
    tx.execute(update(models.media).where(_media.id == media_id).values(has_variants=True))
    garbage.schedule_deletion(tx, models.disposal, photo_queries.file_names(old), due_at=clock.now() + clock.DAY)
    garbage.keep(tx, models.disposal, photo_queries.file_names(tx.execute(this).one()))
    return True


def by_id(connection: Connection, media_id: int) -> Row[Any] | None:
    """The photo; None if it is gone."""
    return connection.execute(select(models.media).where(_media.id == media_id)).one_or_none()


def stored_variants(photo: Row[Any]) -> dict[Variant, str]:
    """The names of all files of a photo, by what they are."""
    variants = variants_of if photo.has_variants else former_variants
    return {each: photo_queries.stored(photo.file, each.name) for each in variants(photo.width, photo.height)}


def reserve_again(tx: Connection, names: Sequence[str]) -> None:
    """Before new files are stored: they are deleted later unless `replace` keeps them."""
    garbage.schedule_deletion(tx, models.disposal, names, due_at=clock.now() + UNSENT_FOR_MS + FILE_MARGIN_MS)


def replace(tx: Connection, photo: Row[Any], base: str, size: tuple[int, int]) -> None:
    """Show the new files, whose names begin with `base`, in place of the old ones, which are deleted after a day.

    `size` is that of the largest, in pixels. Does nothing if the photo is gone or has other files by now.
    """
    this = select(models.media).where(_media.id == photo.id)
    old = tx.execute(this.with_for_update()).one_or_none()
    if old is None or (old.file, old.has_variants, old.sent) != (photo.file, photo.has_variants, photo.sent):
        return
    width, height = size
    changed = {"file": base, "has_variants": True, "width": width, "height": height, "missing": None}
    tx.execute(update(models.media).where(_media.id == photo.id).values(**changed))
    garbage.schedule_deletion(tx, models.disposal, photo_queries.file_names(old), due_at=clock.now() + clock.DAY)
    if old.sent:
        garbage.keep(tx, models.disposal, photo_queries.file_names(tx.execute(this).one()))


def mark(tx: Connection, media_id: int, *, missing: bool) -> None:
    """Tell clients that all files of a photo are lost, or that they are there again."""
    tx.execute(update(models.media).where(_media.id == media_id).values(missing=missing or None))


def next_missing(connection: Connection, after: int) -> Sequence[int]:
    """Some ids of photos that are marked as missing, of those above `after`, in their order."""
    marked = select(_media.id).where(_media.id > after, _media.missing.is_(True))
    return connection.execute(marked.order_by(_media.id).limit(BATCH_SIZE)).scalars().all()
