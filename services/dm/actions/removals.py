"""Messages that a moderator removes: each keeps its place in the room, without its content."""

from sqlalchemy import Connection, delete, select, update

from shared.files import garbage

from .. import events, models, photo_queries, queries
from . import search

_messages, _media = models.messages.c, models.media.c


def remove(tx: Connection, message_id: int) -> None:
    """Delete the text, the photo with its files, or the reference to a post. Nobody can find it by a search any more.

    Again, or of an unknown message, nothing changes.
    """
    this = select(models.messages).where(_messages.id == message_id)
    message = tx.execute(this.with_for_update()).one_or_none()
    if message is None or message.removed:
        return
    nothing = {"text": "", "media_id": None, "post_id": None, "removed": True}
    tx.execute(update(models.messages).where(_messages.id == message_id).values(**nothing))
    peer_id = queries.peer_in(tx, message.room_id, message.sender_id)
    search.remove(tx, message_id, (message.sender_id, peer_id))
    if message.media_id is not None:
        _remove_photo(tx, message.media_id)
    events.message_removed(tx, message_id, message.room_id, message.sender_id, peer_id)


def _remove_photo(tx: Connection, media_id: int) -> None:
    photo = tx.execute(select(models.media).where(_media.id == media_id).with_for_update()).one()
    tx.execute(delete(models.media).where(_media.id == media_id))
    garbage.schedule_deletion(tx, models.disposal, photo_queries.file_names(photo))
