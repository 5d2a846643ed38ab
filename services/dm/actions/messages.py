"""Sending messages: a text, a photo or a post. A message is never changed or removed."""

from dataclasses import dataclass

from sqlalchemy import Connection, case, insert, update

from shared import clock, ids
from shared.errors import Invalid

from .. import events, models, queries
from . import photos, rooms


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send: exactly one of text, photo and post, and the earlier message that it quotes."""

    text: str | None = None
    media_id: int | None = None
    post_id: int | None = None
    reply_to: int | None = None


def send(tx: Connection, sender_id: int, room_id: int, draft: Draft, *, post_exists: bool = True) -> int:
    """Insert the message. Returns its id. `post_exists` was read from posts before this transaction.

    Raises as `rooms.enter` does, and Invalid for what cannot be shown.
    """
    peer_id = rooms.enter(tx, sender_id, room_id)
    if draft.post_id is not None and not post_exists:
        raise Invalid.field("post_id", "unknown_post", "There is no such post.")
    # The lock on the room keeps ids in commit order, so that a client that reads newest first misses nothing.
    message_id = max(ids.new(), rooms.lock(tx, room_id) + 1)
    if draft.reply_to is not None and not queries.has_message(tx, room_id, draft.reply_to):
        raise Invalid.field("reply_to", "unknown_message", "There is no such message in this room.")
    if draft.media_id is not None:
        photos.take(tx, sender_id, room_id, draft.media_id)
    tx.execute(
        insert(models.messages).values(
            id=message_id,
            room_id=room_id,
            sender_id=sender_id,
            text=draft.text,
            media_id=draft.media_id,
            post_id=draft.post_id,
            reply_to=draft.reply_to,
            created_at=clock.now(),
        )
    )
    _note_activity(tx, sender_id, room_id, message_id)
    events.message_sent(tx, message_id, room_id, sender_id, peer_id)
    return message_id


def _note_activity(tx: Connection, sender_id: int, room_id: int, message_id: int) -> None:
    rooms_, members = models.rooms, models.members
    tx.execute(update(rooms_).where(rooms_.c.id == room_id).values(last_id=message_id))
    news = case((members.c.user_id == sender_id, 0), else_=1)
    tx.execute(
        update(members)
        .where(members.c.room_id == room_id)
        .values(last_id=message_id, unread_count=members.c.unread_count + news, hidden=False)
    )
