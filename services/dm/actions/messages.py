"""Sending messages: a text, a photo or a post. Its users never change or remove one."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, case, func, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, Invalid

from .. import events, models, queries
from . import message_settings, own_side, photos, rooms, search

MAX_UNANSWERED = 3
"""Messages that a user may send to somebody who has not accepted the conversation."""

_rooms, _members = models.rooms, models.members
_INSERT = insert(models.messages)
_NOTE_IN_ROOM = update(_rooms).where(_rooms.c.id == bindparam("of_room")).values(last_id=bindparam("newest"))
_NOTE_FOR_MEMBERS = (
    update(_members)
    .where(_members.c.room_id == bindparam("of_room"))
    .values(
        last_id=bindparam("newest"),
        unread_count=_members.c.unread_count + case((_members.c.user_id == bindparam("sender"), 0), else_=1),
        hidden=and_(_members.c.hidden, _members.c.requested),  # a declined request stays hidden
    )
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send: exactly one of text, photo and post, and the earlier message that it quotes."""

    text: str | None = None
    media_id: int | None = None
    post_id: int | None = None
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A new message, to whom, and whether the conversation is a request that they have not accepted."""

    message_id: int
    recipient_id: int
    in_request: bool


def send(tx: Connection, sender_id: int, room_id: int, draft: Draft, *, post_exists: bool = True) -> Sent:
    """Insert the message. `post_exists` was read from posts before this transaction.

    Raises as `rooms.enter` does, Invalid for what cannot be shown, and Conflict for one message too many to somebody
    who has not accepted the conversation. To write in a request of one's own accepts it.
    """
    both = rooms.enter(tx, sender_id, room_id)
    if draft.post_id is not None and not post_exists:
        raise Invalid.field("post_id", "unknown_post", "There is no such post.")
    # The lock on the room keeps ids in commit order, so that a client that reads newest first misses nothing.
    message_id = max(ids.new(), rooms.lock(tx, room_id) + 1)
    _answer_or_request(tx, sender_id, room_id, both)
    if draft.reply_to is not None and not queries.has_message(tx, room_id, draft.reply_to):
        raise Invalid.field("reply_to", "unknown_message", "There is no such message in this room.")
    if draft.media_id is not None:
        photos.take(tx, sender_id, room_id, draft.media_id)
    row = {"id": message_id, "room_id": room_id, "sender_id": sender_id, "created_at": clock.now()}
    tx.execute(_INSERT, row | asdict(draft))
    if draft.text is not None:
        search.index(tx, message_id, room_id, draft.text, (sender_id, both.peer_id))
    _note_activity(tx, sender_id, room_id, message_id)
    events.message_sent(tx, message_id, room_id, sender_id, both.peer_id)
    return Sent(message_id, both.peer_id, both.peer_requested)


def _answer_or_request(tx: Connection, sender_id: int, room_id: int, both: Row[Any]) -> None:
    """`both` was read before the lock, but an accepted conversation never becomes a request again."""
    if both.requested:
        own_side.accept_locked(tx, sender_id, room_id, both.peer_id)
    elif both.peer_requested and queries.membership(tx, room_id, sender_id).peer_requested:
        message_settings.check_request(tx, both.peer_id)
        messages = models.messages.c
        own = select(func.count()).where(messages.room_id == room_id, messages.sender_id == sender_id)
        sent = tx.execute(own).scalar_one()
        if sent >= MAX_UNANSWERED:
            raise Conflict("request_pending", "The other user has to accept the conversation before you write more.")
        if sent == 0:
            own_side.begin(tx, both.peer_id, room_id, sender_id)


def _note_activity(tx: Connection, sender_id: int, room_id: int, message_id: int) -> None:
    noted = {"of_room": room_id, "newest": message_id, "sender": sender_id}
    tx.execute(_NOTE_IN_ROOM, noted)
    tx.execute(_NOTE_FOR_MEMBERS, noted)
