"""Photos for messages: uploaded, then sent once; deleted if they are not sent within a day."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, false, insert, select, update

from shared import clock, ids
from shared.errors import Invalid
from shared.files import garbage

from .. import models, photo_queries
from . import rooms

UNSENT_FOR_MS = clock.DAY
# Files are deleted this much later, so that a photo sent in its last minute still has its files.
FILE_MARGIN_MS = clock.HOUR
CHUNK_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class Photo:
    """An upload whose files are stored; `file` is the common part of their names."""

    file: str
    content_type: str
    width: int
    height: int
    blurhash: str
    alt: str | None
    camera_info: dict[str, Any] | None = None


def reserve(tx: Connection, uploader_id: int, room_id: int, names: list[str]) -> None:
    """Reserve the names of files before they are stored; unused, they are deleted. Raises as `rooms.enter` does."""
    rooms.enter(tx, uploader_id, room_id)
    due_at = clock.now() + UNSENT_FOR_MS + FILE_MARGIN_MS
    garbage.schedule_deletion(tx, models.disposal, names, due_at=due_at)


def keep(tx: Connection, uploader_id: int, room_id: int, photo: Photo) -> int:
    """Insert the upload after its files are stored. Returns its id. Raises as `rooms.enter` does."""
    rooms.enter(tx, uploader_id, room_id)
    media_id = ids.new()
    row = {"id": media_id, "room_id": room_id, "uploader_id": uploader_id, "created_at": clock.now(), "sent": False}
    tx.execute(insert(models.media).values(row | asdict(photo) | {"has_variants": True}))
    return media_id


def take(tx: Connection, sender_id: int, room_id: int, media_id: int) -> None:
    """Use a photo in a message.

    Raises Invalid unless the sender uploaded it to this room, within a day, and it is unused.
    """
    media = models.media.c
    mine = (media.uploader_id == sender_id) & (media.room_id == room_id) & (media.id == media_id)
    usable = mine & media.sent.is_(False) & (media.created_at > clock.now() - UNSENT_FOR_MS)
    if tx.execute(update(models.media).where(usable).values(sent=True)).rowcount == 0:
        raise Invalid.field("media_id", "unknown_media", "There is no such unused photo of yours in this room.")
    row = tx.execute(select(models.media).where(media.id == media_id)).one()
    garbage.keep(tx, models.disposal, photo_queries.file_names(row))


def delete_unsent(tx: Connection) -> bool:
    """Delete some uploads that were not sent within a day; their files are scheduled already.

    Returns whether there may be more.
    """
    media = models.media.c
    return len(_remove(tx, media.created_at <= clock.now() - UNSENT_FOR_MS, CHUNK_SIZE)) == CHUNK_SIZE


def remove_unsent_of(tx: Connection, user_id: int, limit: int) -> bool:
    """Delete some uploads that this user never sent, and their files. Returns whether there may be more."""
    rows = _remove(tx, models.media.c.uploader_id == user_id, limit)
    garbage.schedule_deletion(tx, models.disposal, [name for row in rows for name in photo_queries.file_names(row)])
    return len(rows) == limit


def _remove(tx: Connection, which: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
    """Delete some of these that are unsent. Returns what they were."""
    media = models.media.c
    still_unsent = media.sent == false()  # MySQL uses no index for `IS false`
    unsent = select(models.media).where(which, still_unsent).limit(limit)
    rows = tx.execute(unsent.with_for_update()).all()
    tx.execute(delete(models.media).where(media.id.in_([row.id for row in rows])))
    return rows
